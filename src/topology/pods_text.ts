/** A pod each up to this number; more are only counted. */
const MARKS_MAX = 6;

/** How many pods a component is to have, and has; the second is not known of what is in a file. */
export interface PodCount {
  readonly wantedPods: number;
  readonly readyPods?: number | undefined;
}

/**
 * The pods of a component: a mark each, and the count.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { podsText } from "#topology";
 * assertEquals(podsText({ readyPods: 1, wantedPods: 3 }), "●○○ 1/3");
 * assertEquals(podsText({ wantedPods: 3 }), "3 pods");
 * ```
 */
export function podsText({ readyPods, wantedPods }: PodCount): string {
  if (readyPods === undefined) return `${wantedPods} pod${wantedPods === 1 ? "" : "s"}`;
  const count = `${readyPods}/${wantedPods}`;
  if (wantedPods === 0 || wantedPods > MARKS_MAX) return count;
  const ready = Math.min(readyPods, wantedPods);
  return `${"●".repeat(ready)}${"○".repeat(wantedPods - ready)} ${count}`;
}
