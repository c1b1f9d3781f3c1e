/** The files of a repository and how its modules hang together: what the tidy test looks at. */
export interface Repository {
  /** Text by path from the top, sorted by path. */
  readonly files: ReadonlyMap<string, string>;
  /** The modules that each module imports, as paths; those that are not there included. */
  readonly imports: ReadonlyMap<string, readonly string[]>;
}

/** A module that nothing imports and that is still used: programs, tests, lint plugins. */
export function isRoot(path: string): boolean {
  return path === "main.ts" || path === "src/console/page/page.tsx" ||
    /^scripts\/[^/]+\.ts$/.test(path) ||
    /^tests\/.*_(test|bench)\.ts$/.test(path);
}

/** Reads the repository that this file belongs to: what Git tracks, and what it would if it were added. */
export async function readRepository(): Promise<Repository> {
  const top = new URL("../../", import.meta.url);
  const listed = await output("git", ["ls-files", "-z", "-co", "--exclude-standard"], top);
  const paths = listed.split("\0").filter((path) => path !== "").sort();
  const read = await Promise.all(
    paths.map(async (path) => [path, await textOf(path, top)] as const),
  );
  // A file that is tracked and gone is one that somebody is about to remove.
  const files = new Map(read.filter((entry): entry is [string, string] => entry[1] !== undefined));
  return { files, imports: await importsBelow([...files.keys()].filter(isRoot), top) };
}

/** The module graph, as Deno itself sees it, from one invented module that imports all roots. */
async function importsBelow(
  roots: readonly string[],
  top: URL,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const source = roots.map((path) => `import ${JSON.stringify(new URL(path, top).href)};`).join("");
  const entry = `data:application/typescript,${encodeURIComponent(source)}`;
  const text = await output(Deno.execPath(), ["info", "--json", "--no-lock", entry], top);
  const graph: { readonly modules: readonly GraphModule[] } = JSON.parse(text);
  return new Map(
    graph.modules.filter(({ specifier }) => specifier.startsWith(top.href)).map((module) => [
      module.specifier.slice(top.href.length),
      (module.dependencies ?? []).flatMap(({ code, type }) => [code, type])
        .map((target) => target?.specifier ?? "")
        .filter((specifier) => specifier.startsWith(top.href))
        .map((specifier) => specifier.slice(top.href.length)),
    ]),
  );
}

interface GraphModule {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly code?: { readonly specifier?: string };
    readonly type?: { readonly specifier?: string };
  }[];
}

async function output(program: string, args: readonly string[], cwd: URL): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd })
    .output();
  if (!success) {
    throw new Error(`Cannot run ${program} ${args[0]}: ${new TextDecoder().decode(stderr)}`);
  }
  return new TextDecoder().decode(stdout);
}

async function textOf(path: string, top: URL): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(new URL(encodeURI(path), top));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
