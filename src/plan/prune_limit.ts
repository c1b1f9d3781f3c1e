/** How much a revision may delete without being allowed to: both must be exceeded for it to be held. */
export interface PruneLimit {
  readonly objects?: number;
  readonly percent?: number;
}

const OBJECTS = 10;
const PERCENT = 20;

/**
 * Why a revision deletes too much at once; undefined when it does not. It does when it is above both limits.
 *
 * @param going objects that would be deleted
 * @param owned objects in the inventory before
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { pruneExcess } from "#plan";
 * assertEquals(pruneExcess({ going: 10, owned: 10 }), undefined);
 * assertEquals(pruneExcess({ going: 11, owned: 100 }), undefined);
 * assertEquals(pruneExcess({ going: 21, owned: 100 }),
 *   "it deletes 21 of 100 objects, more than 10 and more than 20 %");
 * ```
 */
export function pruneExcess(
  count: { readonly going: number; readonly owned: number },
  limit: PruneLimit = {},
): string | undefined {
  const { objects = OBJECTS, percent = PERCENT } = limit;
  const { going, owned } = count;
  if (going <= objects || going * 100 <= owned * percent) return undefined;
  return `it deletes ${going} of ${owned} objects, more than ${objects} and more than ${percent} %`;
}

/**
 * Whether an annotation allows this commit to delete more: it is the commit, or its first seven digits or more.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { allowsCommit } from "#plan";
 * assertEquals(["3fa1c2d", "3fa1c2", "9999999", "main@sha1:3fa1c2d4"].map((text) => allowsCommit(text, "3fa1c2d4")),
 *   [true, false, false, true]);
 * ```
 */
export function allowsCommit(annotation: string | undefined, commit: string): boolean {
  const named = (annotation ?? "").trim().replace(/^.*:/, "");
  return named.length >= 7 && commit.startsWith(named);
}
