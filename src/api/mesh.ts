import type { KubeObject } from "#base";
import { Type } from "@sinclair/typebox";
import { FunctionSpecSchema } from "./function.ts";
import { list, optional, type Value } from "./schema.ts";
import { SinkSpecSchema } from "./sink.ts";
import { SourceSpecSchema } from "./source.ts";
import type { MeshStatus } from "./status.ts";

/** Schema of {@linkcode MeshSpec}. */
export const MeshSpecSchema = Type.Object({
  functions: optional(list("Specs of the Functions, each with a name", FunctionSpecSchema)),
  sources: optional(list("Specs of the Sources, each with a name", SourceSpecSchema)),
  sinks: optional(list("Specs of the Sinks, each with a name", SinkSpecSchema)),
}, { description: "The components of the mesh" });

/** `spec` of a FunctionMesh. */
export type MeshSpec = Value<typeof MeshSpecSchema>;
/** A FunctionMesh: Functions, Sources and Sinks that are kept together. */
export interface FunctionMesh extends KubeObject {
  readonly kind: "FunctionMesh";
  readonly spec: MeshSpec;
  readonly status?: MeshStatus;
}
