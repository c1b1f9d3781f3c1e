import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Build } from "../../src/build.ts";
import { consolePageFolder, PAGE_ENTRY, PAGE_FILES } from "../console_page.ts";
import { progressOnStderr } from "../control_plane/progress.ts";
import { runProgram } from "./program.ts";

const TOP = new URL("../../", import.meta.url);

/** The modules that run in threads of their own, and for each the name and the module that say where it is. */
const WORKERS = [
  {
    name: "READING_WORKER",
    module: "src/manifests/reading_worker.ts",
    url: "src/manifests/worker_url.ts",
  },
  {
    name: "PROGRAMS_WORKER",
    module: "src/git/programs_worker.ts",
    url: "src/git/worker_url.ts",
  },
] as const;
/** The module that answers the page of the console. */
const CONSOLE_PAGE = "src/console_page.ts";

/** What a binary is made of: these modules and all that they import. */
export const PROGRAM_ENTRIES: readonly URL[] = [
  "main.ts",
  ...WORKERS.map(({ module }) => module),
].map((path) => new URL(path, TOP));

/** All that a binary brings to somebody: the program, and the page that it shows. */
export const SHIPPED_ENTRIES: readonly URL[] = [...PROGRAM_ENTRIES, PAGE_ENTRY];

/** CommonJS packages in the bundle look for the runtime's own modules by this function. */
const REQUIRE =
  'import { createRequire as createRequireOf } from "node:module";const require=createRequireOf(import.meta.url);';

/**
 * A package that reads kubeconfigs wants this of the runtime, which Deno has had only since 2.7: what it is for, workers,
 * is not used here.
 */
const UNCLONEABLE =
  'import workerThreads from "node:worker_threads";workerThreads.markAsUncloneable??=()=>{};';

/**
 * Packages look for many variables (one even lists all of them), each of which takes a permission. They get an
 * environment that holds what the program may see, and nothing else.
 */
function environmentHead(variables: readonly string[]): string {
  return 'import nodeProcess from "node:process";Object.defineProperty(nodeProcess,"env",{value:' +
    `Object.fromEntries(${JSON.stringify(variables)}.map((name)=>[name,Deno.env.get(name)])` +
    ".filter(([,value])=>value!==undefined))});";
}

/**
 * Makes one folder of JavaScript from `main.ts` and all that it imports. What is imported only when needed stays a file
 * of its own: a pod never loads what reads kubeconfigs.
 *
 * @param options.variables all that packages are to see of the environment; everything when left out
 * @returns the path of the main file
 */
export async function bundleProgram(
  folder: string,
  { build, variables }: { readonly build: Build; readonly variables?: readonly string[] },
): Promise<string> {
  const importMap = `${folder}/import_map.json`;
  await Deno.writeTextFile(importMap, JSON.stringify(await importMapWith(build, folder)));
  const output = `${folder}/program`;
  await runProgram(Deno.execPath(), [
    "bundle",
    "--quiet",
    "--platform=deno",
    "--minify",
    "--keep-names",
    "--code-splitting",
    `--import-map=${importMap}`,
    `--outdir=${output}`,
    ...PROGRAM_ENTRIES.map((entry) => fileURLToPath(entry)),
  ]);
  const environment = variables === undefined ? "" : environmentHead(variables);
  const main = `${output}/main.js`;
  for (const path of await filesBelow(output)) {
    const text = inAscii(await Deno.readTextFile(path));
    const head = (path === main ? UNCLONEABLE + environment : "") +
      (text.includes("Dynamic require of") ? REQUIRE : "");
    await Deno.writeTextFile(path, head + text);
  }
  return main;
}

/**
 * A module in which all other characters are escapes. One single `…` has V8 keep all of a module's text with two bytes for
 * each character, for as long as the program runs.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { inAscii } from "./bundle.ts";
 * assertEquals(inAscii('say("a … 🙂")'), 'say("a \\u2026 \\ud83d\\ude42")');
 * assertEquals(inAscii("say('\\\\…', /\\…/)"), "say('\\\\\\u2026', /\\u2026/)");
 * ```
 */
export function inAscii(module: string): string {
  return module.replaceAll(/\\[^]|[^\0-\x7f]/g, (found) => {
    const last = found.at(-1) ?? "";
    // What is escaped already, as `\\` is, stays; an escape of a character that needs none is that character.
    if (last <= "\x7f") return found;
    return `\\u${last.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** The modules of the bundle that run in threads of their own: nothing imports them. */
export function workersOf(main: string): string[] {
  return WORKERS.map(({ module }) => `${dirname(main)}/${bundled(module)}`);
}

function bundled(module: string): string {
  return module.replace(/\.ts$/, ".js");
}

/** The paths of all files below a folder. */
export async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { isDirectory, name } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await filesBelow(path));
    else found.push(path);
  }
  return found;
}

/**
 * The imports of `deno.json`, a module with what is known of the commit in place of the empty one, those that know where
 * the other threads' modules are in the bundle, and one that holds the page of the console.
 */
async function importMapWith(build: Build, folder: string): Promise<unknown> {
  const module = `${folder}/build.ts`;
  await Deno.writeTextFile(module, `export const BUILD = ${JSON.stringify(build)};\n`);
  const places = await Promise.all(WORKERS.map(async ({ module, name, url }) => {
    const place = `${folder}/${name.toLowerCase()}_url.ts`;
    const file = `new URL(${JSON.stringify(`./${bundled(module)}`)}, import.meta.url).href`;
    await Deno.writeTextFile(place, `export const ${name} = ${file};\n`);
    return [new URL(url, TOP).href, new URL(`file://${place}`).href] as const;
  }));
  const page = await pageModule(folder);
  const settings = JSON.parse(await Deno.readTextFile(new URL("deno.json", TOP))) as {
    readonly imports: Readonly<Record<string, string>>;
  };
  const imports = Object.entries(settings.imports).map(([name, target]) => [
    name,
    target.startsWith("./") ? new URL(target, TOP).href : target,
  ]);
  return {
    imports: {
      ...Object.fromEntries(imports),
      [new URL("src/build.ts", TOP).href]: new URL(`file://${module}`).href,
      ...Object.fromEntries(places),
      [new URL(CONSOLE_PAGE, TOP).href]: new URL(`file://${page}`).href,
    },
  };
}

/** A module that answers the page as it was made; its texts are a file of their own, which is loaded by who shows it. */
async function pageModule(folder: string): Promise<string> {
  const made = await consolePageFolder({ progress: progressOnStderr });
  const files = await Promise.all(
    PAGE_FILES.map(async (name) => [name, await Deno.readTextFile(`${made}/${name}`)] as const),
  );
  const texts = JSON.stringify(Object.fromEntries(files));
  await Deno.writeTextFile(`${folder}/console_page_files.ts`, `export const FILES = ${texts};\n`);
  const module = `${folder}/console_page.ts`;
  const load =
    'export const consolePage = async () => (await import("./console_page_files.ts")).FILES;';
  await Deno.writeTextFile(module, `${load}\n`);
  return module;
}

/** The commit that is checked out, `+changes` if something differs from it. */
export async function buildOfCheckout(): Promise<Build> {
  const git = async (...args: string[]) =>
    (await runProgram("git", ["-C", fileURLToPath(TOP), ...args])).trim();
  const [commit = "", date = ""] = (await git("log", "-1", "--format=%h %cs", "--abbrev=12"))
    .split(" ");
  const changes = await git("status", "--porcelain");
  return { commit: changes === "" ? commit : `${commit}+changes`, date };
}
