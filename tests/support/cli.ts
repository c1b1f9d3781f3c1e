import { main } from "../../src/cli/mod.ts";

/** How a command ended, and what it printed. */
export interface CommandResult {
  readonly code: number;
  /** Standard output, line by line as printed. */
  readonly out: readonly string[];
  /** Standard error. */
  readonly notes: readonly string[];
}

/** Runs `meshwright ARGS` in this process. */
export async function meshwright(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const out: string[] = [];
  const notes: string[] = [];
  const code = await main(args, {
    signal: new AbortController().signal,
    output: { out: (line) => out.push(line), note: (line) => notes.push(line) },
    env,
  });
  return { code, out, notes };
}

/** A temporary folder with files, removed at the end of the scope. */
export async function folderWith(
  files: Readonly<Record<string, string>>,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir();
  for (const [name, text] of Object.entries(files)) {
    const folder = `${path}/${name}`.replace(/\/[^/]*$/, "");
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${path}/${name}`, text);
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
