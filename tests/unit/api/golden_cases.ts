import type { KubeObject } from "#base";

/** What the reference operator makes of a resource: a line of `../shared/golden/*.jsonl`. */
export interface GoldenCase {
  readonly name: string;
  readonly input: KubeObject;
  /** The resource after the reference's defaulting; absent for a mesh. */
  readonly defaulted?: KubeObject;
  /** Where the reference refuses the resource; absent when it accepts it. */
  readonly invalid?: readonly string[];
  /** The reference crashed. */
  readonly panic?: string;
}

const FILES = ["real.jsonl", "made.jsonl", "raw.jsonl", "init_containers.jsonl"];

/**
 * All golden cases. They lie beside the checkout (`MESHWRIGHT_GOLDEN` names another place).
 *
 * @throws {Error} when they are not there: a comparison with nothing would pass for ever
 */
export function goldenCases(): GoldenCase[] {
  const folder = folderOf();
  return FILES.flatMap((file) => {
    const lines = readText(`${folder}/${file}`).split("\n").filter((line) => line.trim() !== "");
    return lines.map((line): GoldenCase => JSON.parse(line));
  });
}

function folderOf(): string {
  return Deno.env.get("MESHWRIGHT_GOLDEN") ??
    new URL("../../../../shared/golden", import.meta.url).pathname;
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    const hint = "put the folder shared/ beside the checkout or set MESHWRIGHT_GOLDEN";
    throw new Error(`Cannot read the golden cases at ${path}: ${hint}`, { cause: error });
  }
}
