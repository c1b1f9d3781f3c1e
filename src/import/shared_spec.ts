import type { Component, FunctionSpec, SecretReference } from "#api";
import type { ClassTypes } from "./class_types.ts";
import { isSecretText } from "./credentials.ts";
import { memberPath, type Members } from "./members.ts";
import type { PulsarName } from "./names.ts";
import type { Notes } from "./notes.ts";
import { given } from "./topic_specs.ts";

/** What all manifests of an import say, as nothing in Pulsar does. */
export interface ImportOptions {
  /** The ConfigMap that says where Pulsar is. */
  readonly pulsarConfig: string;
  readonly authSecret?: string;
  readonly tlsSecret?: string;
  /** Image of the runners. */
  readonly image?: string;
  readonly clusterName?: string;
  /** Groups what hangs together by topics into FunctionMeshes of this name. */
  readonly mesh?: string;
}

/** The code of a component, as far as it is known. */
export interface FoundPackage {
  /** Where manifests may get it: `function://…` or a web address. */
  readonly location?: string;
  /** Whether it is an archive of several files. */
  readonly isArchive?: boolean;
  /** What its class reads and writes. */
  readonly types?: ClassTypes;
  /** Why something of this is not known. */
  readonly trouble?: string;
}

/** What a conversion knows besides the configuration. */
export interface SpecContext {
  readonly kind: Component["kind"];
  readonly id: PulsarName;
  /** Name of the resource. */
  readonly resource: string;
  readonly options: ImportOptions;
  readonly found: FoundPackage;
  readonly notes: Notes;
}

type Shared = Pick<
  FunctionSpec,
  | ("name" | "tenant" | "namespace" | "clusterName" | "className" | "image" | "pulsar")
  | ("replicas" | "showPreciseParallelism" | "processingGuarantee" | "runtimeFlags")
  | ("resources" | "secretsMap" | "logTopic")
>;

const GUARANTEES = ["atleast_once", "atmost_once", "effectively_once", "manual"] as const;
const SECRET_NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const SECRET_KEY = /^[-._a-zA-Z0-9]+$/;
/** What Pulsar fills in where nobody asked. */
const DEFAULT_DISK = 10 * 1024 ** 3;
const MIB = 1024 ** 2;
const SECRET_NAME_MAX = 253;

/** The members that all kinds have. */
export function sharedSpec(config: Members, context: SpecContext): Shared {
  const { id, notes, options } = context;
  config.ignore("tenant", "namespace", "name", "fqfn");
  const parallelism = config.integer("parallelism");
  const runtimeFlags = flagsText(config, notes);
  if (config.has("customRuntimeOptions")) {
    config.unsaid(
      "customRuntimeOptions",
      "is for the worker's own runtime: put what it asks for into spec.pod",
    );
  }
  return given({
    name: id.name,
    tenant: id.tenant,
    namespace: id.namespace,
    clusterName: options.clusterName,
    className: config.text("className"),
    image: options.image,
    replicas: parallelism,
    // Otherwise each instance would be told that it is the only one.
    showPreciseParallelism: (parallelism ?? 1) > 1 || undefined,
    processingGuarantee: config.choice("processingGuarantees", GUARANTEES),
    runtimeFlags,
    resources: resourcesOf(config),
    secretsMap: secretsOf(config, context),
    logTopic: config.text("logTopic"),
    pulsar: given({
      pulsarConfig: options.pulsarConfig,
      authSecret: options.authSecret,
      tlsSecret: options.tlsSecret,
    }),
  });
}

/** Flags of the runtime; text in which a credential stands is left out whole. */
function flagsText(config: Members, notes: Notes): string | undefined {
  const text = config.text("runtimeFlags");
  if (text === undefined || !isSecretText(text)) return text;
  notes.task(
    config.path("runtimeFlags"),
    "holds what looks like a credential and is left out: give the other flags in java.javaOpts",
  );
  return undefined;
}

