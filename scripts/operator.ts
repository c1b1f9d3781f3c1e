// deno-lint-ignore-file no-console -- a program of the command line
/**
 * Writes `gitops/operator/`: what `meshwright install` prints, a file for each part, so that a cluster can run the
 * program from Git. With `--check` it tells which files are stale.
 *
 * @module
 */
import { installParts } from "#install";
import { yamlStream } from "../src/cli/crds.ts";
import { INSTALL_FLAGS, installationFrom } from "../src/cli/install.ts";
import { parseArguments } from "../src/cli/parse.ts";

/** Where the manifests lie. */
export const OPERATOR_FOLDER = new URL("../gitops/operator/", import.meta.url);

/** Only with these rights can the program apply its own: nobody may give away rights that he does not have. */
const FLAGS = ["--gitops-rights=cluster-admin"];

const HEAD = "# deno-fmt-ignore-file\n" +
  "# Made by scripts/operator.ts from `meshwright install`. Do not edit: run `deno run -A scripts/operator.ts`.\n";

/** File names with the text that they must have. */
export function operatorFiles(): ReadonlyMap<string, string> {
  const { flags } = parseArguments(FLAGS, { flags: INSTALL_FLAGS, env: {} });
  const parts = Object.entries(installParts(installationFrom(flags)));
  return new Map(parts.map(([part, objects]) => [
    `${part}.yaml`,
    `${HEAD}${yamlStream(objects)}\n`,
  ]));
}

/** Files that are missing, differ, or belong to nothing; sorted. */
export async function staleOperatorFiles(): Promise<string[]> {
  const wanted = operatorFiles();
  const stale = new Set(wanted.keys());
  for await (const { name } of Deno.readDir(OPERATOR_FOLDER)) {
    const text = await Deno.readTextFile(new URL(name, OPERATOR_FOLDER));
    if (wanted.get(name) === text) stale.delete(name);
    else stale.add(name);
  }
  return [...stale].sort();
}

async function writeFiles(): Promise<void> {
  await Deno.mkdir(OPERATOR_FOLDER, { recursive: true });
  const wanted = operatorFiles();
  for (const name of await staleOperatorFiles()) {
    const text = wanted.get(name);
    const file = new URL(name, OPERATOR_FOLDER);
    if (text === undefined) await Deno.remove(file);
    else await Deno.writeTextFile(file, text);
    console.log(`${text === undefined ? "removed" : "wrote"} gitops/operator/${name}`);
  }
}

if (import.meta.main) {
  if (Deno.args.includes("--check")) {
    const stale = await staleOperatorFiles();
    for (const name of stale) console.error(`gitops/operator/${name} is stale`);
    Deno.exit(stale.length === 0 ? 0 : 1);
  }
  await writeFiles();
}
