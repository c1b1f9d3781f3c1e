// deno-lint-ignore-file no-console -- a program of the command line
/**
 * Writes `gitops/operator/`: what `meshwright install` prints, a file for each part, as a base of kustomize with options
 * and overlays; and `gitops/helm/`, the same as a chart. With `--check` it tells which files are stale.
 *
 * @module
 */
import { isThere, removeTree } from "./e2e/stored.ts";
import { chartFiles } from "./operator/chart_files.ts";
import { partsOf } from "./operator/installations.ts";
import { kustomizeFiles } from "./operator/kustomize.ts";
import { yamlStream } from "../src/cli/crds.ts";

const ROOT = new URL("../gitops/", import.meta.url);

/** Folders of which every file is written here. */
const FOLDERS = ["helm", "operator"];

const HEAD = "# deno-fmt-ignore-file\n" +
  "# Made by scripts/operator.ts from `meshwright install`. Do not edit: run `deno task operator`.\n";

/** Paths below `gitops/` with the text that they must have. */
export function operatorFiles(): ReadonlyMap<string, string> {
  const parts = Object.entries(partsOf([])).map(([part, objects]) =>
    [`base/${part}.yaml`, objects] as const
  );
  const files = [...parts, ...kustomizeFiles()];
  return new Map(files.map(([path, documents]) => [
    `operator/${path}`,
    `${HEAD}${yamlStream(documents)}\n`,
  ]));
}

function wantedFiles(): ReadonlyMap<string, string> {
  const chart = [...chartFiles()].map(([path, text]) => [`helm/meshwright/${path}`, text] as const);
  return new Map([...operatorFiles(), ...chart]);
}

/** Files that are missing, differ, or belong to nothing; sorted. */
export async function staleOperatorFiles(): Promise<string[]> {
  const wanted = wantedFiles();
  const stale = new Set(wanted.keys());
  for (const folder of FOLDERS) {
    if (!await isThere(new URL(folder, ROOT).pathname)) continue;
    for await (const path of filesIn(folder)) {
      if (wanted.get(path) === await Deno.readTextFile(new URL(path, ROOT))) stale.delete(path);
      else stale.add(path);
    }
  }
  return [...stale].sort();
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) yield* filesIn(`${folder}/${name}`);
    if (isFile) yield `${folder}/${name}`;
  }
}

async function writeFiles(): Promise<void> {
  const wanted = wantedFiles();
  for (const path of await staleOperatorFiles()) {
    const text = wanted.get(path);
    const file = new URL(path, ROOT);
    if (text === undefined) await removeTree(file.pathname);
    else {
      await Deno.mkdir(new URL(".", file), { recursive: true });
      await Deno.writeTextFile(file, text);
    }
    console.log(`${text === undefined ? "removed" : "wrote"} gitops/${path}`);
  }
}

if (import.meta.main) {
  if (Deno.args.includes("--check")) {
    const stale = await staleOperatorFiles();
    for (const path of stale) console.error(`gitops/${path} is stale`);
    Deno.exit(stale.length === 0 ? 0 : 1);
  }
  await writeFiles();
}
