import { createHash } from "node:crypto";

/**
 * JSON with sorted members, so that equal values give equal bytes. `undefined` members are left out.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { canonicalJson } from "#base";
 * assertEquals(canonicalJson({ b: 1, a: [true, undefined] }), '{"a":[true,null],"b":1}');
 * ```
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value)) ?? "null";
}

/** A short, stable hash of a value: 16 hexadecimal digits of SHA-256 over its canonical JSON. */
export function contentHash(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, 16);
}

/** SHA-256 of texts in hexadecimal digits: for what somebody may want to forge. Where one ends and the next begins counts. */
export function textDigest(...texts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(texts)).digest("hex");
}

/** The order in which `sort()` has texts, for who compares two. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Whether two JSON values are equal, whatever the order of their members.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sameJson } from "#base";
 * const one = { a: 1, b: [{ c: null }] };
 * const others = [{ b: [{ c: null }], a: 1 }, { ...one, d: undefined }, { a: 1 }, { ...one, d: null }, { a: 1, d: [] }];
 * assertEquals(others.map((other) => sameJson(one, other)), [true, true, false, false, false]);
 * assertEquals(others.map((other) => sameJson(other, one)), [true, true, false, false, false]);
 * ```
 */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameJson(item, b[index]));
  }
  if (!isPlainObject(a) || !isPlainObject(b)) return false;
  let unmatched = 0;
  for (const name in a) {
    if (a[name] === undefined) continue;
    if (!Object.hasOwn(b, name) || !sameJson(a[name], b[name])) return false;
    unmatched--;
  }
  for (const name in b) {
    if (b[name] !== undefined) unmatched++;
  }
  return unmatched === 0;
}

/** Whether a value is an object with members (no list, no null). */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A value with sorted members all the way down: itself where they are, as in what this program builds. A replacer of
 * `JSON.stringify` takes longer.
 */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return sortedItems(value);
  if (!isPlainObject(value) || typeof value["toJSON"] === "function") return value;
  let before: string | undefined;
  let isSorted = true;
  let changed: Map<string, unknown> | undefined;
  for (const name in value) {
    isSorted &&= before === undefined || before < name;
    before = name;
    const member = sorted(value[name]);
    if (member !== value[name]) (changed ??= new Map()).set(name, member);
  }
  if (isSorted && changed === undefined) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, changed?.get(name) ?? value[name]]));
}

function sortedItems(items: readonly unknown[]): readonly unknown[] {
  let changed: unknown[] | undefined;
  for (const [index, item] of items.entries()) {
    const other = sorted(item);
    if (other !== item) (changed ??= [...items])[index] = other;
  }
  return changed ?? items;
}