/** Memory and processors that the worker promised. */
function resourcesOf(config: Members): FunctionSpec["resources"] | undefined {
  const resources = config.members("resources");
  if (resources === undefined) return undefined;
  const cpu = resources.number("cpu");
  const ram = resources.integer("ram", 64);
  if (resources.integer("disk", 64) !== DEFAULT_DISK) {
    resources.unsaid("disk", "cannot be asked for: pods have the node's disk");
  }
  resources.end();
  const requests = given({
    cpu: cpu !== undefined && cpu > 0 ? String(cpu) : undefined,
    memory: ram !== undefined && ram > 0 ? bytesText(ram) : undefined,
  });
  return Object.keys(requests).length === 0 ? undefined : { requests } as FunctionSpec["resources"];
}

function bytesText(bytes: number): string {
  return bytes % MIB === 0 ? `${bytes / MIB}Mi` : String(bytes);
}

/**
 * Secrets as references. Only what is one in Kubernetes is believed: anything else may be the secret itself, as with Pulsar's
 * provider of clear texts.
 */
function secretsOf(
  config: Members,
  { notes, resource }: SpecContext,
): Record<string, SecretReference> | undefined {
  const secrets = config.object("secrets") ?? {};
  const entries = Object.entries(secrets).sort(([a], [b]) => a < b ? -1 : 1);
  const made = entries.flatMap(([name, value]): [string, SecretReference][] => {
    const place = memberPath("secrets", name);
    if (!SECRET_KEY.test(name)) {
      notes.unsaid(place, "is no name that a variable can have, left out");
      return [];
    }
    const known = referenceOf(value);
    const reference = known ?? { path: `${resource}-secrets`, key: name };
    if (known === undefined) {
      notes.task(place, "is no reference to a Secret of Kubernetes: its value belongs into one");
    }
    notes.secret({ name: reference.path, key: reference.key });
    return [[name, reference]];
  });
  return made.length === 0 ? undefined : Object.fromEntries(made);
}

function referenceOf(value: unknown): { readonly path: string; readonly key: string } | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { key, path, ...rest } = value as Readonly<Record<string, unknown>>;
  const isReference = typeof path === "string" && typeof key === "string" &&
    Object.keys(rest).length === 0 && path.length <= SECRET_NAME_MAX && SECRET_NAME.test(path) &&
    key.length <= SECRET_NAME_MAX && SECRET_KEY.test(key) &&
    !isSecretText(path) && !isSecretText(key);
  return isReference ? { path, key } : undefined;
}

/** What Function and Sink share: how often a message comes, in which order, by which subscription. */
export function readingSpec(
  config: Members,
  { names, notes, id }: {
    readonly names: { readonly subscription: string; readonly position: string };
    readonly notes: Notes;
    readonly id: PulsarName;
  },
): Pick<
  FunctionSpec,
  | ("timeout" | "autoAck" | "maxMessageRetry" | "deadLetterTopic" | "retainOrdering")
  | ("retainKeyOrdering" | "subscriptionName" | "subscriptionPosition" | "cleanupSubscription")
> {
  const retries = config.integer("maxMessageRetries");
  if (retries === 0) {
    config.unsaid("maxMessageRetries", "cannot be 0: a message is tried again without end");
  }
  const cleanupSubscription = config.flag("cleanupSubscription");
  if (cleanupSubscription === true) {
    notes.remark(
      config.path("cleanupSubscription"),
      "deleting it in the worker deletes the subscription, and so does deleting the resource: stop it before you delete it",
    );
  }
  return given({
    timeout: config.integer("timeoutMs"),
    autoAck: config.flag("autoAck"),
    maxMessageRetry: retries === undefined || retries <= 0 ? undefined : retries,
    deadLetterTopic: config.text("deadLetterTopic"),
    retainOrdering: config.flag("retainOrdering") || undefined,
    retainKeyOrdering: config.flag("retainKeyOrdering") || undefined,
    // Said even where it is the default: it is where the messages are that nobody has read.
    subscriptionName: config.text(names.subscription) ??
      `${id.tenant}/${id.namespace}/${id.name}`,
    subscriptionPosition: config.choice(names.position, ["latest", "earliest"]) ?? "latest",
    cleanupSubscription,
  });
}
