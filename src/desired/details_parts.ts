import type { DefaultedComponent, DefaultedFunction, DefaultedSink } from "#api";

/** A spec whose kind reads topics. */
export type ReadingSpec = DefaultedFunction["spec"] | DefaultedSink["spec"];

/** The number of instances that an instance is told: one, unless the resource asks for the truth. */
export function parallelism(spec: DefaultedComponent["spec"]): number {
  return spec.showPreciseParallelism === true ? spec.replicas : 1;
}

/** The log topic that the runtime itself writes to: none where a sidecar does. */
export function logTopicOf(spec: DefaultedComponent["spec"]): string {
  return spec.logTopicAgent === "sidecar" ? "" : spec.logTopic ?? "";
}

/** Where messages go that are given up: the named topic, or one made from the function's name when there are retries. */
export function deadLetterTopic(spec: ReadingSpec): string {
  if (spec.deadLetterTopic) return spec.deadLetterTopic;
  // A subscription of the user's own has a dead letter topic of its own in Pulsar.
  const ownName = !spec.subscriptionName || spec.subscriptionName.includes("\\");
  if ((spec.maxMessageRetry ?? 0) <= 0 || !ownName) return "";
  return `${spec.tenant}-${spec.namespace}-${spec.name}-DLQ`;
}

/** A number as an unsigned 64-bit integer: negative ones wrap, as the reference operator's do. */
export function unsigned64(value: number): bigint {
  return BigInt.asUintN(64, BigInt(Math.trunc(value)));
}
