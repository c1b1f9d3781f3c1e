import type { KubeObject } from "#base";
import { Type } from "@sinclair/typebox";
import { BacklogScalingSchema } from "./backlog_scaling.ts";
import { FunctionSpecSchema } from "./function.ts";
import { int32, list, optional, type Value } from "./schema.ts";
import { SinkSpecSchema } from "./sink.ts";
import { SourceSpecSchema } from "./source.ts";
import type { MeshStatus } from "./status.ts";

/** Schema of {@linkcode MeshSpec}. */
export const MeshSpecSchema = Type.Object({
  backlogScaling: optional(BacklogScalingSchema),
  maxReplicasTotal: optional(
    int32("Most replicas of all components together that follow their backlog", { minimum: 1 }),
  ),
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
