import type { Component } from "#api";

/** What the admin API of Pulsar 4.0.8 answers of a component, and what its functions worker tells the instance. */
export interface PulsarAnswer {
  readonly kind: Component["kind"];
  readonly answer: Readonly<Record<string, unknown>> & { readonly name: string };
  /** `--function_details`; null where the instance had ended when it was looked at. */
  readonly details: Details | null;
}

/** FunctionDetails as JSON. */
export interface Details {
  readonly tenant: string;
  readonly namespace: string;
  readonly name: string;
  readonly componentType: string;
  readonly className?: string;
  readonly userConfig?: string;
  readonly secretsMap?: string;
  readonly processingGuarantees?: string;
  readonly logTopic?: string;
  readonly runtime?: string;
  readonly runtimeFlags?: string;
  readonly autoAck?: boolean;
  readonly retainOrdering?: boolean;
  readonly retainKeyOrdering?: boolean;
  readonly parallelism?: number;
  readonly resources?: { readonly cpu?: number; readonly ram?: string; readonly disk?: string };
  readonly retryDetails?: {
    readonly maxMessageRetries?: number;
    readonly deadLetterTopic?: string;
  };
  readonly source: Readonly<Record<string, unknown>> & {
    readonly typeClassName?: string;
    readonly inputSpecs?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  readonly sink: Readonly<Record<string, unknown>> & { readonly typeClassName?: string };
}

/** Answers that were taken from a real cluster. */
export function pulsarAnswers(): PulsarAnswer[] {
  const file = new URL("../../fixtures/pulsar_admin/pulsar_4.0.8.json", import.meta.url);
  return JSON.parse(Deno.readTextFileSync(file));
}

/** The answer of one of them. */
export function pulsarAnswer(name: string): PulsarAnswer {
  const found = pulsarAnswers().find(({ answer }) => answer.name === name);
  if (found === undefined) throw new Error(`no answer is about ${name}`);
  return found;
}

/** Members that mean the same whichever way they are written: JSON in texts is parsed, empty messages are nothing. */
export function comparable(details: Details): unknown {
  const { id: _id, ...resources } = { id: 0, ...details.resources, disk: undefined };
  const { builtin: _builtin, configs, producerSpec, ...sink } = details.sink;
  const { configs: sourceConfigs, ...source } = details.source;
  const own = { customRuntimeOptions: undefined, ...details };
  const { customRuntimeOptions: _options, ...rest } = own;
  return JSON.parse(JSON.stringify({
    ...rest,
    userConfig: parsed(details.userConfig),
    secretsMap: parsed(details.secretsMap),
    resources,
    source: { ...source, configs: parsed(sourceConfigs) },
    sink: {
      ...sink,
      configs: parsed(configs),
      producerSpec: Object.keys(producerSpec ?? {}).length === 0 ? undefined : producerSpec,
    },
  }));
}

function parsed(text: unknown): unknown {
  const value: unknown = typeof text === "string" && text !== "" ? JSON.parse(text) : undefined;
  return JSON.stringify(value) === "{}" ? undefined : value;
}
