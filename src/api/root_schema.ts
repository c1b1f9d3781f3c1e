import type { KubeObject } from "#base";
import { DEFINITIONS } from "./definition.ts";
import { type MeshKind, RESOURCES } from "./resources.ts";
import type { StructuralSchema } from "./open_api.ts";
import { structuralSchema } from "./structural_schema.ts";

const META_SCHEMA: StructuralSchema = {
  type: "object",
  "x-kubernetes-preserve-unknown-fields": true,
  properties: {
    name: { type: "string" },
    generateName: { type: "string" },
    namespace: { type: "string" },
    labels: { type: "object", additionalProperties: { type: "string" } },
    annotations: { type: "object", additionalProperties: { type: "string" } },
  },
};

const SCHEMAS: ReadonlyMap<MeshKind, StructuralSchema> = new Map(
  RESOURCES.map(({ kind }) => [kind, rootSchema(kind)]),
);

/** The kind of an object of ours, with the schema of the whole object; undefined for kinds that are not ours. */
export function schemaOf(
  object: KubeObject,
): { readonly kind: MeshKind; readonly schema: StructuralSchema } | undefined {
  const resource = RESOURCES.find((known) =>
    known.apiVersion === object.apiVersion && known.kind === object.kind
  );
  const schema = resource && SCHEMAS.get(resource.kind);
  return resource === undefined || schema === undefined
    ? undefined
    : { kind: resource.kind, schema };
}

/** The status is ours or the reference's, never the author's: it is not looked at. */
function rootSchema(kind: MeshKind): StructuralSchema {
  return {
    type: "object",
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: META_SCHEMA,
      spec: structuralSchema(DEFINITIONS[kind].spec, {
        descriptions: false,
        embedded: "checked",
      }),
      status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    },
    required: kind === "MeshSync" ? ["metadata", "spec"] : ["metadata"],
  };
}
