// deno-lint-ignore-file no-console -- a program of the command line
/**
 * Writes `crds/` from the definitions in `src/api`, or tells with `--check` which files are stale.
 *
 * @module
 */
import { customResourceDefinitions } from "#api";
import { canonicalJson } from "#base";
import { Document, isCollection, visit } from "yaml";

/** Where the definitions lie. */
export const CRD_FOLDER = new URL("../crds/", import.meta.url);

const HEAD =
  "# Made by scripts/generate_crds.ts from src/api. Do not edit: run `deno run -A scripts/generate_crds.ts`.\n";

/** File names in `crds/` with the text that they must have. */
export function crdFiles(): ReadonlyMap<string, string> {
  return new Map(
    customResourceDefinitions().map((definition) => [
      `${definition.metadata.name}.yaml`,
      HEAD + yamlText(JSON.parse(canonicalJson(definition))),
    ]),
  );
}

/** Longest JSON that is written on one line. A mesh is half as large for it, and easier to read. */
const INLINE_LENGTH_MAX = 120;

function yamlText(definition: unknown): string {
  // YAML 1.1, as kubectl reads it: there a bare `off` (a log level) is the boolean false, so it gets quotes.
  const document = new Document(definition, { aliasDuplicateObjects: false, version: "1.1" });
  visit(document, (_key, node) => {
    if (!isCollection(node)) return undefined;
    if (JSON.stringify(node.toJSON()).length > INLINE_LENGTH_MAX) return undefined;
    node.flow = true;
    return visit.SKIP;
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** Names in `crds/` that are missing, differ from {@linkcode crdFiles}, or belong to no kind; sorted. */
export async function staleFiles(): Promise<string[]> {
  const wanted = crdFiles();
  const stale = new Set(wanted.keys());
  for await (const entry of Deno.readDir(CRD_FOLDER)) {
    const text = await Deno.readTextFile(new URL(entry.name, CRD_FOLDER));
    if (wanted.get(entry.name) === text) stale.delete(entry.name);
    else stale.add(entry.name);
  }
  return [...stale].sort();
}

async function writeFiles(): Promise<void> {
  const wanted = crdFiles();
  for (const name of await staleFiles()) {
    const text = wanted.get(name);
    const file = new URL(name, CRD_FOLDER);
    if (text === undefined) await Deno.remove(file);
    else await Deno.writeTextFile(file, text);
    console.log(`${text === undefined ? "removed" : "wrote"} crds/${name}`);
  }
}

if (import.meta.main) {
  if (Deno.args.includes("--check")) {
    const stale = await staleFiles();
    for (const name of stale) console.error(`crds/${name} is stale: run scripts/generate_crds.ts`);
    Deno.exit(stale.length === 0 ? 0 : 1);
  }
  await writeFiles();
}
