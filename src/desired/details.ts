import {
  approximateValue,
  type DefaultedComponent,
  type DefaultedFunction,
  parseQuantity,
  type Quantity,
} from "#api";
import { deadLetterTopic, logTopicOf, parallelism, type ReadingSpec } from "./details_parts.ts";
import { sinkDetails, sourceDetails } from "./details_topics.ts";
import { withoutInternals } from "./internals.ts";
import { goJson, protoJson, sortedEntries } from "./json_text.ts";
import { known, message } from "./proto.ts";
import type { Part } from "./tidy.ts";

const IDENTITY_CLASS = "org.apache.pulsar.functions.api.utils.IdentityFunction";
const WINDOW_CLASS = "org.apache.pulsar.functions.windowing.WindowFunctionExecutor";
const GUARANTEES: Readonly<Record<string, string>> = {
  atmost_once: "ATMOST_ONCE",
  effectively_once: "EFFECTIVELY_ONCE",
  manual: "MANUAL",
};

/**
 * What an instance is told about itself: `--function_details`, Pulsar's FunctionDetails as JSON.
 * Members that have their default value are left out, the others come in the order of the message's definition.
 */
export function functionDetails(component: DefaultedComponent): string {
  const { spec } = component;
  return protoJson(message({
    tenant: spec.tenant,
    namespace: spec.namespace,
    name: spec.name,
    className: className(component),
    logTopic: component.kind === "Function" ? logTopicOf(spec) : "",
    processingGuarantees: known(GUARANTEES, spec.processingGuarantee),
    userConfig: userConfig(component),
    secretsMap: spec.secretsMap ? secretsJson(spec.secretsMap) : "",
    runtime: component.kind === "Function" ? runtimeOf(component) : "",
    autoAck: component.kind === "Source" ? true : component.spec.autoAck,
    parallelism: parallelism(spec),
    source: sourceDetails(component),
    sink: sinkDetails(component),
    resources: resources(spec.resources?.requests),
    retryDetails: component.kind === "Source" ? undefined : retryDetails(component.spec),
    runtimeFlags: spec.runtimeFlags,
    componentType: component.kind.toUpperCase(),
    retainOrdering: component.kind === "Source" ? false : component.spec.retainOrdering,
    retainKeyOrdering: component.kind === "Source" ? false : component.spec.retainKeyOrdering,
  }));
}

function className(component: DefaultedComponent): string {
  if (component.kind !== "Function") return IDENTITY_CLASS;
  return component.spec.windowConfig ? WINDOW_CLASS : component.spec.className ?? "";
}

/** Generic runtimes are told that they are Java, the default. */
function runtimeOf({ spec }: DefaultedFunction): string {
  return spec.golang ? "GO" : spec.python ? "PYTHON" : "";
}

/** The user's configuration as text: a Function's with its window, a Source's once more beside its connector. */
function userConfig(component: DefaultedComponent): string {
  switch (component.kind) {
    case "Function":
      return functionConfig(component);
    case "Source":
      return sourceConfigText(component.spec.sourceConfig);
    case "Sink":
      return "";
  }
}

function sourceConfigText(config: Parameters<typeof withoutInternals>[0]): string {
  const own = withoutInternals(config);
  return own ? goJson(own) : "";
}

function functionConfig({ spec }: DefaultedFunction): string {
  const { windowConfig } = spec;
  const funcConfig = withoutInternals(spec.funcConfig);
  if (!windowConfig) return funcConfig ? goJson(funcConfig) : "";
  const window = {
    actualWindowFunctionClassName: spec.className ?? "",
    windowLengthCount: windowConfig.windowLengthCount,
    windowLengthDurationMs: windowConfig.windowLengthDurationMs,
    slidingIntervalCount: windowConfig.slidingIntervalCount,
    slidingIntervalDurationMs: windowConfig.slidingIntervalDurationMs,
    lateDataTopic: windowConfig.lateDataTopic || undefined,
    maxLagMs: windowConfig.maxLagMs,
    watermarkEmitIntervalMs: windowConfig.watermarkEmitIntervalMs,
    timestampExtractorClassName: windowConfig.timestampExtractorClassName || undefined,
    processingGuarantees: windowConfig.processingGuarantees || undefined,
  };
  const given = Object.entries(window).filter(([, value]) => value !== undefined && value !== null);
  return goJson({ ...funcConfig, __WINDOWCONFIGS__: new Map<string, unknown>(given) });
}

function secretsJson(secrets: NonNullable<DefaultedComponent["spec"]["secretsMap"]>): string {
  const entries = sortedEntries(secrets).map(([name, { path, key }]) =>
    [
      name,
      new Map([["path", path], ["key", key]].filter((entry) => !!entry[1]) as [string, string][]),
    ] as const
  );
  return goJson(new Map(entries));
}

function resources(requests: Readonly<Record<string, Quantity>> | undefined): Part {
  const amount = (name: string) => {
    const quantity = requests?.[name];
    const parsed = quantity === undefined ? undefined : parseQuantity(quantity);
    return parsed === undefined ? 0 : approximateValue(parsed);
  };
  const whole = (name: string) => {
    const value = Math.trunc(amount(name));
    return value === 0 ? "" : BigInt(value).toString();
  };
  return message({ cpu: amount("cpu"), ram: whole("memory"), disk: whole("storage") });
}

function retryDetails(spec: ReadingSpec): Part | undefined {
  const topic = deadLetterTopic(spec);
  const retries = spec.maxMessageRetry ?? 0;
  if (retries <= 0 && topic === "") return undefined;
  return message({ maxMessageRetries: retries, deadLetterTopic: topic });
}
