/**
 * JSON texts as the runners and the reference operator's tools know them, stable to the byte.
 *
 * A `Map` keeps its order; the order of a plain object depends on the function.
 */
type Members = Iterable<readonly [string, unknown]>;

interface Style {
  readonly text: (value: string) => string;
  readonly members: (value: object) => Members;
}

const GO: Style = {
  text: (value) => JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, escapedUnit),
  members: (value) => Object.entries(value).sort(byKey),
};

const PROTO: Style = {
  text: (value) => JSON.stringify(value),
  members: (value) => Object.entries(value),
};

/**
 * Compact JSON with sorted members and escaped `<`, `>`, `&`: what Go's encoder writes, and what is embedded as a string
 * for user configurations.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { goJson } from "#desired";
 * assertEquals(goJson({ b: "<", a: [1, null] }), '{"a":[1,null],"b":"\\u003c"}');
 * ```
 */
export function goJson(value: unknown): string {
  return encoded(value, GO);
}

/** Compact JSON with members in the order of the object: messages of the function details. */
export function protoJson(value: unknown): string {
  return encoded(value, PROTO);
}

/** The entries of a map with string keys, sorted as bytes of UTF-8 sort. Absent maps have no entries. */
export function sortedEntries<T>(map: Readonly<Record<string, T>> | undefined): [string, T][] {
  return Object.entries(map ?? {}).sort(byKey);
}

/** A map for {@linkcode protoJson}: sorted, or undefined when there is nothing in it. */
export function sortedMap<T>(
  map: Readonly<Record<string, T>> | undefined,
): Map<string, T> | undefined {
  const entries = sortedEntries(map);
  return entries.length === 0 ? undefined : new Map(entries);
}

/** Compares two strings by code points, which is the order of their UTF-8 bytes. */
export function compareText(a: string, b: string): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const [left, right] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (left !== right) return place(left) - place(right);
  }
  return a.length - b.length;
}

/** Halves of code points beyond the first 65,536 come after all others, although their numbers do not. */
function place(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

function encoded(value: unknown, style: Style): string {
  if (typeof value === "string") return style.text(value);
  if (typeof value === "number") return numberText(value);
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map((item) => encoded(item, style)).join(",")}]`;
  if (typeof value !== "object" || value === null) {
    return value === true ? "true" : value === false ? "false" : "null";
  }
  const members = value instanceof Map ? value.entries() as Members : style.members(value);
  const parts: string[] = [];
  for (const [name, member] of members) {
    if (member !== undefined) parts.push(`${style.text(name)}:${encoded(member, style)}`);
  }
  return `{${parts.join(",")}}`;
}

/** As ECMAScript writes numbers, except that a negative zero keeps its sign. */
function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : JSON.stringify(value);
}

function escapedUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return compareText(a[0], b[0]);
}
