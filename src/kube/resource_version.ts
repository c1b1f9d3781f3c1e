/**
 * Whether version `a` is newer than `b`. Versions of one kind are whole numbers that grow (Kubernetes promises it
 * since 1.35 and has always done it); a server that has other versions is believed: whatever it says last is newest.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isNewerVersion } from "#kube";
 * assert(isNewerVersion("1000", "999"));
 * assert(!isNewerVersion("999", "999"));
 * ```
 */
export function isNewerVersion(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return false;
  if (a === undefined || b === undefined || !isNumber(a) || !isNumber(b)) return true;
  return a.length === b.length ? a > b : a.length > b.length;
}

/**
 * Whether version `a` is older than `b` for certain: no answer of a server may be older than one before, unless its
 * storage was set back.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isOlderVersion } from "#kube";
 * assert(isOlderVersion("999", "1000"));
 * assert(!isOlderVersion("1000", "1000"));
 * assert(!isOlderVersion("blue", "1000"));
 * ```
 */
export function isOlderVersion(a: string, b: string): boolean {
  return isNumber(a) && isNumber(b) && isNewerVersion(b, a);
}

function isNumber(version: string): boolean {
  return /^(?:0|[1-9]\d*)$/.test(version);
}
