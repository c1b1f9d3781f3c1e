import { GITOPS_API_VERSION, type MeshSync } from "#api";
import {
  deadline,
  errorText,
  idText,
  isAbort,
  keyOf,
  keyText,
  type KubeObject,
  type ObjectId,
  pooled,
} from "#base";
import { isForbidden, isNewerVersion, type ResourceType } from "#kube";
import { belongsTo, syncSelector } from "#manifests";
import { entryId, entryKey, hasHealth, objectHealth } from "#plan";
import { loadInventory } from "./apply/inventory.ts";
import { CALLS_AT_ONCE, type SyncContext } from "./context.ts";
import { expressedHealth, isMesh, isUncounted, meshHealth, saysUncounted } from "./health_rules.ts";
import { appliedJob, isDone, isJob } from "./plan/jobs.ts";
import { isDrifted } from "./proof_entry.ts";
import { actingClient, authorityOf, unreached } from "./tenancy.ts";

/** An object that is not as it should be. */
export interface Unhealthy {
  /** As in the inventory. */
  readonly key: string;
  /** `Kind namespace/name: what is wrong`. */
  readonly words: string;
  /** When it ceased to be ready, in milliseconds since 1970; 0 where nobody says. */
  readonly sinceMs: number;
}

/** How the objects of a revision are. */
export interface Health {
  /** Objects with a health of their own that are ready for their current generation. */
  readonly ready: number;
  readonly total: number;
  readonly unhealthy: readonly Unhealthy[];
  /** Objects that could not be looked at, in words: not known is neither healthy nor unhealthy. */
  readonly unknown: readonly string[];
  /** When the last of the meshes became ready, in milliseconds since 1970; 0 where any is not, or there is none. */
  readonly readySinceMs: number;
}

/** Nothing that could be anything but healthy. */
export const NO_HEALTH: Health = {
  ready: 0,
  total: 0,
  unhealthy: [],
  unknown: [],
  readySinceMs: 0,
};

/** What one object was when it was looked at. */
type Observed =
  & Pick<HealthObject, "id" | "key">
  & (
    | { readonly seen: "object"; readonly object: KubeObject }
    | { readonly seen: "absent" }
    | { readonly seen: "unknown"; readonly cause: string }
  );

/** An object whose health counts. */
interface HealthObject {
  readonly id: ObjectId;
  /** As in the inventory. */
  readonly key: string;
  /** What of it was written last, where that is known: nothing older tells how it is. */
  readonly resourceVersion: string | undefined;
  /**
   * Whether it is known to be applied. Of what is only announced, or to be deleted, counts what is there and carries the
   * labels of the sync: who proved more and who proved less of it say the same.
   */
  readonly isApplied: boolean;
}

/** For whom health is evaluated. */
interface HealthScope {
  readonly sync: MeshSync;
  readonly ctx: Pick<
    SyncContext,
    "caches" | "clientOf" | "cluster" | "proofs" | "signal" | "syncs" | "tenancy"
  >;
}

/** Longest time that a look at the health of objects takes. */
const HEALTH_LIMIT_MS = 60_000;

/**
 * How everything is that is applied; undefined where nothing is known to be.
 *
 * @param facts.isPartial whether a revision is applied in part
 */
export async function appliedHealth(
  { ctx, sync }: { readonly sync: MeshSync; readonly ctx: SyncContext },
  facts: { readonly isLookDue: boolean; readonly isPartial: boolean },
): Promise<Health | undefined> {
  const { appliedKey, ordinaryHealthyFor } = ctx.proofs.pass(keyOf(sync));
  const isOrdinaryKnown = !facts.isLookDue && appliedKey !== undefined &&
    ordinaryHealthyFor === appliedKey;
  using limit = deadline(HEALTH_LIMIT_MS, { clock: ctx.clock, signal: ctx.signal });
  try {
    const bounded = { ...ctx, signal: limit.signal };
    const objects = await appliedObjects({ sync, ctx: bounded }, facts);
    if (objects.length === 0) return undefined;
    const health = await evaluateHealth({ sync, ctx: bounded }, { objects, isOrdinaryKnown });
    return { ...health, unknown: [...health.unknown, ...changedMeanwhile({ sync, ctx })].sort() };
  } catch (error) {
    if (ctx.signal.aborted) throw error;
    const unknown = [errorText(error)];
    return { ready: 0, total: 0, unhealthy: [], unknown, readySinceMs: 0 };
  }
}

