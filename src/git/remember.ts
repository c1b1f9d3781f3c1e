/**
 * Adds an entry to a map as its newest one, and drops the oldest ones until it holds no more than allowed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { remember } from "./remember.ts";
 * const map = new Map([["a", 1], ["b", 2]]);
 * remember(map, ["a", 3], 2);
 * remember(map, ["c", 4], 2);
 * assertEquals([...map], [["a", 3], ["c", 4]]);
 * ```
 */
export function remember<K, V>(map: Map<K, V>, [key, value]: readonly [K, V], max: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= max) return;
    map.delete(oldest);
  }
}
