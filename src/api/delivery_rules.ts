import type { Problem } from "#base";
import type { FunctionSpec, WindowConfig } from "./function.ts";
import { at, when } from "./rule.ts";
import type { SinkSpec } from "./sink.ts";
import type { SourceSpec } from "./source.ts";

/** How often a message is delivered: what does not go together. */
export function deliveryProblems(spec: FunctionSpec | SinkSpec): Problem[] {
  const once = spec.processingGuarantee === "effectively_once";
  const retries = spec.maxMessageRetry ?? 0;
  return [
    ...when(
      once && (spec.timeout ?? 0) !== 0,
      at("timeout", "does not go with effectively_once; remove it or change processingGuarantee"),
    ),
    ...when(
      once && retries > 0,
      at(
        "maxMessageRetry",
        "does not go with effectively_once; remove it or change processingGuarantee",
      ),
    ),
    ...when(
      retries <= 0 && Boolean(spec.deadLetterTopic),
      at(
        "maxMessageRetry",
        "is not above 0, so no message ever reaches deadLetterTopic; give a number of retries or remove deadLetterTopic",
      ),
    ),
  ];
}

const ONE_AT_A_TIME =
  "is not 1: with effectively_once results may be lost when an instance ends, as the next one puts those that the broker " +
  "has into one batch with new ones, of which the broker takes none; give 1, which sends each alone";

/**
 * Where an effectively-once instance may lose results when it ends. The broker judges a batch by its first message; Pulsar's
 * client keeps what was sent before apart from what is new (apache/pulsar#6273), but not in its first batch, as a new
 * producer takes nothing for sent before. Pulsar 4.0 has no other way to do without batches.
 */
export function batchWarnings(spec: FunctionSpec | SourceSpec): readonly Problem[] {
  const { java, output, processingGuarantee } = spec;
  // A connector takes the results of a function that has one.
  const isProducer = Boolean(output?.topic) && !("sinkConfig" in spec);
  const isAtRisk = processingGuarantee === "effectively_once" && java !== undefined &&
    isProducer && output?.producerConf?.maxPendingMessages !== 1;
  return when(isAtRisk, at("output.producerConf.maxPendingMessages", ONE_AT_A_TIME));
}

/** In which order messages come. */
export function orderingProblems(spec: FunctionSpec): Problem[] {
  return [
    ...when(
      spec.retainKeyOrdering === true && spec.processingGuarantee === "effectively_once",
      at(
        "retainKeyOrdering",
        "does not go with effectively_once; remove it or change processingGuarantee",
      ),
    ),
    ...bothOrderings(spec),
  ];
}

/** Both orderings at once: refused for a Function, only said for a Sink, as in the reference (W-39). */
export function bothOrderings(spec: FunctionSpec | SinkSpec): readonly Problem[] {
  return when(
    spec.retainKeyOrdering === true && spec.retainOrdering === true,
    at("retainKeyOrdering", "does not go with retainOrdering; keep one of them"),
  );
}

/**
 * The window as its author wrote it, before defaults: one length, and nothing that is not positive.
 * Lag and watermark count only where a timestamp extractor reads them.
 */
export function windowProblems(window: WindowConfig | undefined): Problem[] {
  if (window === undefined) return [];
  const { windowLengthCount, windowLengthDurationMs } = window;
  const timed = Boolean(window.timestampExtractorClassName);
  const positive: readonly (keyof WindowConfig)[] = [
    "windowLengthCount",
    "windowLengthDurationMs",
    "slidingIntervalCount",
    "slidingIntervalDurationMs",
    ...(timed ? ["maxLagMs", "watermarkEmitIntervalMs"] as const : []),
  ];
  return [
    ...when(
      windowLengthCount === undefined && windowLengthDurationMs === undefined,
      at("windowConfig", "has no length; give windowLengthCount or windowLengthDurationMs"),
    ),
    ...when(
      windowLengthCount !== undefined && windowLengthDurationMs !== undefined,
      at("windowConfig", "has two lengths; keep windowLengthCount or windowLengthDurationMs"),
    ),
    ...positive.flatMap((member) => {
      const value = window[member];
      return when(
        typeof value === "number" && value <= 0,
        at(`windowConfig.${member}`, `${value} is not positive; give 1 or more`),
      );
    }),
  ];
}
