import { type Component, isComponent, withDefaults } from "#api";
import { isPlainObject } from "#base";
import { functionDetails } from "#desired";
import { importedFolder } from "#import";
import { assert, assertEquals } from "@std/assert";
import { comparable, type Details } from "../unit/import/pulsar_answers.ts";
import { goldenCases } from "./golden_cases.ts";

type Members = Readonly<Record<string, unknown>>;

const BATCH_CLASS = "org.apache.pulsar.functions.source.batch.BatchSourceExecutor";

/** What a functions worker would answer of a component that it runs with these details. */
function answerOf(details: Details): Members {
  const { name, namespace, resources, retryDetails, sink, source, tenant } = details;
  const kind = details.componentType;
  const shared = {
    ...{ tenant, namespace, name, parallelism: details.parallelism ?? 1 },
    processingGuarantees: details.processingGuarantees ?? "ATLEAST_ONCE",
    secrets: parsed(details.secretsMap),
    runtimeFlags: details.runtimeFlags,
    resources: { cpu: resources?.cpu, ram: Number(resources?.ram ?? 0) },
    logTopic: details.logTopic,
  };
  const reading = {
    inputSpecs: consumers(source.inputSpecs ?? {}),
    autoAck: details.autoAck ?? false,
    maxMessageRetries: retryDetails?.maxMessageRetries,
    deadLetterTopic: retryDetails?.deadLetterTopic,
    retainOrdering: details.retainOrdering ?? false,
    retainKeyOrdering: details.retainKeyOrdering ?? false,
    timeoutMs: source["timeoutMs"] === undefined ? undefined : Number(source["timeoutMs"]),
    cleanupSubscription: source["cleanupSubscription"] ?? false,
  };
  const position = source["subscriptionPosition"] === "EARLIEST" ? "Earliest" : "Latest";
  const producerConfig = producer(sink["producerSpec"]);
  if (kind === "SINK") {
    const delay = source["negativeAckRedeliveryDelayMs"];
    return {
      ...{ ...shared, ...reading, className: sink["className"], configs: parsed(sink["configs"]) },
      sourceSubscriptionName: source["subscriptionName"],
      sourceSubscriptionPosition: position,
      negativeAckRedeliveryDelayMs: delay === undefined ? undefined : Number(delay),
    };
  }
  if (kind === "SOURCE") return { ...shared, producerConfig, ...sourceAnswer(details) };
  const { __WINDOWCONFIGS__: windowConfig, ...userConfig } = parsed(details.userConfig) ?? {};
  const window = isPlainObject(windowConfig) ? windowConfig : undefined;
  return {
    ...{ ...shared, ...reading, producerConfig, userConfig, windowConfig: window },
    className: window?.["actualWindowFunctionClassName"] ?? details.className,
    ...(window === undefined ? {} : { processingGuarantees: window["processingGuarantees"] }),
    runtime: details.runtime ?? "JAVA",
    subName: source["subscriptionName"],
    subscriptionPosition: position,
    skipToLatest: source["skipToLatest"],
    ...{ output: sink["topic"], outputSerdeClassName: sink["serDeClassName"] },
    outputSchemaType: sink["schemaType"],
    customSchemaOutputs: typeof sink["topic"] === "string"
      ? { [sink["topic"]]: JSON.stringify(schemaSettings(sink)) }
      : undefined,
    ...(sink["forwardSourceMessageProperty"] === true ? { forwardSourceMessageProperty: true } : {}),
  };
}

/** What only a source has. */
function sourceAnswer({ sink, source }: Details): Members {
  const { __BATCHSOURCECLASSNAME__: batchClass, __BATCHSOURCECONFIGS__: batch, ...configs } =
    parsed(source["configs"]) ?? {};
  return {
    configs,
    className: source["className"] === BATCH_CLASS ? batchClass : source["className"],
    ...(batch === undefined ? {} : { batchSourceConfig: parsed(batch) }),
    ...{ topicName: sink["topic"], serdeClassName: sink["serDeClassName"] },
    schemaType: sink["schemaType"],
  };
}

function schemaSettings({ consumerProperties, schemaProperties }: Members): Members {
  return { consumerProperties, schemaProperties };
}

function parsed(text: unknown): Record<string, unknown> | undefined {
  return typeof text === "string" && text !== "" ? JSON.parse(text) : undefined;
}

