import { isPlainObject, type JsonObject } from "#base";

/**
 * The fields of two sets, as `fieldsV1` of `metadata.managedFields` nests them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fieldUnion } from "#plan";
 * assertEquals(fieldUnion({ "f:data": { "f:a": {} } }, { "f:data": { "f:b": {} } }), {
 *   "f:data": { "f:a": {}, "f:b": {} },
 * });
 * ```
 */
export function fieldUnion(a: JsonObject, b: JsonObject): JsonObject {
  const merged = { ...a };
  for (const [name, members] of Object.entries(b)) {
    const known = merged[name];
    merged[name] = isPlainObject(known) && isPlainObject(members)
      ? fieldUnion(known as JsonObject, members as JsonObject)
      : members;
  }
  return merged;
}

/** The field managers that applied an object, of some. */
export function appliersAmong(
  managedFields: readonly JsonObject[],
  managers: readonly string[],
): string[] {
  return managers.filter((name) => managedFields.some((entry) => isApplyOf(entry, [name])));
}

/**
 * Who manages which fields, with what some managers applied as what `into` applied; undefined where they applied nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { withFieldsOf } from "#plan";
 * const entry = (manager: string, field: string) => ({
 *   manager, operation: "Apply", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: { [field]: {} },
 * });
 * assertEquals(withFieldsOf([entry("old", "f:a"), entry("new", "f:b")], ["old"], "new"), [
 *   { ...entry("new", "f:b"), fieldsV1: { "f:b": {}, "f:a": {} } },
 * ]);
 * assertEquals(withFieldsOf([entry("old", "f:a")], ["older"], "new"), undefined);
 * ```
 */
export function withFieldsOf(
  managedFields: readonly JsonObject[],
  managers: readonly string[],
  into: string,
): JsonObject[] | undefined {
  const taken = managedFields.filter((entry) => isApplyOf(entry, managers));
  const [first] = taken;
  if (first === undefined) return undefined;
  const own = managedFields.find((entry) => isApplyOf(entry, [into]));
  const all = [...(own === undefined ? [] : [own]), ...taken];
  const fieldsV1 = all.map((entry) => entry["fieldsV1"] as JsonObject).reduce(fieldUnion);
  const entry = { ...own ?? first, manager: into, fieldsV1 };
  return [...managedFields.filter((other) => !all.includes(other)), entry];
}

/** Whether an entry says what one of some managers applied to the object itself, not to its status or scale. */
function isApplyOf(entry: JsonObject, managers: readonly string[]): boolean {
  return managers.includes(String(entry["manager"])) && entry["operation"] === "Apply" &&
    !entry["subresource"] && isPlainObject(entry["fieldsV1"]);
}
