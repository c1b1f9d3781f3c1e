/** Looks for texts where they must not be. */

/** The files below a folder that hold one of the texts, whatever their kind. */
export async function filesHolding(
  folder: string,
  texts: readonly string[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await filesHolding(path, texts));
    else if (entry.isFile) {
      const content = new TextDecoder("latin1").decode(await Deno.readFile(path));
      if (texts.some((text) => content.includes(text))) found.push(path);
    }
  }
  return found;
}