function consumers(specs: Readonly<Record<string, Members>>): Members {
  return Object.fromEntries(
    Object.entries(specs).map(([topic, spec]) => {
      const { cryptoSpec, isRegexPattern, receiverQueueSize: size, ...others } = spec;
      return [topic, {
        ...others,
        regexPattern: isRegexPattern ?? false,
        ...(isPlainObject(size) ? { receiverQueueSize: size["value"] ?? 0 } : {}),
        ...(isPlainObject(cryptoSpec) ? { cryptoConfig: crypto(cryptoSpec) } : {}),
      }];
    }),
  );
}

function crypto(spec: Members): Members {
  const { cryptoKeyReaderConfig, producerEncryptionKeyName, ...others } = spec;
  return {
    ...others,
    encryptionKeys: producerEncryptionKeyName,
    cryptoKeyReaderConfig: parsed(cryptoKeyReaderConfig),
  };
}

function producer(spec: unknown): Members | undefined {
  if (!isPlainObject(spec)) return undefined;
  const { cryptoSpec, ...others } = spec;
  return { ...others, ...(isPlainObject(cryptoSpec) ? { cryptoConfig: crypto(cryptoSpec) } : {}) };
}

/** What an import says for sure that the worker leaves to a default. */
function asImported(details: Details): Details {
  const { componentType, name, namespace, source, tenant } = details;
  if (componentType === "SOURCE") {
    // A worker says so of every source.
    return { ...details, sink: { ...details.sink, forwardSourceMessageProperty: true } };
  }
  const subscriptionName = source["subscriptionName"] ?? `${tenant}/${namespace}/${name}`;
  const said = { ...details, source: { ...source, subscriptionName } };
  const { __WINDOWCONFIGS__: window, ...others } = parsed(details.userConfig) ?? {};
  if (!isPlainObject(window)) return said;
  // A worker runs every window so, and keeps in the window what was asked for.
  const { slidingIntervalCount, slidingIntervalDurationMs } = window;
  const guarded = { processingGuarantees: "ATLEAST_ONCE", ...window };
  const __WINDOWCONFIGS__ = { ...guarded, slidingIntervalCount, slidingIntervalDurationMs };
  return {
    ...said,
    processingGuarantees: "MANUAL",
    userConfig: JSON.stringify({ ...others, __WINDOWCONFIGS__ }),
  };
}

/** Whether a worker could run it at all, and answer it. */
function isSayable(component: Component, details: Details): boolean {
  const { sink, source } = details;
  // A Function with a connector in it is none of Pulsar's.
  const isPlain = component.kind !== "Function" ||
    (source["className"] === undefined && sink["className"] === undefined &&
      source["configs"] === undefined && sink["configs"] === undefined &&
      source["builtin"] === undefined && sink["builtin"] === undefined);
  const retries = details.retryDetails;
  // Pulsar has no windows of that kind.
  const isOnce = details.processingGuarantees === "EFFECTIVELY_ONCE";
  if (isOnce && details.userConfig?.includes("__WINDOWCONFIGS__") === true) return false;
  return isPlain && details.parallelism !== undefined && (retries === undefined || (retries.maxMessageRetries ?? 0) > 0) &&
    /^[-=:.\w]+$/.test(details.name) && component.spec.runtimeFlags === undefined;
}

Deno.test("an import of what a worker would run for a golden case tells an instance the same", () => {
  let compared = 0;
  for (const { defaulted, input, name } of goldenCases()) {
    const object = defaulted ?? input;
    if (!isComponent(object)) continue;
    const details: Details = JSON.parse(functionDetails(withDefaults(object)));
    if (!isSayable(object, details)) continue;
    const { source, sink, namespace, tenant } = details;
    const found = {
      kind: object.kind,
      ...{ tenant, namespace, name: details.name, config: JSON.parse(JSON.stringify(answerOf(details))) },
      package: { types: { input: source.typeClassName ?? "", output: sink.typeClassName ?? "" } },
    };
    const { files } = importedFolder([found], [], { pulsarConfig: "pulsar" });
    const report = String(files.at(-1)?.content);
    // Credentials are left out, which is told.
    if (report.includes("looks like a credential") || report.includes("no reference to a Secret")) continue;
    const resource = files[0]?.content as Component;
    const ours: Details = JSON.parse(functionDetails(withDefaults(resource)));
    assertEquals(comparable(ours), comparable(asImported(details)), `${name}\n${report}`);
    compared++;
  }
  assert(compared > 200, `${compared} cases compared`);
});
