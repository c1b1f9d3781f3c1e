/** One of so many parts of all namespaces. */
export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/** Parts that the work can be divided into: more would be looked at for longer than they save. */
export const SHARDS_MAX = 32;

/**
 * In which of so many shards a namespace is: the one that scores highest with its name (rendezvous hashing). The answer
 * is the same everywhere, and of one shard more or fewer only those namespaces notice that go there or come from there.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { shardOf } from "#base";
 * assertEquals(shardOf("shop", 1), 0);
 * assertEquals(shardOf("shop", 3), shardOf("shop", 3));
 * ```
 */
export function shardOf(namespace: string, count: number): number {
  const name = textBits(namespace);
  let best = 0;
  let bestScore = -1;
  for (let index = 0; index < count; index++) {
    const score = mixedBits(name ^ Math.imul(index + 1, 0x9e3779b1));
    if (score > bestScore) [best, bestScore] = [index, score];
  }
  return best;
}

/** The Lease of a shard: that of the first one has the name that it has where nobody shares the work. */
export function shardLeaseName(name: string, index: number): string {
  return index === 0 ? name : `${name}-${index}`;
}

/** FNV-1a over the UTF-16 units of a text. */
function textBits(text: string): number {
  let bits = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    bits = Math.imul(bits ^ text.charCodeAt(index), 0x01000193);
  }
  return bits;
}

/** The last step of MurmurHash3: each bit of the answer depends on all bits. From 0 to 2³² - 1. */
function mixedBits(bits: number): number {
  let mixed = bits ^ (bits >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
