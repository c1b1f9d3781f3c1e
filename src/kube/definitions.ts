import {
  type Clock,
  conditionOf,
  contentHash,
  idOf,
  idText,
  isPlainObject,
  type Json,
  type JsonObject,
  keyOf,
  type KubeObject,
  sameJson,
  StalledError,
  WaitingError,
} from "#base";
import type { ClusterClient } from "./cluster.ts";
import { isUnanswered } from "./discovery.ts";
import type { ResourceType } from "./resource_type.ts";

/** Custom resource definitions. */
export const DEFINITION_TYPE: ResourceType = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
};

/** Says which content this program installed last. */
export const DEFINITION_HASH_ANNOTATION = "compute.functionmesh.io/definition-hash";

/** Who installs, and how long may it take. */
export interface InstallOptions {
  readonly fieldManager: string;
  readonly clock: Clock;
  /** How long the server may take to serve the kinds; 60 s when left out. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/** What was done about one definition. */
export interface InstalledDefinition {
  readonly name: string;
  readonly action: "created" | "configured" | "unchanged";
}

const LOOK_EVERY_MS = 100;

/**
 * Installs definitions, only those that differ from what is there, and waits until the server serves their kinds. What
 * somebody else put in the place of one (by hand, or the definitions of the reference operator) goes completely: a
 * schema of two makers would refuse what either of them takes.
 *
 * @throws {StalledError} when another definition has the same names
 * @throws {WaitingError} when the kinds are not served in time
 */
export async function installDefinitions(
  cluster: ClusterClient,
  definitions: readonly KubeObject[],
  options: InstallOptions,
): Promise<InstalledDefinition[]> {
  const installed = await Promise.all(
    definitions.map(async (definition) => ({
      name: definition.metadata.name,
      action: await install(cluster, definition, options),
    })),
  );
  await whenAllServed(cluster, definitions, options);
  return installed.sort((a, b) => a.name < b.name ? -1 : 1);
}

async function install(
  cluster: ClusterClient,
  definition: KubeObject,
  { fieldManager, signal }: InstallOptions,
): Promise<InstalledDefinition["action"]> {
  const annotations = {
    ...definition.metadata.annotations,
    [DEFINITION_HASH_ANNOTATION]: contentHash(definition),
  };
  const desired = { ...definition, metadata: { ...definition.metadata, annotations } };
  const options = { fieldManager, ...(signal === undefined ? {} : { signal }) };
  const live = await cluster.get(DEFINITION_TYPE, keyOf(definition), signal);
  if (live === undefined) {
    await cluster.apply(desired, options);
    return "created";
  }
  const patch = patchTowards(live, desired);
  if (patch === undefined) return "unchanged";
  await cluster.patch(idOf(live), patch, options);
  return "configured";
}

/**
 * The JSON merge patch after which a live definition is the desired one; undefined when it is that already. The content
 * counts, not the note of its hash, which who writes over it leaves in place. An apply would not do: it leaves what
 * others added.
 */
function patchTowards(
  live: KubeObject,
  desired: KubeObject,
): JsonObject | undefined {
  const { labels = {}, annotations = {} } = desired.metadata;
  // Without a word about it the server fills in that nothing is converted. That of the reference operator names a
  // webhook that nobody serves (W-44).
  const spec = { conversion: { strategy: "None" }, ...asObject(desired.spec) };
  const isSame = isWithin(labels, live.metadata.labels) &&
    isWithin(annotations, live.metadata.annotations) && sameJson(live.spec, spec);
  return isSame
    ? undefined
    : { metadata: { labels, annotations }, spec: replacing(live.spec, spec) };
}

function isWithin(
  part: Readonly<Record<string, string>>,
  whole: Readonly<Record<string, string>> = {},
): boolean {
  return Object.entries(part).every(([name, value]) => whole[name] === value);
}

/** A merge patch that leaves nothing of the old value: lists are replaced anyhow, members need a null to go. */
function replacing(old: unknown, value: JsonObject): JsonObject {
  const known = asObject(old);
  const gone = Object.keys(known).filter((name) => !Object.hasOwn(value, name));
  return Object.fromEntries<Json>([
    ...gone.map((name) => [name, null] as const),
    ...Object.entries(value).map(([name, member]) =>
      [name, isPlainObject(member) ? replacing(known[name], asObject(member)) : member] as const
    ),
  ]);
}

function asObject(value: unknown): JsonObject {
  return isPlainObject(value) ? value as JsonObject : {};
}

/** The first that cannot be served ends the wait for all. */
async function whenAllServed(
  cluster: ClusterClient,
  definitions: readonly KubeObject[],
  options: InstallOptions,
): Promise<void> {
  const untilMs = options.clock.monotonicMs() + (options.waitMs ?? 60_000);
  const failed = new AbortController();
  const signals = options.signal === undefined ? [failed.signal] : [failed.signal, options.signal];
  const signal = AbortSignal.any(signals);
  const waits = definitions.map((definition) =>
    whenServed(cluster, definition, { ...options, signal, untilMs })
  );
  try {
    await Promise.all(waits);
  } finally {
    failed.abort();
    await Promise.allSettled(waits);
  }
}

async function whenServed(
  cluster: ClusterClient,
  definition: KubeObject,
  options: InstallOptions & { readonly untilMs: number },
): Promise<void> {
  const { clock, signal, untilMs } = options;
  for (;;) {
    const live = await cluster.get(DEFINITION_TYPE, keyOf(definition), signal);
    const state = stateOf(live);
    // The condition may be ahead of discovery, and writes go by discovery.
    if (state === "established" && await isDiscovered(cluster, definition)) return;
    if (clock.monotonicMs() >= untilMs) {
      throw new WaitingError(
        "DefinitionNotEstablished",
        `Cannot use ${idText({ kind: definition.kind, ...keyOf(definition) })}: ` +
          (state === "established" ? "established, but not served yet" : state),
        5_000,
      );
    }
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** `established`, or what keeps it from being that. @throws {StalledError} when another definition has its names */
function stateOf(live: KubeObject | undefined): string {
  const conditions = isPlainObject(live?.status) ? live.status["conditions"] : [];
  const names = conditionOf(conditions, "NamesAccepted");
  if (names?.status === "False") {
    throw new StalledError(
      "DefinitionNamesTaken",
      `Cannot use CustomResourceDefinition ${live?.metadata.name}: ${names.message}`,
    );
  }
  const established = conditionOf(conditions, "Established");
  return established?.status === "True"
    ? "established"
    : established?.message || "not established yet";
}

async function isDiscovered(cluster: ClusterClient, definition: KubeObject): Promise<boolean> {
  try {
    for (const { apiVersion, kind } of servedKinds(definition)) {
      if (await cluster.resourceType(apiVersion, kind) === undefined) return false;
    }
    return true;
  } catch (error) {
    // A server names a new version a moment before it answers for it.
    if (isUnanswered(error)) return false;
    throw error;
  }
}

function servedKinds(definition: KubeObject): { apiVersion: string; kind: string }[] {
  const spec = isPlainObject(definition.spec) ? definition.spec : {};
  const kind = isPlainObject(spec["names"]) ? String(spec["names"]["kind"]) : "";
  const versions = Array.isArray(spec["versions"]) ? spec["versions"].filter(isPlainObject) : [];
  return versions
    .filter((version) => version["served"] === true)
    .map((version) => ({ apiVersion: `${spec["group"]}/${version["name"]}`, kind }));
}
