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
import { syncSelector } from "#manifests";
import { entryId, hasHealth } from "#plan";
import { loadInventory } from "./apply/inventory.ts";
import { CALLS_AT_ONCE, type SyncContext } from "./context.ts";
import {
  type Health,
  type HealthObject,
  HealthTally,
  joinedHealth,
  NO_HEALTH,
  type Unhealthy,
} from "./health_tally.ts";
import { isMesh, isUncounted, saysUncounted } from "./health_rules.ts";
import { isDrifted } from "./proof_entry.ts";
import { actingClient, authorityOf, unreached } from "./tenancy.ts";

/** For whom health is evaluated. */
interface HealthScope {
  readonly sync: MeshSync;
  readonly ctx: Pick<
    SyncContext,
    "caches" | "clientOf" | "cluster" | "proofs" | "signal" | "syncs" | "tenancy"
  >;
}

interface GroupScope extends HealthScope {
  /** Whether ordinary kinds that no cache follows were healthy when they were asked about last. */
  readonly isOrdinaryKnown: boolean;
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
    return { ...NO_HEALTH, unknown };
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
  const isAnnounced = proofs.size > 0 || isPartial ||
    sync.status?.lastAppliedRevision === undefined;
  const objects: HealthObject[] = [...proofs.values()];
  for (const entry of await loadInventory(sync, ctx)) {
    const id = proofs.has(entry.id) ? undefined : entryId(entry);
    if (id === undefined || unreached(id, authority, ctx.tenancy) !== undefined) continue;
    objects.push({ id, resourceVersion: undefined, isAnnounced });
  }
  return objects;
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
  const scope = { sync, ctx, isOrdinaryKnown };
  return joinedHealth(
    await pooled(groupsByKind(objects, sync), CALLS_AT_ONCE, (group) => groupHealth(group, scope)),
  );
}

/** The objects whose health counts, kind by kind. */
function groupsByKind(objects: readonly HealthObject[], sync: MeshSync): HealthObject[][] {
  const groups: HealthObject[][] = [];
  for (const one of objects) {
    const { id, object } = one;
    const isCounted = (isMesh(id) || (hasHealth(id) && !isSelf(id, sync))) &&
      !isUncounted(id, sync) && !saysUncounted(object);
    if (!isCounted) continue;
    const group = groups.find(([first]) =>
      first?.id.kind === id.kind && first.id.apiVersion === id.apiVersion
    );
    if (group === undefined) groups.push([one]);
    else group.push(one);
  }
  return groups;
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

function isSync(id: ObjectId): boolean {
  return id.apiVersion === GITOPS_API_VERSION && id.kind === "MeshSync";
}

/** A sync that is part of its own folder would wait for itself. */
function isSelf(id: ObjectId, sync: MeshSync): boolean {
  return id.kind === "MeshSync" && keyText(id) === keyText(keyOf(sync));
}

/** How the objects of one kind are: by the cache that follows it, else by the API server. */
async function groupHealth(group: readonly HealthObject[], scope: GroupScope): Promise<Health> {
  const { ctx, sync } = scope;
  const tally = new HealthTally(sync, ctx);
  try {
    await lookAtGroup(group, tally, scope);
    return tally.health();
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    const unknown = new HealthTally(sync, ctx);
    for (const one of group) unknown.unknown(one, errorText(error));
    return unknown.health();
  }
}

async function lookAtGroup(
  group: readonly HealthObject[],
  tally: HealthTally,
  { ctx, isOrdinaryKnown, sync }: GroupScope,
): Promise<void> {
  const [first] = group;
  if (first === undefined) return;
  const acting = actingClient(sync, ctx);
  const type = await acting.resourceType(first.id.apiVersion, first.id.kind);
  if (type === undefined) {
    // It may be served at any time.
    tally.unwatched();
    return group.forEach((one) => tally.absent(one));
  }
  const ask = (ones: readonly HealthObject[]) =>
    pooled(ones, CALLS_AT_ONCE, async (one) => {
      tally.unwatched();
      try {
        tally.found(one, await acting.get(type, one.id, ctx.signal));
      } catch (error) {
        if (isAbort(error, ctx.signal)) throw error;
        tally.unknown(one, errorText(error));
      }
    });
  const cache = isSync(first.id) ? ctx.syncs : ctx.caches.of(type);
  if (cache?.synced === true) {
    if (isSync(first.id)) tally.unwatched();
    const behind: HealthObject[] = [];
    for (const one of group) {
      const live = cache.get(one.id);
      if (live === undefined || isBehind(live, one)) behind.push(one);
      else tally.seen(one, live);
    }
    await ask(behind);
    return;
  }
  tally.unwatched();
  if (isMesh(first.id) && group.length < LISTED_MIN) return void await ask(group);
  if (isOrdinaryKnown) return tally.wellBefore(group.length);
  const live = await listedObjects(group, type, { sync, ctx });
  for (const one of group) tally.found(one, live.get(keyText(one.id)));
}

const LISTED_MIN = 5;

/** Whether a cache has an object as it was before our own write of it. */
function isBehind({ metadata }: KubeObject, { resourceVersion }: HealthObject): boolean {
  return resourceVersion !== undefined && isNewerVersion(resourceVersion, metadata.resourceVersion);
}

/** The objects of a kind that a sync has, where the group is, by namespace and name. */
async function listedObjects(
  group: readonly HealthObject[],
  type: ResourceType,
  { ctx, sync }: HealthScope,
): Promise<ReadonlyMap<string, KubeObject>> {
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
  return new Map(objects.map((object) => [keyText(keyOf(object)), object]));
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
