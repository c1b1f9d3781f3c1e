/**
 * A function that works out once what it says of an object, and remembers that for as long as the object is there. For
 * what is never changed, as nothing is that was read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { perObject } from "#base";
 * let calls = 0;
 * const lengthOf = perObject((list: readonly string[]) => {
 *   calls++;
 *   return list.length;
 * });
 * const list = ["a", "b"];
 * assertEquals([lengthOf(list), lengthOf(list), calls], [2, 2, 1]);
 * ```
 */
export function perObject<K extends WeakKey, V>(of: (object: K) => V): (object: K) => V {
  const known = new WeakMap<K, { readonly value: V }>();
  return (object) => {
    const found = known.get(object);
    if (found !== undefined) return found.value;
    const value = of(object);
    known.set(object, { value });
    return value;
  };
}
