import { isPlainObject, type JsonObject, sameJson } from "#base";

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

/**
 * An object as it is left when nobody holds any longer what some managers applied, and `into` has just not applied: what
 * taking over their fields first would come to.
 *
 * @param managedFields who holds which fields after `into` applied
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { JsonObject } from "#base";
 * import { withoutLeavingFields } from "#plan";
 * const entry = (manager: string, fieldsV1: JsonObject) => ({ manager, operation: "Apply", fieldsV1 });
 * const managedFields = [
 *   entry("old", { "f:data": { "f:a": {}, "f:b": {}, "f:c": {} } }),
 *   entry("new", { "f:data": { "f:a": {} } }),
 *   entry("somebody", { "f:data": { "f:c": {} } }),
 * ];
 * assertEquals(
 *   withoutLeavingFields({ data: { a: "1", b: "2", c: "3" } }, managedFields, { from: ["old"], into: "new" }),
 *   { data: { a: "1", c: "3" } },
 * );
 * ```
 */
export function withoutLeavingFields<T extends object>(
  object: T,
  managedFields: readonly JsonObject[],
  { from, into }: { readonly from: readonly string[]; readonly into: string },
): T {
  const fieldsOf = (entry: JsonObject) => entry["fieldsV1"] as JsonObject;
  const leaving = managedFields.filter((entry) => isApplyOf(entry, from));
  const staying = managedFields.filter((entry) =>
    isPlainObject(entry["fieldsV1"]) && (isApplyOf(entry, [into]) || !isApplyOf(entry, from))
  );
  const left = staying.reduce(
    (fields, entry) => fieldsWithout(fields, fieldsOf(entry)),
    leaving.map(fieldsOf).reduce(fieldUnion, {}),
  );
  return withoutFields(object, left) as T;
}

/** The member of a set that stands for the place itself, and not for what is below it. */
const ITSELF = ".";

/** Fields of a set that another one does not have; a place below which the other one has something stays with it. */
function fieldsWithout(fields: JsonObject, others: JsonObject): JsonObject {
  const kept = Object.entries(fields).flatMap(([name, below]): [string, JsonObject][] => {
    const theirs = others[name];
    if (!isPlainObject(below)) return [];
    if (!isPlainObject(theirs)) return [[name, below as JsonObject]];
    const { [ITSELF]: _itself, ...rest } = fieldsWithout(below as JsonObject, theirs as JsonObject);
    return Object.keys(rest).length === 0 ? [] : [[name, rest]];
  });
  return Object.fromEntries(kept);
}

/** A value without the fields of a set, and without what gets empty by that. */
function withoutFields(value: unknown, fields: JsonObject): unknown {
  if (Array.isArray(value)) {
    return value.flatMap((item, at) => {
      const below = fieldsBelow(fields, (name) => isItem(name, item, at));
      return below === undefined ? [item] : isWhole(below) ? [] : [withoutFields(item, below)];
    });
  }
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([member, content]) => {
      const below = fieldsBelow(fields, (name) => name === `f:${member}`);
      if (below === undefined) return [[member, content]];
      const rest = isWhole(below) ? undefined : withoutFields(content, below);
      return rest === undefined || isEmpty(rest) ? [] : [[member, rest]];
    }),
  );
}

function fieldsBelow(
  fields: JsonObject,
  isMeant: (name: string) => boolean,
): JsonObject | undefined {
  return Object.entries(fields).find(([name]) => isMeant(name))?.[1] as JsonObject | undefined;
}

/** Whether a set holds the place itself, so that all of it goes. */
function isWhole(below: JsonObject): boolean {
  return Object.keys(below).length === 0 || ITSELF in below;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** Whether a name in a set means an item of a list: by its keys, its value or its place. */
function isItem(name: string, item: unknown, at: number): boolean {
  if (name === `i:${at}`) return true;
  if (name.startsWith("v:")) return sameJson(JSON.parse(name.slice(2)), item ?? null);
  if (!name.startsWith("k:") || !isPlainObject(item)) return false;
  const keys = Object.entries(JSON.parse(name.slice(2)) as JsonObject);
  return keys.every(([key, value]) => sameJson(item[key] ?? null, value ?? null));
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
