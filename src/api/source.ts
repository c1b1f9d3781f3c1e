import type { KubeObject } from "#base";
import { Type } from "@sinclair/typebox";
import { BatchSourceSchema, SHARED_MEMBERS } from "./component_spec.ts";
import { flag, freeForm, optional, text, type Value } from "./schema.ts";
import type { ComponentStatus } from "./status.ts";
import { OutputSchema } from "./topics.ts";

/** Schema of {@linkcode SourceSpec}. */
export const SourceSpecSchema = Type.Object({
  ...SHARED_MEMBERS,
  sourceType: optional(text("Not read")),
  sourceConfig: optional(freeForm("Configuration of the connector")),
  batchSourceConfig: optional(BatchSourceSchema),
  output: optional(OutputSchema),
  forwardSourceMessageProperty: optional(flag("Forward message properties (default true)")),
}, { description: "What the source is and how it runs" });

/** `spec` of a Source. */
export type SourceSpec = Value<typeof SourceSpecSchema>;
/** A Source: brings data from elsewhere to a topic. */
export interface SourceResource extends KubeObject {
  readonly kind: "Source";
  readonly spec: SourceSpec;
  readonly status?: ComponentStatus;
}
