import type { KubeObject } from "#base";
import { Type } from "@sinclair/typebox";
import { READING_MEMBERS, SHARED_MEMBERS } from "./component_spec.ts";
import { freeForm, int32, optional, text, type Value } from "./schema.ts";
import type { ComponentStatus } from "./status.ts";
import { InputSchema } from "./topics.ts";

/** Schema of {@linkcode SinkSpec}. */
export const SinkSpecSchema = Type.Object({
  ...SHARED_MEMBERS,
  ...READING_MEMBERS,
  sinkType: optional(text("Not read")),
  sinkConfig: optional(freeForm("Configuration of the connector")),
  input: optional(InputSchema),
  negativeAckRedeliveryDelayMs: optional(
    int32("Milliseconds before a refused message comes again"),
  ),
}, { description: "What the sink is and how it runs" });

/** `spec` of a Sink. */
export type SinkSpec = Value<typeof SinkSpecSchema>;
/** A Sink: brings data from topics elsewhere. */
export interface SinkResource extends KubeObject {
  readonly kind: "Sink";
  readonly spec: SinkSpec;
  readonly status?: ComponentStatus;
}
