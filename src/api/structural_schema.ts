import type { TSchema } from "@sinclair/typebox";

/** A fact in CEL that the API server checks. */
export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
}

/** The subset of OpenAPI v3 that a CustomResourceDefinition may hold and that our schemas use. */
export interface StructuralSchema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly description?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly pattern?: string;
  readonly anyOf?: readonly StructuralSchema[];
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-list-type"?: "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
}

/** A schema as a CustomResourceDefinition takes it, with or without descriptions. Members are sorted. */
export function structuralSchema(
  schema: TSchema,
  options: { readonly descriptions: boolean },
): StructuralSchema {
  const members = Object.entries(schema)
    .filter(([name, value]) =>
      value !== undefined && (name !== "description" || (options.descriptions && value !== ""))
    )
    .map(([name, value]) => [name, converted(name, value, options)] as const)
    .sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(members);
}

function converted(
  name: string,
  value: unknown,
  options: { readonly descriptions: boolean },
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