/**
 * What a sync applied: proven by this process, and what else its inventory names. What is not proven may only be announced,
 * or to be deleted, unless nothing is proven of a revision that was applied.
 */
async function appliedObjects(
  { ctx, sync }: HealthScope,
  { isPartial }: { readonly isPartial: boolean },
): Promise<HealthObject[]> {
  const proofs = ctx.proofs.of(keyOf(sync));
  const authority = { ...authorityOf(sync, ctx.tenancy), kinds: "any" } as const;
  const isApplied = proofs.size === 0 && !isPartial &&
    sync.status?.lastAppliedRevision !== undefined;
  const others = (await loadInventory(sync, ctx))
    .flatMap((entry) => proofs.has(entry.id) ? [] : entryId(entry) ?? [])
    .filter((id) => unreached(id, authority, ctx.tenancy) === undefined);
  return [
    ...[...proofs].map(([key, { id, resourceVersion }]) => (
      { id, key, resourceVersion, isApplied: true }
    )),
    ...others.map((id) => ({ id, key: entryKey(id), resourceVersion: undefined, isApplied })),
  ];
}

/**
 * How everything is that a sync applied and that has a health: meshes by their own `Ready`, ordinary kinds by the rules of
 * kstatus.
 *
 * # Guarantees
 * What a cache that read everything holds, and not older than the sync's own write, costs no request. Of what it lacks, the
 * API server is asked; kinds that no cache follows cost one list each.
 *
 * @param isOrdinaryKnown whether ordinary kinds that no cache follows were healthy when they were asked about last: they
 * are not asked about again
 */
async function evaluateHealth(
  { ctx, sync }: HealthScope,
  { isOrdinaryKnown, objects }: {
    readonly objects: readonly HealthObject[];
    readonly isOrdinaryKnown: boolean;
  },
): Promise<Health> {
  const proofs = ctx.proofs.of(keyOf(sync));
  const asked = objects.filter(({ id, key }) =>
    (isMesh(id) || (hasHealth(id) && !isSelf(id, sync))) && !isUncounted(id, sync) &&
    !saysUncounted(proofs.get(key)?.object)
  );
  const groups = Map.groupBy(asked, ({ id }) => `${id.apiVersion} ${id.kind}`);
  const observed = await pooled(
    [...groups.values()],
    CALLS_AT_ONCE,
    (group) => observedGroup(group, { sync, ctx }, isOrdinaryKnown),
  );
  const announced = new Set(asked.filter((one) => !one.isApplied).map(({ key }) => key));
  const all = observed.flat().filter((one) =>
    (one.seen !== "object" || !saysUncounted(one.object)) &&
    (announced.size === 0 || !announced.has(one.key) || isHeld(one, sync))
  );
  for (const one of all) {
    if (one.seen === "object" && isJob(one.id)) ctx.proofs.setFinished(keyOf(sync), one.object);
  }
  const unhealthy = all.flatMap((one) => unhealthyOf(one, { sync, ctx })).sort((a, b) =>
    a.key < b.key ? -1 : 1
  );
  const unknown = all.flatMap((one) =>
    one.seen === "unknown" ? `${idText(one.id)}: ${one.cause}` : []
  ).sort();
  const allSinceMs = unhealthy.length > 0 ? 0 : Math.max(0, ...all.map(readySinceMs));
  const total = asked.length - observed.flat().length + all.length;
  return {
    ready: total - unhealthy.length - unknown.length,
    total,
    unhealthy,
    unknown,
    readySinceMs: allSinceMs,
  };
}

