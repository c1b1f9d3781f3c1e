import { type DefaultedFunction, integerValue, parseQuantity, type Quantity } from "#api";
import { withoutInternals } from "./internals.ts";
import { goJson } from "./json_text.ts";
import { entryOf } from "./tidy.ts";
import { deadLetterTopic, logTopicOf, parallelism, unsigned64 } from "./details_parts.ts";

/** A piece of the configuration's text, or the name of a variable whose value belongs in its place. */
export type GoConfigPart = string | { readonly variable: string };

const GUARANTEES: Readonly<Record<string, number>> = {
  atleast_once: 0,
  atmost_once: 1,
  effectively_once: 2,
  manual: 3,
};

/** The configuration of a Go instance as JSON in which the pod's number and the broker's URL are open. */
export function goConfig(component: DefaultedFunction): readonly GoConfigPart[] {
  const id = goJson(`-${component.metadata.uid ?? ""}`).slice(1);
  return [
    `{"pulsarServiceURL":"`,
    { variable: "brokerServiceURL" },
    `","instanceID":`,
    { variable: "SHARD_ID" },
    `,"funcID":"`,
    { variable: "SHARD_ID" },
    `${id},${goJson(members(component)).slice(1)}`,
  ];
}

function members(component: DefaultedFunction): Map<string, unknown> {
  const { spec } = component;
  const requests = spec.resources?.requests;
  const funcConfig = withoutInternals(spec.funcConfig);
  return new Map<string, unknown>([
    ["funcVersion", "0"],
    ["maxBufTuples", 100],
    ["port", 9093],
    ["clusterName", spec.clusterName],
    ["killAfterIdleMs", 0],
    ["tenant", spec.tenant],
    ["nameSpace", spec.namespace],
    ["name", spec.name],
    ["logTopic", logTopicOf(spec)],
    ["processingGuarantees", entryOf(GUARANTEES, spec.processingGuarantee) ?? 0],
    ["secretsMap", ""],
    ["runtime", 3],
    ["autoAck", spec.autoAck],
    ["parallelism", parallelism(spec)],
    ["subscriptionType", 0],
    ["timeoutMs", unsigned64(spec.timeout ?? 0)],
    ["subscriptionName", spec.subscriptionName ?? ""],
    ["cleanupSubscription", spec.cleanupSubscription ?? false],
    // A Go instance reads one topic only.
    ["sourceSpecsTopic", spec.input.topics?.[0] ?? ""],
    ["sourceSchemaType", ""],
    ["isRegexPatternSubscription", Boolean(spec.input.topicPattern)],
    ["receiverQueueSize", 0],
    ["sinkSpecsTopic", spec.output.topic ?? ""],
    ["sinkSchemaType", ""],
    ["cpu", wholeUnits(requests?.["cpu"])],
    ["ram", wholeUnits(requests?.["memory"])],
    ["disk", wholeUnits(requests?.["storage"])],
    ["maxMessageRetries", spec.maxMessageRetry ?? 0],
    ["deadLetterTopic", deadLetterTopic(spec)],
    ["expectedHealthCheckInterval", -1],
    ["userConfig", funcConfig ? goJson(funcConfig) : ""],
    ["metricsPort", 9094],
  ]);
}

function wholeUnits(quantity: Quantity | undefined): bigint {
  const parsed = quantity === undefined ? undefined : parseQuantity(quantity);
  return parsed === undefined ? 0n : integerValue(parsed);
}
