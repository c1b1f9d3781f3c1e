/** The few schema shapes that the API is made of. Everything else in this room is built from these. */
import type { JsonObject } from "#base";
import type { KubernetesType } from "./kubernetes_schema.ts";
import { QUANTITY_PATTERN } from "./open_api.ts";
import { DURATION_PATTERN } from "./duration.ts";
import {
  type Static,
  type TInteger,
  type TOptional,
  type TSchema,
  type TUnsafe,
  Type,
} from "@sinclair/typebox";

/**
 * The type of a schema's values, deeply readonly: objects of the API are never changed in place.
 * Free-form JSON stays {@linkcode JsonObject}.
 */
export type Frozen<T> = T extends readonly (infer Item)[] ? readonly Frozen<Item>[]
  : T extends object
    ? string extends keyof T
      ? JsonObject extends T ? Readonly<T> : Readonly<Record<string, Frozen<T[keyof T]>>>
    : { readonly [Name in keyof T]: Frozen<T[Name]> }
  : T;

/** The readonly type of a schema's values. */
export type Value<S extends TSchema> = Frozen<Static<S>>;

/** A quantity as Kubernetes takes it: `500m`, `1Gi`, or a plain number. */
export type Quantity = string | number;

/** A member that may be left out. */
export function optional<S extends TSchema>(schema: S): TOptional<S> {
  return Type.Optional(schema) as TOptional<S>;
}

/** A text. */
export function text(
  description: string,
  limits: { readonly minLength?: number; readonly maxLength?: number } = {},
): ReturnType<typeof Type.String> {
  return Type.String({ description, ...limits });
}

/** A time span as Go writes it: `1h30m`. What is longer than this means no time span any more. */
export function duration(
  description: string,
  initial: { readonly default?: string } = {},
): ReturnType<typeof Type.String> {
  return Type.String({ description, ...initial, maxLength: 64, pattern: DURATION_PATTERN });
}

/** A time in RFC 3339. */
export function time(description: string): TUnsafe<string> {
  return Type.Unsafe<string>({ type: "string", format: "date-time", description });
}

/** True or false. */
export function flag(description: string): ReturnType<typeof Type.Boolean> {
  return Type.Boolean({ description });
}

/** A 32-bit integer. */
export function int32(
  description: string,
  limits: { readonly minimum?: number; readonly default?: number } = {},
): TInteger {
  return Type.Integer({ format: "int32", description, ...limits });
}

/** A 64-bit integer. */
export function int64(description: string): TInteger {
  return Type.Integer({ format: "int64", description });
}

/** One of a few words. */
export function choice<const Word extends string>(
  description: string,
  words: readonly Word[],
): TUnsafe<Word> {
  return Type.Unsafe<Word>({ type: "string", enum: [...words], description });
}

/** A list of `items`. */
export function list<S extends TSchema>(
  description: string,
  items: S,
  limits: { readonly maxItems?: number } = {},
): ReturnType<typeof Type.Array<S>> {
  return Type.Array(items, { description, ...limits });
}

/** Names of any kind to values of one kind. */
export function map<S extends TSchema>(
  description: string,
  values: S,
  limits: { readonly maxProperties?: number } = {},
): TUnsafe<Record<string, Static<S>>> {
  return Type.Unsafe<Record<string, Static<S>>>({
    type: "object",
    additionalProperties: values,
    description,
    ...limits,
  });
}

/** Any JSON object; nothing in it is pruned. */
export function freeForm(description: string): TUnsafe<JsonObject> {
  return Type.Unsafe<JsonObject>({
    type: "object",
    "x-kubernetes-preserve-unknown-fields": true,
    description,
  });
}

/** An embedded Kubernetes type, with the schema that Kubernetes gives it. */
export function embedded(type: KubernetesType, description = ""): TUnsafe<JsonObject> {
  return Type.Unsafe<JsonObject>({ type: "object", kubernetesType: type, description });
}

/** A map of quantities by resource name. */
export function quantities(description: string): TUnsafe<Record<string, Quantity>> {
  return map(
    description,
    Type.Unsafe<Quantity>({
      anyOf: [{ type: "integer" }, { type: "string" }],
      pattern: QUANTITY_PATTERN,
      "x-kubernetes-int-or-string": true,
    }),
  );
}