/** When a mesh became ready; 0 of all else. */
function readySinceMs(one: Observed): number {
  return one.seen === "object" && isMesh(one.id) ? meshHealth(one.object).readySinceMs : 0;
}

/**
 * What somebody changed since it was proven, as caches tell, and nobody looked at yet: how it is says nothing of what Git
 * says. What is left to those who change it again and again has a condition of its own.
 */
function changedMeanwhile({ ctx, sync }: HealthScope): string[] {
  const key = keyOf(sync);
  return ctx.proofs.changed(key).flatMap((proof) => {
    const { id, resourceVersion, type } = proof;
    const cache = type === undefined ? undefined : ctx.caches.of(type);
    const live = cache?.synced === true ? cache.get(id) : undefined;
    if (live === undefined || resourceVersion === undefined) return [];
    const isNewer = isNewerVersion(live.metadata.resourceVersion, resourceVersion);
    if (!isNewer || ctx.proofs.isHeldBack(key, id)) return [];
    return isDrifted(proof, live) ? `${idText(id)}: somebody changed it since it was applied` : [];
  });
}

/** Whether an object that nobody proved is there as one of the sync's, or may be. */
function isHeld(one: Observed, sync: MeshSync): boolean {
  return one.seen === "unknown" || (one.seen === "object" && belongsTo(sync, one.object) &&
    one.object.metadata.deletionTimestamp === undefined);
}

function unhealthyOf(one: Observed, scope: HealthScope): Unhealthy[] {
  if (one.seen === "unknown") return [];
  const { key } = one;
  if (one.seen === "object" && isMesh(one.id)) {
    const { unreadySinceMs: sinceMs, words } = meshHealth(one.object);
    return words === undefined ? [] : [{ key, words, sinceMs }];
  }
  const words = one.seen === "absent"
    ? absence(one.id, scope)
    : ordinaryUnreadiness(one.id, one.object, scope);
  return words === undefined ? [] : [{ key, words, sinceMs: 0 }];
}

/** What is wrong about an object that is not there; undefined of a Job that ran well, or whose end nobody saw. */
function absence(id: ObjectId, { ctx, sync }: HealthScope): string | undefined {
  const key = keyOf(sync);
  const proof = ctx.proofs.of(key).get(entryKey(id));
  const missing = `${idText(id)}: not there`;
  if (!isJob(id)) return missing;
  const finished = ctx.proofs.finished(key);
  const job = proof === undefined
    ? sync.status?.jobs?.find((one) => one.id === entryKey(id))
    : appliedJob(proof, { finished, status: sync.status });
  const isWatched = proof?.resourceVersion !== undefined;
  if (!isDone(job, { isWatched, object: proof?.object })) return missing;
  return job?.result === "Failed" ? `${idText(id)}: failed, and was removed since` : undefined;
}

function ordinaryUnreadiness(
  id: ObjectId,
  live: KubeObject,
  { sync }: HealthScope,
): string | undefined {
  const { state, message } = expressedHealth(live, sync) ?? objectHealth(live);
  return state === "current" ? undefined : `${idText(id)}: ${message}`;
}

function isSync(id: ObjectId): boolean {
  return id.apiVersion === GITOPS_API_VERSION && id.kind === "MeshSync";
}

/** A sync that is part of its own folder would wait for itself. */
function isSelf(id: ObjectId, sync: MeshSync): boolean {
  return id.kind === "MeshSync" && keyText(id) === keyText(keyOf(sync));
}

