import type { TSchema } from "@sinclair/typebox";
import { kubernetesOutline, kubernetesSchema, type KubernetesType } from "./kubernetes_schema.ts";
import type { StructuralSchema } from "./open_api.ts";

/** How a schema is written. */
export interface SchemaOptions {
  readonly descriptions: boolean;
  /**
   * How Kubernetes' own types are written: `checked` with all that `problems()` looks for, otherwise as a definition may
   * hold them, down to so many objects in objects; what is further down is left free.
   */
  readonly embedded: "checked" | { readonly depth: number };
}

/** A schema as a CustomResourceDefinition takes it, with or without descriptions. Members are sorted. */
export function structuralSchema(schema: TSchema, options: SchemaOptions): StructuralSchema {
  const type: KubernetesType | undefined = schema["kubernetesType"];
  if (type !== undefined) return embeddedSchema(type, schema.description, options);
  const members = Object.entries(schema)
    .filter(([name, value]) =>
      value !== undefined && (name !== "description" || (options.descriptions && value !== ""))
    )
    .map(([name, value]) => [name, converted(name, value, options)] as const)
    .sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(members);
}

function embeddedSchema(
  type: KubernetesType,
  description: string | undefined,
  { descriptions, embedded }: SchemaOptions,
): StructuralSchema {
  const schema = embedded === "checked"
    ? kubernetesSchema(type)
    : kubernetesOutline(type, embedded.depth);
  return descriptions && description ? { ...schema, description } : schema;
}

function converted(
  name: string,
  value: unknown,
  options: SchemaOptions,
): unknown {
  switch (name) {
    case "properties": {
      const properties = Object.entries(value as Record<string, TSchema>);
      return Object.fromEntries(
        properties
          .sort(([a], [b]) => a < b ? -1 : 1)
          .map(([property, schema]) => [property, structuralSchema(schema, options)]),
      );
    }
    case "items":
    case "additionalProperties":
      return structuralSchema(value as TSchema, options);
    case "required":
      return [...value as string[]].sort();
    default:
      return value;
  }
}
