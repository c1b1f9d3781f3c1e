import type {
  ConsumerConfig,
  CryptoConfig,
  DefaultedComponent,
  DefaultedFunction,
  DefaultedSink,
  DefaultedSource,
  Input,
  Output,
  ProducerConfig,
} from "#api";
import { isPlainObject } from "#base";
import { type ConnectorOverride, sinkOverride, sourceOverride } from "./connector.ts";
import { unsigned64 } from "./details_parts.ts";
import { withoutInternals } from "./internals.ts";
import { goJson, sortedEntries, sortedMap } from "./json_text.ts";
import { known, message } from "./proto.ts";
import { entryOf, type Part } from "./tidy.ts";

const BATCH_CLASS = "org.apache.pulsar.functions.source.batch.BatchSourceExecutor";
/** Names of a proto enum; its first value is left out. */
const FAILURE_ACTIONS = { DISCARD: "DISCARD", CONSUME: "CONSUME", SEND: "SEND" };
const COMPRESSIONS = { NONE: "NONE", ZLIB: "ZLIB", ZSTD: "ZSTD", SNAPPY: "SNAPPY" };

/** Where an instance reads: `source` of the function details. */
export function sourceDetails(component: DefaultedComponent): Part {
  if (component.kind === "Source") return connectorSource(component);
  const { spec } = component;
  const override = component.kind === "Function"
    ? sourceOverride(component.spec.sourceConfig)
    : undefined;
  // A Function's delay before a refused message comes again is its timeout.
  const delay = component.kind === "Sink"
    ? component.spec.negativeAckRedeliveryDelayMs
    : spec.timeout;
  return message({
    ...overridden(override),
    typeClassName: spec.input.typeClassName || override?.typeClassName,
    subscriptionType: subscriptionType(spec),
    inputSpecs: inputSpecs(spec.input),
    timeoutMs: unsignedText(spec.timeout),
    builtin: override?.builtin,
    subscriptionName: spec.subscriptionName,
    cleanupSubscription: spec.cleanupSubscription,
    subscriptionPosition: spec.subscriptionPosition === "latest" ? "" : "EARLIEST",
    negativeAckRedeliveryDelayMs: unsignedText(delay),
    skipToLatest: component.kind === "Function" ? component.spec.skipToLatest : false,
  });
}

/** A Source's connector; of a batch source, the executor that runs it. */
function connectorSource({ spec }: DefaultedSource): Part {
  const { batchSourceConfig, output } = spec;
  const own = withoutInternals(spec.sourceConfig);
  if (!batchSourceConfig) {
    return message({
      className: spec.className,
      configs: own ? goJson(own) : "",
      typeClassName: output.typeClassName,
    });
  }
  const { discoveryTriggererClassName, discoveryTriggererConfig } = batchSourceConfig;
  const batch = new Map<string, unknown>([
    ["discoveryTriggererClassName", discoveryTriggererClassName],
    ["discoveryTriggererConfig", discoveryTriggererConfig ?? undefined],
  ]);
  const configs = {
    ...own,
    __BATCHSOURCECONFIGS__: goJson(batch),
    __BATCHSOURCECLASSNAME__: spec.className ?? "",
  };
  return message({
    className: BATCH_CLASS,
    configs: goJson(configs),
    typeClassName: output.typeClassName,
  });
}

/** Where an instance writes: `sink` of the function details. */
export function sinkDetails(component: DefaultedComponent): Part {
  if (component.kind === "Sink") return connectorSink(component);
  const { output, forwardSourceMessageProperty } = component.spec;
  const override = component.kind === "Function"
    ? sinkOverride(component.spec.sinkConfig)
    : undefined;
  return message({
    ...overridden(override),
    typeClassName: output.typeClassName || override?.typeClassName,
    topic: output.topic,
    producerSpec: output.producerConf && producerSpec(output.producerConf),
    serDeClassName: output.sinkSerdeClassName,
    builtin: override?.builtin,
    schemaType: output.sinkSchemaType,
    forwardSourceMessageProperty,
    ...(component.kind === "Function" ? outputProperties(output) : {}),
  });
}

function connectorSink({ spec }: DefaultedSink): Part {
  return message({
    className: spec.className,
    configs: spec.sinkConfig ? goJson(spec.sinkConfig) : "",
    typeClassName: spec.input.typeClassName,
  });
}

function overridden(override: ConnectorOverride | undefined): Part {
  return { className: override?.className, configs: override?.configs };
}

