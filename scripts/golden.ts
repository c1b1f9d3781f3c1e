// deno-lint-ignore-file no-console -- a script for people: what it prints is what it is for
/**
 * Renders the inputs of the golden cases and lets `compare.mjs` of that folder tell where they differ from what the
 * reference operator makes of them.
 *
 *   deno run --allow-read --allow-write --allow-run --allow-env scripts/golden.ts [FOLDER]
 *
 * Exit code 1 on any difference.
 *
 * @module
 */
import type { KubeObject } from "#base";
import { renderResource } from "#desired";
import { goldenOptions } from "../tests/golden/golden_cases.ts";

/** Where the cases are: beside the checkout, or where `MESHWRIGHT_GOLDEN` says. */
export function goldenFolder(): string {
  return Deno.env.get("MESHWRIGHT_GOLDEN") ??
    new URL("../../shared/golden", import.meta.url).pathname;
}

/** How one file of cases compares. */
export interface GoldenResult {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  /** What the comparison says. */
  readonly report: string;
}

/** Renders and compares every file of cases in a folder, sorted by name. */
export async function compareGolden(folder: string): Promise<GoldenResult[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name.endsWith(".jsonl")) files.push(entry.name);
  }
  if (files.length === 0) throw new Error(`Cannot compare with ${folder}: it holds no cases`);
  const results: GoldenResult[] = [];
  for (const file of files.sort()) results.push(await compareFile(folder, file));
  return results;
}

async function compareFile(folder: string, file: string): Promise<GoldenResult> {
  const cases = (await Deno.readTextFile(`${folder}/${file}`)).split("\n").filter((line) =>
    line !== ""
  );
  const rendered = cases.map((line) => {
    const { input } = JSON.parse(line) as { readonly input: KubeObject };
    return JSON.stringify(renderResource(input, { ...goldenOptions(file), form: "reference" }));
  });
  const path = await Deno.makeTempFile({ suffix: ".jsonl" });
  try {
    await Deno.writeTextFile(path, rendered.join("\n"));
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-config",
        "--allow-read",
        `${folder}/compare.mjs`,
        `${folder}/${file}`,
        path,
        "--max",
        "1000",
      ],
    }).output();
    return resultOf(file, new TextDecoder().decode(stdout), new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(path);
  }
}

function resultOf(file: string, report: string, errors: string): GoldenResult {
  const [, passed, failed] = /(\d+) passed, (\d+) failed/.exec(report) ?? [];
  if (passed === undefined || failed === undefined) {
    throw new Error(`Cannot compare ${file}: ${errors || report}`);
  }
  return { file, passed: Number(passed), failed: Number(failed), report };
}

if (import.meta.main) {
  const results = await compareGolden(Deno.args[0] ?? goldenFolder());
  for (const { file, passed, failed, report } of results) {
    if (failed > 0) console.log(report);
    console.log(`${file}: ${passed} of ${passed + failed} equal`);
  }
  const equal = results.reduce((sum, { passed }) => sum + passed, 0);
  const all = results.reduce((sum, { passed, failed }) => sum + passed + failed, 0);
  console.log(`${equal} of ${all} equal`);
  if (equal < all) Deno.exit(1);
}
