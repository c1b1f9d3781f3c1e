import { isPlainObject, sameJson } from "#base";

/** One operation of a JSON patch (RFC 6902). */
export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/**
 * What makes one value of another, so that patches of several changes go together: what joins a list is put at its end,
 * where it moves nothing that another patch names by its place.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { patchOf } from "./json_patch.ts";
 * assertEquals(patchOf({ a: ["x", "y"], b: 1 }, { a: ["x", "new", "y"], c: 2 }), [
 *   { op: "add", path: "/a/-", value: "new" },
 *   { op: "remove", path: "/b" },
 *   { op: "add", path: "/c", value: 2 },
 * ]);
 * assertEquals(patchOf(["x=1"], ["x=2"]), [{ op: "replace", path: "/0", value: "x=2" }]);
 * ```
 */
export function patchOf(before: unknown, after: unknown, path = ""): readonly PatchOperation[] {
  if (sameJson(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) return listPatch(before, after, path);
  if (!isPlainObject(before) || !isPlainObject(after)) {
    return [{ op: "replace", path, value: after }];
  }
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name): readonly PatchOperation[] => {
    const place = `${path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (!(name in after)) return [{ op: "remove", path: place }];
    if (!(name in before)) return [{ op: "add", path: place, value: after[name] }];
    return patchOf(before[name], after[name], place);
  });
}

function listPatch(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
): readonly PatchOperation[] {
  const joining = after.filter((item) => !before.some((old) => sameJson(old, item)));
  const leaving = before.flatMap((item, index) =>
    after.some((kept) => sameJson(kept, item)) ? [] : [index]
  );
  // Those that come stand for those that go, in their order: the same items, changed.
  const changed = leaving.slice(0, joining.length);
  const removed = leaving.slice(joining.length).toReversed();
  return [
    ...changed.flatMap((place, index) =>
      patchOf(before[place], joining[index], `${path}/${place}`)
    ),
    ...joining.slice(leaving.length).map((value) => ({
      op: "add" as const,
      path: `${path}/-`,
      value,
    })),
    ...removed.map((place) => ({ op: "remove" as const, path: `${path}/${place}` })),
  ];
}
