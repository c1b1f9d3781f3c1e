import { isPlainObject, type JsonObject, sameJson } from "#base";

/**
 * The JSON merge patch that turns one status into another; undefined when they are equal, so that an unchanged status
 * costs no write (W-49). Members that the new status does not have are removed: that also clears what the reference
 * operator wrote in its own form.
 *
 * @param options.keep members that somebody else writes: left as they are
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { statusPatch } from "#plan";
 * assertEquals(statusPatch({ a: 1, old: 2 }, { a: 1 }), { status: { old: null } });
 * assertEquals(statusPatch({ a: 1 }, { a: 1 }), undefined);
 * assertEquals(statusPatch({ a: { b: 1, c: 1 } }, { a: { b: 1 } }), { status: { a: { c: null } } });
 * ```
 */
export function statusPatch(
  before: unknown,
  after: object,
  { keep = [] }: { readonly keep?: readonly string[] } = {},
): JsonObject | undefined {
  const old = (before ?? {}) as Record<string, unknown>;
  const wanted = after as Record<string, unknown>;
  const names = [...new Set([...Object.keys(old), ...Object.keys(wanted)])]
    .filter((name) => !keep.includes(name)).sort();
  const changed = names.filter((name) => !sameJson(old[name], wanted[name]));
  if (changed.length === 0) return undefined;
  const entries = changed.map((name) => [name, memberPatch(old[name], wanted[name])]);
  return { status: Object.fromEntries(entries) } as JsonObject;
}

/** A merge patch keeps what it does not name: members that are gone are named, at any depth. */
function memberPatch(old: unknown, wanted: unknown): unknown {
  if (!isPlainObject(wanted) || !isPlainObject(old)) return wanted ?? null;
  const names = [...new Set([...Object.keys(old), ...Object.keys(wanted)])]
    .filter((name) => !sameJson(old[name], wanted[name])).sort();
  return Object.fromEntries(names.map((name) => [name, memberPatch(old[name], wanted[name])]));
}
