/** A test file and about how long it takes, as a share of the whole: only how files compare matters. */
export interface WeighedFile {
  readonly file: string;
  readonly weight: number;
}

/**
 * Test files dealt out to lanes that run side by side: the heaviest first, each to the lane that has least so far, and in
 * each lane by name. The same files always meet the same neighbours in the same order, as they share a cluster.
 *
 * @param count how many lanes; at least 1
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lanesOf } from "./lanes.ts";
 * const files = [
 *   { file: "a_test.ts", weight: 1 },
 *   { file: "b_test.ts", weight: 5 },
 *   { file: "c_test.ts", weight: 3 },
 *   { file: "d_test.ts", weight: 2 },
 * ];
 * assertEquals(lanesOf(files, 2), [["a_test.ts", "b_test.ts"], ["c_test.ts", "d_test.ts"]]);
 * ```
 */
export function lanesOf(files: readonly WeighedFile[], count: number): readonly string[][] {
  const lanes = Array.from({ length: count }, () => ({ weight: 0, files: [] as string[] }));
  const heaviestFirst = [...files].sort((a, b) =>
    b.weight - a.weight || (a.file < b.file ? -1 : 1)
  );
  for (const { file, weight } of heaviestFirst) {
    const lightest = lanes.reduce((least, lane) => lane.weight < least.weight ? lane : least);
    lightest.files.push(file);
    lightest.weight += weight;
  }
  return lanes.map((lane) => lane.files.sort());
}