/** The objects of one kind: from the cache that follows it, else from the API server. */
async function observedGroup(
  group: readonly HealthObject[],
  scope: HealthScope,
  isOrdinaryKnown: boolean,
): Promise<Observed[]> {
  const { ctx, sync } = scope;
  const acting = actingClient(sync, ctx);
  const [first] = group;
  if (first === undefined) return [];
  const unknown = (error: unknown) =>
    group.map(({ id, key }) => ({ seen: "unknown", id, key, cause: errorText(error) }) as const);
  try {
    const type = await acting.resourceType(first.id.apiVersion, first.id.kind);
    if (type === undefined) return group.map(({ id, key }) => ({ seen: "absent", id, key }));
    const cache = isSync(first.id) ? ctx.syncs : ctx.caches.of(type);
    const asked = (ones: readonly HealthObject[]) =>
      pooled(ones, CALLS_AT_ONCE, (one) => askedObject(one, { ...scope, type }));
    if (cache?.synced === true) {
      const known = group.map((one) => cachedObject(one, cache.get(one.id)));
      const behind = group.filter((_, index) => known[index] === undefined);
      return [...known.flatMap((one) => one ?? []), ...await asked(behind)];
    }
    if (isMesh(first.id) && group.length < LISTED_MIN) return await asked(group);
    if (isOrdinaryKnown) return [];
    return await listedGroup(group, type, scope);
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    return unknown(error);
  }
}

const LISTED_MIN = 5;

/** An object as the cache has it; undefined where that is older than our own write of it. */
function cachedObject(
  { id, key, resourceVersion }: HealthObject,
  cached: KubeObject | undefined,
): Observed | undefined {
  const isBehind = cached === undefined ||
    (resourceVersion !== undefined &&
      isNewerVersion(resourceVersion, cached.metadata.resourceVersion));
  return isBehind ? undefined : { seen: "object", id, key, object: cached };
}

/** An object as the API server has it. */
async function askedObject(
  { id, key }: HealthObject,
  { ctx, sync, type }: HealthScope & { readonly type: ResourceType },
): Promise<Observed> {
  try {
    const object = await actingClient(sync, ctx).get(type, id, ctx.signal);
    const place = { id, key };
    return object === undefined
      ? { seen: "absent", ...place }
      : { seen: "object", ...place, object };
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    return { seen: "unknown", id, key, cause: errorText(error) };
  }
}

async function listedGroup(
  group: readonly HealthObject[],
  type: ResourceType,
  { ctx, sync }: HealthScope,
): Promise<Observed[]> {
  const namespaces = [...new Set(group.map(({ id }) => id.namespace))].sort();
  const labelSelector = syncSelector(sync);
  const acting = actingClient(sync, ctx);
  const list = (namespace: string) =>
    acting.list(type, {
      labelSelector,
      ...(namespace === "" ? {} : { namespace }),
      signal: ctx.signal,
    });
  const [only = ""] = namespaces;
  const objects = await list(namespaces.length === 1 ? only : "").catch(async (error) => {
    // Whose rights end at namespaces is asked about each.
    if (!isForbidden(error) || namespaces.length === 1) throw error;
    return (await pooled(namespaces, CALLS_AT_ONCE, list)).flat();
  });
  const live = new Map(objects.map((object) => [keyText(keyOf(object)), object]));
  return group.map(({ id, key }) => {
    const object = live.get(keyText(id));
    return object === undefined ? { seen: "absent", id, key } : { seen: "object", id, key, object };
  });
}

const SHOWN_MAX = 3;

/** The first causes, the rest counted. */
export function unhealthyText(unhealthy: readonly Unhealthy[]): string {
  return shown(unhealthy.map(({ words }) => words));
}

/** The first of what could not be looked at, the rest counted. */
export function unknownText(unknown: readonly string[]): string {
  return `cannot tell whether all is healthy: ${shown(unknown)}`;
}

function shown(words: readonly string[]): string {
  const rest = words.length - SHOWN_MAX;
  const text = words.slice(0, SHOWN_MAX).join("; ");
  return rest > 0 ? `${text}; and ${rest} more` : text;
}
