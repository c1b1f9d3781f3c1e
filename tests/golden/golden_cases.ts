import type { KubeObject } from "#base";
import { DEFAULT_SETTINGS, type RenderOptions } from "#desired";

/** What the reference operator makes of a resource, without the objects. */
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

/** Files of cases, beside this one. */
export const GOLDEN_FILES = ["real", "made", "raw", "init_containers"] as const;

/** The cases of one file, or of all. */
export function goldenCases(
  files: readonly (typeof GOLDEN_FILES[number])[] = GOLDEN_FILES,
): GoldenCase[] {
  return files.flatMap((file) => {
    const text = Deno.readTextFileSync(new URL(`cases/${file}.jsonl`, import.meta.url));
    return text.trim().split("\n").map((line): GoldenCase => JSON.parse(line));
  });
}

/** What the cases of a file were made with: the defaults, save that one file is about init containers. */
export function goldenOptions(file: string): RenderOptions {
  const enableInitContainers = file.startsWith("init_containers");
  return { facts: {}, settings: { ...DEFAULT_SETTINGS, enableInitContainers } };
}
