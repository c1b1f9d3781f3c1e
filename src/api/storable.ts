import { isPlainObject, type KubeObject } from "#base";
import { schemaOf } from "./root_schema.ts";
import type { StructuralSchema } from "./open_api.ts";

/**
 * An object of ours as an API server stores it: without nulls and members that the definitions do not know, which it
 * drops from what `kubectl apply` sends, and refuses in a server-side apply. `warnings()` names those members.
 *
 * Other objects, and whatever a definition leaves free, are handed back as they are.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { storable } from "#api";
 * const head = { apiVersion: "compute.functionmesh.io/v1alpha1", kind: "Sink", metadata: { name: "store" } };
 * const spec = { replicas: null, replica: 2, sinkConfig: { url: null } };
 * assertEquals(storable({ ...head, spec }), { ...head, spec: { sinkConfig: { url: null } } });
 * ```
 */
export function storable(object: KubeObject): KubeObject {
  const known = schemaOf(object);
  return known === undefined ? object : kept(object, known.schema) as KubeObject;
}

function kept(value: unknown, schema: StructuralSchema): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => kept(item, items));
  }
  if (!isPlainObject(value)) return value;
  const isFree = schema["x-kubernetes-preserve-unknown-fields"] === true;
  const members = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    const properties = schema.properties ?? {};
    const own = Object.hasOwn(properties, name) ? properties[name] : schema.additionalProperties;
    if (own === undefined) return isFree ? [[name, member]] : [];
    return member === null || member === undefined ? [] : [[name, kept(member, own)]];
  });
  return Object.fromEntries(members);
}