/** How the runner subscribes, as Pulsar calls it; empty for shared. */
export function subscriptionType(spec: DefaultedFunction["spec"] | DefaultedSink["spec"]): string {
  if (spec.retainOrdering === true || spec.processingGuarantee === "effectively_once") {
    return "FAILOVER";
  }
  return spec.retainKeyOrdering === true ? "KEY_SHARED" : "";
}

/**
 * How each topic is read. A topic that is named in several places is read as the last of them says: `topics`,
 * `topicPattern`, `customSerdeSources`, `customSchemaSources`, `sourceSpecs`.
 */
export function inputSpecs(input: Input): Map<string, Part> | undefined {
  const specs: [string, Part][] = [
    ...(input.topics ?? []).map((topic): [string, Part] => [topic, {}]),
    ...(input.topicPattern
      ? [[input.topicPattern, { isRegexPattern: true }] as [string, Part]]
      : []),
    ...sortedEntries(input.customSerdeSources).map((
      [topic, serdeClassName],
    ): [string, Part] => [topic, message({ serdeClassName })]),
    ...sortedEntries(input.customSchemaSources).map((
      [topic, schemaType],
    ): [string, Part] => [topic, message({ schemaType })]),
    ...sortedEntries(input.sourceSpecs).map((
      [topic, consumer],
    ): [string, Part] => [topic, consumerSpec(consumer)]),
  ];
  return sortedMap(Object.fromEntries(specs));
}

function consumerSpec(consumer: ConsumerConfig): Part {
  const size = consumer.receiverQueueSize;
  return message({
    schemaType: consumer.schemaType,
    serdeClassName: consumer.serdeClassname,
    isRegexPattern: consumer.isRegexPattern,
    receiverQueueSize: size === undefined || size === null ? undefined : message({ value: size }),
    schemaProperties: sortedMap(consumer.schemaProperties),
    consumerProperties: sortedMap(consumer.consumerProperties),
    cryptoSpec: consumer.cryptoConfig && cryptoSpec(consumer.cryptoConfig),
  });
}

function cryptoSpec(crypto: CryptoConfig): Part {
  return message({
    cryptoKeyReaderClassName: crypto.cryptoKeyReaderClassName,
    cryptoKeyReaderConfig: crypto.cryptoKeyReaderConfig ? goJson(crypto.cryptoKeyReaderConfig) : "",
    producerEncryptionKeyName: crypto.encryptionKeys,
    producerCryptoFailureAction: known(FAILURE_ACTIONS, crypto.producerCryptoFailureAction),
    consumerCryptoFailureAction: known(FAILURE_ACTIONS, crypto.consumerCryptoFailureAction),
  });
}

function producerSpec(producer: ProducerConfig): Part {
  return message({
    maxPendingMessages: producer.maxPendingMessages,
    maxPendingMessagesAcrossPartitions: producer.maxPendingMessagesAcrossPartitions,
    useThreadLocalProducers: producer.useThreadLocalProducers,
    cryptoSpec: producer.cryptoConfig && cryptoSpec(producer.cryptoConfig),
    batchBuilder: producer.batchBuilder,
    compressionType: known(COMPRESSIONS, producer.compressionType),
  });
}

/** Properties of the output's schema and of its consumers, which `customSchemaSinks` holds as JSON of the topic. */
function outputProperties(output: Output): Part {
  const text = entryOf(output.customSchemaSinks, output.topic || undefined);
  if (text === undefined) return {};
  const settings = parsedObject(text);
  return {
    schemaProperties: sortedMap(texts(memberOf(settings, "schemaProperties"))),
    consumerProperties: sortedMap(texts(memberOf(settings, "consumerProperties"))),
  };
}

/** What cannot be parsed says nothing: `problems()` reports it, the reference operator ignores it. */
function parsedObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return isPlainObject(parsed) ? parsed : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** A member whose name may be written in any case. */
function memberOf(object: Readonly<Record<string, unknown>>, name: string): unknown {
  const matching = Object.keys(object).filter((key) => key.toLowerCase() === name.toLowerCase());
  const last = matching.at(-1);
  return last === undefined ? undefined : object[last];
}

function texts(value: unknown): Record<string, string> {
  const entries = Object.entries(isPlainObject(value) ? value : {});
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function unsignedText(value: number | undefined): string {
  return value === undefined || value === 0 ? "" : unsigned64(value).toString();
}
