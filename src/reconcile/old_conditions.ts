import { COMPONENT_KINDS, resourceOf } from "#api";
import {
  type Clock,
  groupOf,
  idOf,
  isPlainObject,
  type Json,
  type JsonObject,
  type KubeObject,
  type ObjectKey,
} from "#base";
import {
  ApiError,
  type ClusterClient,
  DEFINITION_HASH_ANNOTATION,
  DEFINITION_TYPE,
  isConflict,
  isKindMissing,
  isNotFound,
  type ResourceType,
} from "#kube";
import { STATUS_MANAGER } from "./context.ts";
import { discreetly } from "./discreet_cluster.ts";

/** How many resources are written at a time. */
const CONCURRENCY = 8;
/** How long servers may take to learn that a definition changed. */
const LEARNING_MS = 60_000;
const RETRY_MS = 200;
/** Somebody else may write to a definition at the same time; more often is somebody who writes for ever. */
const TRIES_MAX = 5;

/** Who writes, and how long it may take. */
export interface ClearOptions {
  /** Who writes to definitions. */
  readonly fieldManager: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Takes the conditions of the reference operator, a map by name, out of all resources; to be called before definitions
 * are replaced by those where conditions are a list.
 *
 * An API server that finds a map where its definition has a list forgets, at the next write of whatever part of the
 * object, who manages which field: no apply would take away any more what its author took out. The rest of the old
 * status stays until the controller writes its own: `observedGeneration` says whether the reference had acted on it.
 *
 * The reference's definitions demand conditions, so that demand goes first; nothing else of them changes, and the
 * reference works with them as before.
 *
 * # Guarantees
 * Whatever ended an earlier call between two of its writes, the next one goes on from there. A definition that this
 * program has installed costs one read.
 *
 * @returns how many resources were written
 * @throws {ApiError} also when the servers go on refusing a status without conditions
 */
export async function clearOldConditions(
  cluster: ClusterClient,
  options: ClearOptions,
): Promise<number> {
  const { signal } = options;
  let cleared = 0;
  for (const kind of COMPONENT_KINDS) {
    const type = resourceOf(kind);
    if (!await isForeign(cluster, type, signal)) continue;
    const objects = await cluster.list(type, signal === undefined ? {} : { signal });
    const old = objects.filter(hasOldConditions);
    if (old.length === 0) continue;
    await liftDemands(cluster, type, options);
    const untilMs = options.clock.monotonicMs() + LEARNING_MS;
    for (let first = 0; first < old.length; first += CONCURRENCY) {
      const some = old.slice(first, first + CONCURRENCY);
      await Promise.all(some.map((object) => clear(cluster, object, { ...options, untilMs })));
    }
    cleared += old.length;
  }
  return cleared;
}

function definitionKey(type: ResourceType): ObjectKey {
  return { namespace: "", name: `${type.plural}.${groupOf(type.apiVersion)}` };
}

/** Whether somebody else installed the definition of a kind, at first or over ours. */
async function isForeign(
  cluster: ClusterClient,
  type: ResourceType,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const live = await cluster.get(DEFINITION_TYPE, definitionKey(type), signal);
  return live !== undefined &&
    (live.metadata.annotations?.[DEFINITION_HASH_ANNOTATION] === undefined ||
      !hasConditionList(live));
}

/** Has a definition demand nothing of a status any more. */
async function liftDemands(
  cluster: ClusterClient,
  type: ResourceType,
  { fieldManager, signal }: ClearOptions,
): Promise<void> {
  for (let tries = 1;; tries++) {
    const live = await cluster.get(DEFINITION_TYPE, definitionKey(type), signal);
    const versions = live === undefined ? undefined : undemandingVersions(live);
    if (live === undefined || versions === undefined) return;
    const { resourceVersion = "" } = live.metadata;
    // A list is replaced as a whole: only the one that was read.
    const patch: JsonObject = { metadata: { resourceVersion }, spec: { versions } };
    try {
      await cluster.patch(idOf(live), patch, {
        fieldManager,
        ...(signal === undefined ? {} : { signal }),
      });
      return;
    } catch (error) {
      if (!isConflict(error) || tries >= TRIES_MAX) throw error;
    }
  }
}

/** The versions of a definition without what they demand of a status; undefined when they demand nothing. */
function undemandingVersions(definition: KubeObject): Json[] | undefined {
  const versions = versionsOf(definition);
  return versions.some((version) => memberAt(version, [...STATUS, "required"]) !== undefined)
    ? versions.map((version) => without(version, [...STATUS, "required"]) as Json)
    : undefined;
}

/** A value without the member at a path. */
function without(value: unknown, [name = "", ...rest]: readonly string[]): unknown {
  if (!isPlainObject(value) || !Object.hasOwn(value, name)) return value;
  const { [name]: member, ...others } = value;
  return rest.length === 0 ? others : { ...others, [name]: without(member, rest) };
}

/** Where the schema of a status is in a version of a definition. */
const STATUS = ["schema", "openAPIV3Schema", "properties", "status"];

function versionsOf({ spec }: KubeObject): readonly unknown[] {
  return isPlainObject(spec) && Array.isArray(spec["versions"]) ? spec["versions"] : [];
}

/** Whether all versions of a definition have conditions as a list, as ours do. */
function hasConditionList(definition: KubeObject): boolean {
  return versionsOf(definition).every((version) =>
    memberAt(version, [...STATUS, "properties", "conditions", "type"]) === "array"
  );
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => isPlainObject(at) ? at[name] : undefined, value);
}

function hasOldConditions({ status }: KubeObject): boolean {
  return isPlainObject(status) && isPlainObject(status["conditions"]);
}

/** Each server learns by itself, a moment later, that a definition changed: until then it refuses. */
async function clear(
  cluster: ClusterClient,
  object: KubeObject,
  { clock, signal, untilMs }: ClearOptions & { readonly untilMs: number },
): Promise<void> {
  for (;;) {
    try {
      await cluster.patch(idOf(object), { status: { conditions: null } }, {
        fieldManager: STATUS_MANAGER,
        subresource: "status",
        ...(signal === undefined ? {} : { signal }),
      });
      return;
    } catch (error) {
      // Deleted meanwhile: nothing is left to be cleared.
      if (isNotFound(error) && !isKindMissing(error)) return;
      if (!isDemand(error) || clock.monotonicMs() >= untilMs) throw discreetly(error, object);
    }
    await clock.sleep(RETRY_MS, signal);
  }
}

/** Whether a server refuses a status as it lacks something. */
function isDemand(error: unknown): boolean {
  return error instanceof ApiError && error.status === 422 &&
    error.causes.some(({ reason }) => reason === "FieldValueRequired");
}
