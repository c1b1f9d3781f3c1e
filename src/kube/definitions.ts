import {
  type Clock,
  contentHash,
  idOf,
  idText,
  isPlainObject,
  type KubeObject,
  StalledError,
} from "#base";
import { conditionOf, keyOf, WaitingError } from "#base";
import type { ClusterClient } from "./cluster.ts";
import type { ResourceType } from "./resource_type.ts";

/** Custom resource definitions. */
export const DEFINITION_TYPE: ResourceType = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
};

/** Says which content was applied last, so that an unchanged definition costs no write. */
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
 * Installs definitions by server-side apply, only those that differ, and waits until the server serves their kinds.
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
  options: InstallOptions,
): Promise<InstalledDefinition["action"]> {
  const hash = contentHash(definition);
  const { fieldManager, signal } = options;
  const live = await cluster.get(DEFINITION_TYPE, keyOf(definition), signal);
  if (live?.metadata.annotations?.[DEFINITION_HASH_ANNOTATION] === hash) return "unchanged";
  if (live !== undefined) await withoutConversion(cluster, live, options);
  const annotations = { ...definition.metadata.annotations, [DEFINITION_HASH_ANNOTATION]: hash };
  await cluster.apply(
    { ...definition, metadata: { ...definition.metadata, annotations } },
    { fieldManager, ...(signal === undefined ? {} : { signal }) },
  );
  return live === undefined ? "created" : "configured";
}

/**
 * Has a definition convert nothing. That of the reference operator names a webhook that nobody serves (W-44), and an
 * apply alone would leave the name behind.
 */
async function withoutConversion(
  cluster: ClusterClient,
  live: KubeObject,
  { fieldManager, signal }: InstallOptions,
): Promise<void> {
  const spec = isPlainObject(live.spec) ? live.spec : {};
  const conversion = isPlainObject(spec["conversion"]) ? spec["conversion"] : {};
  if (conversion["strategy"] !== "Webhook") return;
  const patch = { spec: { conversion: { strategy: "None", webhook: null } } };
  const options = signal === undefined ? { fieldManager } : { fieldManager, signal };
  await cluster.patch(idOf(live), patch, options);
}

/** The first that cannot be served ends the wait for all. */
async function whenAllServed(
  cluster: ClusterClient,
  definitions: readonly KubeObject[],
  options: InstallOptions,
): Promise<void> {
  const untilMs = options.clock.now() + (options.waitMs ?? 60_000);
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
    if (clock.now() >= untilMs) {
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

/** `established`, or what keeps it from being that. */
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
  for (const { apiVersion, kind } of servedKinds(definition)) {
    if (await cluster.resourceType(apiVersion, kind) === undefined) return false;
  }
  return true;
}

function servedKinds(definition: KubeObject): { apiVersion: string; kind: string }[] {
  const spec = isPlainObject(definition.spec) ? definition.spec : {};
  const kind = isPlainObject(spec["names"]) ? String(spec["names"]["kind"]) : "";
  const versions = Array.isArray(spec["versions"]) ? spec["versions"].filter(isPlainObject) : [];
  return versions
    .filter((version) => version["served"] === true)
    .map((version) => ({ apiVersion: `${spec["group"]}/${version["name"]}`, kind }));
}
