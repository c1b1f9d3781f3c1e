import type { SinkSpec, SourceSpec } from "#api";
import { withoutCredentials } from "./credentials.ts";
import { memberPath, type Members } from "./members.ts";
import { javaRuntime } from "./runtime_spec.ts";
import { readingSpec, sharedSpec, type SpecContext } from "./shared_spec.ts";
import { given as members, inputOf, producerConfig } from "./topic_specs.ts";

/** `spec` of the Source that does what a source of Pulsar does. */
export function sourceSpec(config: Members, context: SpecContext): SourceSpec {
  const shared = sharedSpec(config, context);
  const { configs, secretsMap } = configsOf(config, context, shared.secretsMap);
  const typeClassName = context.found.types?.output;
  if (typeClassName === undefined) typeTask(context, "output");
  return members({
    ...shared,
    secretsMap,
    java: javaRuntime(context, shared, { path: archiveOf(config, "sourceType"), ending: "nar" }),
    sourceConfig: configs,
    batchSourceConfig: batchSource(config),
    output: members({
      typeClassName,
      topic: config.text("topicName"),
      sinkSerdeClassName: config.text("serdeClassName"),
      sinkSchemaType: config.text("schemaType"),
      // Without it a Source would get settings of its own.
      producerConf: producerConfig(config, context.notes) ?? {},
    }),
  }) as SourceSpec;
}

/** `spec` of the Sink that does what a sink of Pulsar does. */
export function sinkSpec(config: Members, context: SpecContext): SinkSpec {
  const { found, id, notes } = context;
  const shared = sharedSpec(config, context);
  const { configs, secretsMap } = configsOf(config, context, shared.secretsMap);
  const typeClassName = found.types?.input;
  if (typeClassName === undefined) typeTask(context, "input");
  for (
    const name of ["transformFunction", "transformFunctionClassName", "transformFunctionConfig"]
  ) {
    config.unsaid(name, "cannot be said: put a Function before the sink");
  }
  if (config.text("topicToSchemaProperties") !== undefined) {
    config.unsaid("topicToSchemaProperties", "cannot be said here: give it in input.sourceSpecs");
  }
  return members({
    ...shared,
    secretsMap,
    java: javaRuntime(context, shared, { path: archiveOf(config, "sinkType"), ending: "nar" }),
    sinkConfig: configs,
    ...readingSpec(config, {
      id,
      names: { subscription: "sourceSubscriptionName", position: "sourceSubscriptionPosition" },
      notes,
    }),
    input: inputOf(config, { serde: "topicToSerdeClassName", schema: "topicToSchemaType" }, {
      notes,
      typeClassName,
    }),
    negativeAckRedeliveryDelayMs: config.integer("negativeAckRedeliveryDelayMs"),
  }) as SinkSpec;
}

function typeTask({ notes }: SpecContext, side: "input" | "output"): void {
  notes.task(
    "typeClassName",
    `the type of its messages is known to the worker only: give ${side}.typeClassName, or they are bytes`,
  );
}

function archiveOf(config: Members, type: "sourceType" | "sinkType"): string | undefined {
  const archive = config.text("archive");
  const builtin = config.text(type);
  return archive ?? (builtin === undefined ? undefined : `builtin://${builtin}`);
}

type Secrets = SourceSpec["secretsMap"];

/**
 * The connector's configuration without credentials. A credential at its top is a secret of the same name: that is where
 * connectors look for what they mark as sensitive.
 */
function configsOf(
  config: Members,
  { notes, resource }: SpecContext,
  secrets: Secrets,
): { readonly configs: NonNullable<SourceSpec["sourceConfig"]>; readonly secretsMap: Secrets } {
  const given = config.object("configs") ?? {};
  const { taken, value } = withoutCredentials(given);
  const added: [string, { readonly path: string; readonly key: string }][] = [];
  for (const steps of taken) {
    const place = steps.reduce(memberPath, config.path("configs"));
    const [name = "", ...below] = steps;
    const isSecret = below.length === 0 && typeof given[name] === "string" &&
      /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) &&
      !Object.hasOwn(secrets ?? {}, name);
    const how = isSecret
      ? `it is secretsMap.${name} now, which connectors read for what they mark as sensitive; others need it some other way`
      : "give it to the connector some other way";
    notes.task(place, `looks like a credential and is left out: ${how}`);
    if (!isSecret) continue;
    added.push([name, { path: `${resource}-secrets`, key: name }]);
    notes.secret({ name: `${resource}-secrets`, key: name });
  }
  const secretsMap = added.length === 0 ? secrets : { ...secrets, ...Object.fromEntries(added) };
  return { configs: value as NonNullable<SourceSpec["sourceConfig"]>, secretsMap };
}

function batchSource(config: Members): SourceSpec["batchSourceConfig"] {
  const batch = config.members("batchSourceConfig");
  if (batch === undefined) return undefined;
  const made = members({
    discoveryTriggererClassName: batch.text("discoveryTriggererClassName"),
    discoveryTriggererConfig: batch.configuration("discoveryTriggererConfig"),
  });
  batch.end();
  return made as SourceSpec["batchSourceConfig"];
}
