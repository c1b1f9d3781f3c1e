import type { FunctionSpec, ProducerConfig, WindowConfig } from "#api";
import type { Members } from "./members.ts";
import { functionRuntime } from "./runtime_spec.ts";
import { readingSpec, sharedSpec, type SpecContext } from "./shared_spec.ts";
import { given, inputOf, producerConfig } from "./topic_specs.ts";

/** `spec` of the Function that does what a function of Pulsar does. */
export function functionSpec(config: Members, context: SpecContext): FunctionSpec {
  const { found, id, notes } = context;
  const shared = sharedSpec(config, context);
  const window = windowConfig(config, shared.processingGuarantee);
  const types = {
    input: config.text("inputTypeClassName") ?? found.types?.input,
    output: config.text("outputTypeClassName") ?? found.types?.output,
  };
  const className = window?.className ?? shared.className;
  const runtime = functionRuntime(config, context, { ...shared, ...given({ className }) });
  if (runtime.java !== undefined && (types.input === undefined || types.output === undefined)) {
    notes.task(
      "typeClassName",
      "the types of its messages are known to the worker only: give input.typeClassName and " +
        "output.typeClassName, or the function gets bytes",
    );
  }
  const spec = {
    ...shared,
    ...runtime,
    className,
    ...readingSpec(config, {
      id,
      names: { subscription: "subName", position: "subscriptionPosition" },
      notes,
    }),
    input: inputOf(config, { serde: "customSerdeInputs", schema: "customSchemaInputs" }, {
      notes,
      typeClassName: types.input,
    }),
    output: outputOf(config, context, types.output),
    funcConfig: config.configuration("userConfig") as FunctionSpec["funcConfig"],
    // Pulsar answers it only where it is on.
    forwardSourceMessageProperty: config.flag("forwardSourceMessageProperty") ?? false,
    maxPendingAsyncRequests: config.integer("maxPendingAsyncRequests"),
    skipToLatest: config.flag("skipToLatest"),
    windowConfig: window?.config,
    // A window is acknowledged by what makes the windows, and that is what Pulsar calls it.
    processingGuarantee: window === undefined ? shared.processingGuarantee : "manual" as const,
  };
  if (config.flag("exposePulsarAdminClientEnabled") === true) {
    config.unsaid(
      "exposePulsarAdminClientEnabled",
      "cannot be said: its context has no admin client",
    );
  }
  return given(emptyLeftOut(spec)) as FunctionSpec;
}

/** Without a configuration in which nothing is. */
function emptyLeftOut<T extends { readonly funcConfig: unknown }>(spec: T): T {
  const { funcConfig } = spec;
  const isEmpty = typeof funcConfig === "object" && Object.keys(funcConfig ?? {}).length === 0;
  return isEmpty ? { ...spec, funcConfig: undefined } : spec;
}

function outputOf(
  config: Members,
  { notes }: SpecContext,
  typeClassName: string | undefined,
): FunctionSpec["output"] {
  return given({
    typeClassName,
    topic: config.text("output"),
    sinkSerdeClassName: config.text("outputSerdeClassName"),
    sinkSchemaType: config.text("outputSchemaType"),
    producerConf: unlessDefault(producerConfig(config, notes)),
    customSchemaSinks: config.properties("customSchemaOutputs"),
  });
}

/** What Pulsar answers where nobody said anything is not worth a member. */
function unlessDefault(producer: ProducerConfig | undefined): ProducerConfig | undefined {
  const { compressionType, useThreadLocalProducers, ...others } = producer ?? {};
  const isDefault = (compressionType ?? "LZ4") === "LZ4" && useThreadLocalProducers !== true &&
    Object.keys(others).length === 0;
  return isDefault ? undefined : producer;
}

interface Window {
  readonly className: string | undefined;
  readonly config: WindowConfig;
}

function windowConfig(
  config: Members,
  guarantee: FunctionSpec["processingGuarantee"],
): Window | undefined {
  const window = config.members("windowConfig");
  if (window === undefined) return undefined;
  const own = window.choice("processingGuarantees", ["ATLEAST_ONCE", "ATMOST_ONCE"]);
  const outer = guarantee === "atmost_once" ? "ATMOST_ONCE" as const : "ATLEAST_ONCE" as const;
  const made = {
    className: window.text("actualWindowFunctionClassName"),
    config: given({
      windowLengthCount: window.integer("windowLengthCount"),
      windowLengthDurationMs: window.integer("windowLengthDurationMs", 64),
      slidingIntervalCount: window.integer("slidingIntervalCount"),
      slidingIntervalDurationMs: window.integer("slidingIntervalDurationMs", 64),
      lateDataTopic: window.text("lateDataTopic"),
      maxLagMs: window.integer("maxLagMs", 64),
      watermarkEmitIntervalMs: window.integer("watermarkEmitIntervalMs", 64),
      timestampExtractorClassName: window.text("timestampExtractorClassName"),
      processingGuarantees: own ?? outer,
    }),
  };
  window.end();
  return made;
}
