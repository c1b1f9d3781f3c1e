import { packageText } from "./locked_packages.ts";

/** A package that is in the binaries, with what it says of its licence. */
export interface ShippedPackage {
  readonly name: string;
  readonly version: string;
  /** What its package.json declares; absent where it declares nothing. */
  readonly licence: string | undefined;
  /** The licence's text, as the package brings it; absent where it brings none. */
  readonly text: string | undefined;
}

const HEAD = `# Licences

Of Deno, and of every package that the program imports or that one of those needs: the binaries hold
nothing else of others, and of some packages nothing at all.`;
const LICENCE_FILE = /^(?:un)?licen[cs]e/i;

/**
 * The npm packages that modules import, and all that those need, sorted, from the folders that Deno unpacked them to. No
 * package of the binaries is missing; some are only types, or lose all their code when it is bundled.
 *
 * @throws {Error} where Deno does not tell what a module imports
 */
export async function shippedPackages(entries: readonly URL[]): Promise<ShippedPackage[]> {
  const found = new Map<string, ShippedPackage>();
  for (const entry of entries) {
    for (const one of neededPackages(await graphOf(entry))) {
      found.set(packageText(one), await shipped(one));
    }
  }
  return [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([_, one]) => one);
}

/** What `deno info --json` tells of a module: `npmPackages` is all of deno.lock, whoever imports it. */
interface ModuleGraph {
  readonly modules: readonly { readonly kind?: string; readonly npmPackage?: string }[];
  readonly npmPackages?: Readonly<Record<string, Unpacked>>;
}

interface Unpacked {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
  readonly localPath: string;
}

async function graphOf(entry: URL): Promise<ModuleGraph> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--frozen", entry.href],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(`Cannot list packages: ${decoder.decode(stderr).trim()}`);
  return JSON.parse(decoder.decode(stdout)) as ModuleGraph;
}

function neededPackages({ modules, npmPackages = {} }: ModuleGraph): Unpacked[] {
  const reached = new Map<string, Unpacked>();
  const waiting = modules.flatMap(({ kind, npmPackage }) =>
    kind === "npm" && npmPackage !== undefined ? [npmPackage] : []
  );
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    if (reached.has(key)) continue;
    const one = npmPackages[key];
    if (one === undefined) throw new Error(`Cannot list packages: Deno does not tell of ${key}`);
    reached.set(key, one);
    waiting.push(...one.dependencies);
  }
  return [...reached.values()];
}

async function shipped({ name, version, localPath }: Unpacked): Promise<ShippedPackage> {
  const manifest = JSON.parse(await Deno.readTextFile(`${localPath}/package.json`)) as {
    readonly license?: unknown;
  };
  const texts: string[] = [];
  for await (const entry of Deno.readDir(localPath)) {
    if (entry.isFile && LICENCE_FILE.test(entry.name)) texts.push(entry.name);
  }
  const files = texts.sort().map((file) => Deno.readTextFile(`${localPath}/${file}`));
  const text = (await Promise.all(files)).map((part) => part.trim()).join("\n\n");
  return {
    name,
    version,
    licence: typeof manifest.license === "string" ? manifest.license : undefined,
    text: text === "" ? undefined : text,
  };
}

/** One text with the licences of all that is in the binaries. */
export function licencesText(packages: readonly ShippedPackage[], denoVersion: string): string {
  const parts = packages.map((one) =>
    `## ${packageText(one)}\n\nDeclared licence: ${one.licence ?? "none"}\n\n` +
    (one.text ?? "The package brings no text of its licence.")
  );
  const deno = `## deno ${denoVersion}\n\nDeclared licence: MIT\n\n` +
    "The binaries hold Deno; its licence and those of its parts are at https://deno.com.";
  return [HEAD, deno, ...parts].join("\n\n") + "\n";
}
