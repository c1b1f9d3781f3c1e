import type { KubeObject } from "#base";
import { Type } from "@sinclair/typebox";
import { BatchSourceSchema, READING_MEMBERS, SHARED_MEMBERS } from "./component_spec.ts";
import {
  choice,
  embedded,
  flag,
  freeForm,
  int32,
  int64,
  list,
  optional,
  text,
  type Value,
} from "./schema.ts";
import type { ComponentStatus } from "./status.ts";
import { InputSchema, OutputSchema } from "./topics.ts";

/** Schema of {@linkcode WindowConfig}. */
export const WindowConfigSchema = Type.Object({
  actualWindowFunctionClassName: optional(text("Not read: the function's className is used")),
  windowLengthCount: optional(int32("Length in messages")),
  windowLengthDurationMs: optional(int64("Length in milliseconds")),
  slidingIntervalCount: optional(int32("Slide in messages")),
  slidingIntervalDurationMs: optional(int64("Slide in milliseconds")),
  lateDataTopic: optional(text("Topic of late messages")),
  maxLagMs: optional(int64("Milliseconds that a message may be late")),
  watermarkEmitIntervalMs: optional(int64("Milliseconds between watermarks")),
  timestampExtractorClassName: optional(text("Class that reads a message's time")),
  processingGuarantees: optional(
    choice("Delivery semantics of the window", ["ATLEAST_ONCE", "ATMOST_ONCE"]),
  ),
}, { description: "Makes the function a window function" });

/** Schema of {@linkcode FunctionSpec}. */
export const FunctionSpecSchema = Type.Object({
  ...SHARED_MEMBERS,
  ...READING_MEMBERS,
  input: optional(InputSchema),
  output: optional(OutputSchema),
  funcConfig: optional(freeForm("Configuration that the function reads")),
  sourceConfig: optional(
    Type.Object({
      sourceType: optional(text("Name of a built-in source")),
      className: optional(text("Class of the source")),
      typeClassName: optional(text("Type of its messages")),
      configs: optional(freeForm("Configuration of the source")),
      batchSourceConfig: optional(BatchSourceSchema),
    }, { description: "A source in place of input topics" }),
  ),
  sinkConfig: optional(
    Type.Object({
      sinkType: optional(text("Name of a built-in sink")),
      className: optional(text("Class of the sink")),
      typeClassName: optional(text("Type of its messages")),
      configs: optional(freeForm("Configuration of the sink")),
    }, { description: "A sink in place of the output topic" }),
  ),
  forwardSourceMessageProperty: optional(flag("Forward message properties (default true)")),
  maxPendingAsyncRequests: optional(int32("Asynchronous requests that may wait (default 1000)")),
  skipToLatest: optional(flag("Skip to the latest message at start")),
  windowConfig: optional(WindowConfigSchema),
  volumeClaimTemplates: optional(
    list(
      "core/v1 PersistentVolumeClaim of the StatefulSet; fixed at creation",
      embedded("PersistentVolumeClaim"),
    ),
  ),
  persistentVolumeClaimRetentionPolicy: optional(
    Type.Object({
      whenDeleted: optional(text("Retain or Delete")),
      whenScaled: optional(text("Retain or Delete")),
    }, { description: "What becomes of the claims" }),
  ),
}, { description: "What the function is and how it runs" });

/** `spec.windowConfig`. */
export type WindowConfig = Value<typeof WindowConfigSchema>;
/** `spec` of a Function. */
export type FunctionSpec = Value<typeof FunctionSpecSchema>;
/** A Function: reads topics, computes, writes a topic. */
export interface FunctionResource extends KubeObject {
  readonly kind: "Function";
  readonly spec: FunctionSpec;
  readonly status?: ComponentStatus;
}
