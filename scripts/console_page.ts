/**
 * `deno task page`: the page of `--console-addr` as a browser gets it, made of `src/console/page`. See `HELP`.
 *
 * @module
 */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "./compile/program.ts";
import { withFolderLock } from "./control_plane/cache.ts";
import { type Progress, progressOnStderr, reported } from "./control_plane/progress.ts";
import { exitWith } from "./exit.ts";

const HELP =
  `Make the page of --console-addr: index.html, page.js and page.css in dist/console-page.

Usage: deno task page

Does nothing where the page is there and its sources are as they were. Whatever needs the page makes it first: the demo,
compile, image, release and the tests.
`;

const TOP = new URL("../", import.meta.url);
const SOURCES = new URL("src/console/page/", TOP);

/** Where the page is in a checkout; Git does not look there. */
const FOLDER = fileURLToPath(new URL("dist/console-page", TOP));

/** What the page is made of besides its own sources. */
const OTHER_SOURCES: readonly URL[] = ["deno.json", "deno.lock", "scripts/console_page.ts"]
  .map((path) => new URL(path, TOP));

/** The hash of all that the files beside it were made of. */
const STAMP = "sources.sha256";

/** The files that a server needs, by the path below `dist/console-page`. */
export const PAGE_FILES = ["index.html", "page.css", "page.js"] as const;

/** What a browser calls the program from which {@linkcode PAGE_FILES} start. */
export const PAGE_ENTRY = new URL("page.tsx", SOURCES);

/**
 * Makes the page where its sources changed since it was made, and says so.
 *
 * @returns the path of the folder with {@linkcode PAGE_FILES}
 * @throws {Error} with what Deno said of the sources
 */
export async function consolePageFolder(
  { progress }: { readonly progress: Progress },
): Promise<string> {
  const wanted = await sourcesHash();
  if (await stampOf(FOLDER) === wanted) return FOLDER;
  await withFolderLock(FOLDER, async () => {
    // Another process may have made it meanwhile.
    if (await stampOf(FOLDER) === wanted) return;
    await reported("make the page of the console", () => makePage(wanted), progress);
  }, { progress });
  return FOLDER;
}

async function makePage(stamp: string): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: dirname(FOLDER), prefix: "console-page-" });
  try {
    await runProgram(Deno.execPath(), [
      "bundle",
      "--quiet",
      "--platform=browser",
      "--minify",
      `--outdir=${folder}`,
      fileURLToPath(PAGE_ENTRY),
    ], { env: { NO_COLOR: "1" } });
    await Deno.copyFile(new URL("index.html", SOURCES), `${folder}/index.html`);
    await Deno.remove(`${FOLDER}/${STAMP}`).catch(ignoreMissing);
    for (const name of PAGE_FILES) await Deno.rename(`${folder}/${name}`, `${FOLDER}/${name}`);
    // The last one: what is stamped is whole.
    await Deno.writeTextFile(`${FOLDER}/${STAMP}`, stamp);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function sourcesHash(): Promise<string> {
  const lines: string[] = [];
  for (const url of [...await filesOf(SOURCES), ...OTHER_SOURCES]) {
    lines.push(`${url.href.slice(TOP.href.length)} ${await hashOf(await Deno.readFile(url))}`);
  }
  return await hashOf(new TextEncoder().encode([Deno.version.deno, ...lines].join("\n")));
}

async function filesOf(folder: URL): Promise<URL[]> {
  const entries = (await Array.fromAsync(Deno.readDir(folder)))
    .sort((a, b) => a.name < b.name ? -1 : 1);
  const found: URL[] = [];
  for (const { isDirectory, name } of entries) {
    if (isDirectory) found.push(...await filesOf(new URL(`${name}/`, folder)));
    else found.push(new URL(name, folder));
  }
  return found;
}

async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function stampOf(folder: string): Promise<string | undefined> {
  return await Deno.readTextFile(`${folder}/${STAMP}`).catch(ignoreMissing);
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

async function main(words: readonly string[]): Promise<number> {
  if (words.length > 0) {
    await Deno.stdout.write(new TextEncoder().encode(HELP));
    return words.includes("--help") ? 0 : 2;
  }
  progressOnStderr(`the page is in ${await consolePageFolder({ progress: progressOnStderr })}`);
  return 0;
}

if (import.meta.main) await exitWith(main);
