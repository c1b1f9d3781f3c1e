/** Schemas of the Kubernetes types that our kinds embed, made from the generated list of their members. */
import { KUBERNETES_TYPES, KUBERNETES_VERSION } from "./kubernetes_types.ts";
import { QUANTITY_PATTERN, type StructuralSchema } from "./open_api.ts";

/** A Kubernetes type that our kinds embed, or a part of one. */
export type KubernetesType = keyof typeof KUBERNETES_TYPES;

const VALUES: Readonly<Record<string, StructuralSchema>> = {
  any: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  boolean: { type: "boolean" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  "int or string": intOrString({}),
  quantity: intOrString({ pattern: QUANTITY_PATTERN }),
  string: { type: "string" },
  time: { type: "string", format: "date-time" },
};

const SCHEMAS = new Map<KubernetesType, StructuralSchema>();

/**
 * The schema of a Kubernetes type, with words that are offered and what must be there once. Made when it is asked for
 * first, then shared: types hold each other.
 */
export function kubernetesSchema(type: KubernetesType): StructuralSchema {
  const known = SCHEMAS.get(type);
  if (known !== undefined) return known;
  const members = Object.entries<string>(KUBERNETES_TYPES[type]);
  const properties = members.map(([name, text]) => [bare(name), schemaOfText(text)] as const);
  const required = members.map(([name]) => name).filter((name) => name.endsWith("!")).map(bare);
  const schema: StructuralSchema = {
    type: "object",
    origin: `Kubernetes ${KUBERNETES_VERSION}`,
    properties: Object.fromEntries(properties),
    ...(required.length > 0 ? { required } : {}),
  };
  SCHEMAS.set(type, schema);
  return schema;
}

/** An object of which nothing is said. */
const FREE: StructuralSchema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

/**
 * A Kubernetes type as a definition holds it, with objects in objects down to a depth; what is further down is left free.
 * Without the words that are offered, which a newer version may have more of, and without what must be there once, which
 * would change how lists are merged.
 */
export function kubernetesOutline(type: KubernetesType, depth: number): StructuralSchema {
  return outline(kubernetesSchema(type), depth);
}

function outline(schema: StructuralSchema, depth: number): StructuralSchema {
  const { uniqueBy: _once, enum: _words, origin: _origin, ...kept } = schema;
  const { properties, items, additionalProperties } = kept;
  if (properties !== undefined) {
    if (depth < 0) return FREE;
    const members = Object.entries(properties)
      .map(([name, member]) => [name, outline(member, depth - 1)] as const);
    return { ...kept, properties: Object.fromEntries(members) };
  }
  if (items !== undefined) return { ...kept, items: outline(items, depth) };
  if (additionalProperties === undefined) return kept;
  return { ...kept, additionalProperties: outline(additionalProperties, depth) };
}

function bare(name: string): string {
  return name.endsWith("!") ? name.slice(0, -1) : name;
}

/** The schema of a member, from the short words of the generated list. */
function schemaOfText(text: string): StructuralSchema {
  if (text.startsWith("[")) {
    const end = text.lastIndexOf("]");
    const uniqueBy = uniqueKeys(text.slice(end + 1));
    const items = schemaOfText(text.slice(1, end));
    return { type: "array", items, ...(uniqueBy.length > 0 ? { uniqueBy } : {}) };
  }
  if (text.startsWith("{")) {
    return { type: "object", additionalProperties: schemaOfText(text.slice(1, -1)) };
  }
  if (text.startsWith("one of ")) {
    return { type: "string", enum: ["", ...text.slice("one of ".length).split(", ")] };
  }
  return VALUES[text] ?? kubernetesSchema(text as KubernetesType);
}

/** ` by containerPort, protocol=TCP`: members of an item, each with the value that its absence stands for. */
function uniqueKeys(text: string): readonly (readonly [string, string])[] {
  if (text === "") return [];
  return text.slice(" by ".length).split(", ").map((key) => {
    const [name = "", standard = ""] = key.split("=");
    return [name, standard];
  });
}

function intOrString(more: StructuralSchema): StructuralSchema {
  return {
    anyOf: [{ type: "integer" }, { type: "string" }],
    "x-kubernetes-int-or-string": true,
    ...more,
  };
}
