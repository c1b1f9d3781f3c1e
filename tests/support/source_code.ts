/** The code of `src`, for tests of what stands in it and where. */

const SRC = new URL("../../src/", import.meta.url);

/** Code without its comments, by path below `src/`. */
async function sources(folder: URL = SRC): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { isDirectory, name } of Deno.readDir(folder)) {
    const at = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) { for (const one of await sources(at)) found.set(...one); }
    else if (name.endsWith(".ts")) {
      const lines = (await Deno.readTextFile(at)).split("\n");
      const code = lines.filter((line) => !/^\s*(\/\/|\/?\*)/.test(line)).join("\n");
      found.set(at.pathname.slice(SRC.pathname.length), code);
    }
  }
  return found;
}

/** Code without its comments, by path below `src/`. */
export const SOURCES: ReadonlyMap<string, string> = await sources();

/** Files whose code has something. */
export function filesWith(pattern: RegExp, below = ""): string[] {
  return [...SOURCES].filter(([path, code]) => path.startsWith(below) && pattern.test(code))
    .map(([path]) => path).sort();
}
