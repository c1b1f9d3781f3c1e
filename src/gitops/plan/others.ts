import type { MeshSync } from "#api";
import {
  conditionOf,
  idOf,
  isAbort,
  keyOf,
  keyText,
  type KubeObject,
  type ObjectId,
  sameJson,
} from "#base";
import { type ClusterClient, isForbidden } from "#kube";
import {
  belongsTo,
  fieldManager,
  formerFieldManagers,
  holderOf,
  syncLabels,
  type TargetObject,
} from "#manifests";
import {
  driftPaths,
  entryKey,
  fieldOwners,
  type InventoryEntry,
  isFightNext,
  isScaled,
  isTargetOf,
  mayBeScaled,
  replicasOf,
} from "#plan";
import { loadInventory } from "../apply/inventory.ts";
import type { SyncContext } from "../context.ts";
import { intervalMs } from "../phase.ts";
import { suspensionOf } from "../source/schedule.ts";

type OthersContext = Pick<
  SyncContext,
  "clientOf" | "cluster" | "proofs" | "signal" | "syncs" | "tenancy"
>;

/** The MeshSyncs besides this one, sorted as the server or the cache has them. */
async function otherSyncs(sync: KubeObject, ctx: OthersContext): Promise<MeshSync[]> {
  const all = await ctx.syncs.list(ctx.signal);
  return all.filter((other) => keyText(keyOf(other)) !== keyText(keyOf(sync)));
}

/** Whether an object carries the labels of another MeshSync that is there. */
export function isOfAnother(
  live: KubeObject,
  sync: MeshSync,
  { syncs }: Pick<SyncContext, "syncs">,
): boolean {
  return !belongsTo(sync, live) && syncs.get(holderOf(live)) !== undefined;
}

/**
 * Whether an object carries the labels of another MeshSync that is there, and let it go.
 *
 * @param gone field managers that let it go, as {@linkcode releasedManagers} says
 */
export function isLetGo(
  live: KubeObject,
  gone: ReadonlySet<string>,
  { ctx, sync }: { readonly sync: MeshSync; readonly ctx: Pick<SyncContext, "syncs"> },
): boolean {
  return isOfAnother(live, sync, ctx) && gone.has(fieldManager(holderOf(live)));
}

/** What is known of the other MeshSyncs when objects are to be deleted. */
export interface Others {
  /** Objects that others own or are about to, by `entryKey`. */
  readonly claimed: ReadonlySet<string>;
  /** Those of them that are on their way. What siblings claim counts as of the same revision only. */
  readonly wanted: ReadonlySet<string>;
  /** Labels of those whose inventory cannot be read: objects with these are theirs. */
  readonly unread: readonly Readonly<Record<string, string>>[];
  /** Those of the same branch or tag of the same repository: an object may be on its way to one of them. */
  readonly siblings: readonly MeshSync[];
  /** What they hold, of those that delete what leaves Git: what carries their labels and is not in there they let go. */
  readonly holders: readonly Holder[];
}

/** A sibling with what it holds. */
export interface Holder {
  readonly sync: MeshSync;
  readonly labels: Readonly<Record<string, string>>;
  /** By `entryKey`. */
  readonly held: ReadonlySet<string>;
}

/**
 * Reads what other MeshSyncs own. One whose inventory cannot be read keeps what carries its labels, and no more; and so does
 * one of other hands, of another namespace and another branch, whatever its inventory says.
 *
 * @param revision what the sync applies; absent where it is about no revision
 */
export async function observeOthers(
  sync: MeshSync,
  ctx: OthersContext,
  revision?: string,
): Promise<Others> {
  const others = await otherSyncs(sync, ctx);
  const near = siblings(sync, others);
  const claimed = new Set<string>();
  const wanted = new Set<string>();
  const unread: Record<string, string>[] = [];
  const holders: Holder[] = [];
  for (const other of others.filter(({ metadata }) => metadata.deletionTimestamp === undefined)) {
    const inventory = await readInventory(other, ctx);
    if (inventory === undefined) {
      unread.push(syncLabels(other));
      continue;
    }
    const isNear = near.includes(other);
    if (!isNear && other.metadata.namespace !== sync.metadata.namespace) continue;
    const held = new Set(inventory.map(({ id }) => id));
    for (const id of held) claimed.add(id);
    if (isClaimed(other, isNear ? revision : undefined)) {
      // Two that both dropped an object, and only look after it until it is gone, do not leave it to each other.
      for (const { id, left } of inventory) if (left !== true) wanted.add(id);
    }
    if (isNear && other.spec.prune !== false) {
      holders.push({ sync: other, labels: syncLabels(other), held });
    }
  }
  return { claimed, wanted, unread, siblings: near, holders };
}

/**
 * Whether what a sync has in its inventory is what it wants: not where it looked at another revision last, or where Git holds
 * nothing of it any longer. What it announced once it will not take over then.
 */
function isClaimed(other: MeshSync, revision: string | undefined): boolean {
  if (revision !== undefined && isOnlyPruning(other, revision)) return false;
  const { status } = other;
  const isSame = revision === undefined || status?.lastAttemptedRevision === revision;
  const reason = conditionOf(status?.conditions, "Ready")?.reason ?? "";
  return isSame && !EMPTY_REASONS.includes(reason);
}

/**
 * Whether a sync has applied all of a revision, and only has to delete: what it wants carries its labels, and the rest of its
 * inventory is what it dropped.
 */
export function isOnlyPruning({ status = {} }: MeshSync, revision: string): boolean {
  const { conditions, lastAppliedRevision, lastAttemptedRevision } = status;
  return lastAppliedRevision === revision && lastAttemptedRevision === revision &&
    conditionOf(conditions, "Ready")?.reason === "PruneWaits";
}

const EMPTY_REASONS: readonly string[] = ["NothingToApply", "PathNotFound"];

async function readInventory(
  other: MeshSync,
  ctx: OthersContext,
): Promise<readonly InventoryEntry[] | undefined> {
  try {
    return await loadInventory(other, ctx);
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    return undefined;
  }
}

/** MeshSyncs that follow the same branch or tag of the same repository. */
function siblings(sync: MeshSync, others: readonly MeshSync[]): MeshSync[] {
  return others.filter((other) =>
    other.spec.url === sync.spec.url && sameJson(other.spec.ref ?? {}, sync.spec.ref ?? {}) &&
    other.metadata.deletionTimestamp === undefined
  );
}

/** Longest time that objects wait for other MeshSyncs of the same repository, so that one that fails does not keep them. */
const WAIT_MS_MAX = 300_000;
const WAIT_MS = 60_000;

/** For which revision others are waited for, and how long already. */
export interface WaitFacts {
  readonly text: string;
  /** How long this process waits already, whatever clocks say. */
  readonly waitedMs: number;
  readonly nowMs: number;
}

/**
 * Whether a sibling did not apply a revision yet and is still waited for; not a suspended one. One that applied it once, and
 * looked at another since, did not come back to it yet: the branch was set back.
 */
export function isLaggard({ status = {}, ...sync }: MeshSync, facts: WaitFacts): boolean {
  const { lastAppliedRevision, lastAttemptedRevision } = status;
  const isThere = lastAppliedRevision === facts.text && lastAttemptedRevision === facts.text;
  return !isThere && isAwaited(sync, facts);
}

/** Whether a sibling may still let go, or delete, what it has and its revision does not hold. */
export function isUndecided(sync: MeshSync, facts: WaitFacts): boolean {
  return isLaggard(sync, facts) || (sync.status?.phase === "Applying" && isAwaited(sync, facts));
}

function isAwaited(sync: MeshSync, { nowMs, waitedMs }: WaitFacts): boolean {
  if (suspensionOf(sync.spec, nowMs) !== undefined) return false;
  return waitedMs < Math.min(WAIT_MS_MAX, intervalMs(sync) * 2 + WAIT_MS);
}

/**
 * The field managers, of MeshSyncs, that let an object go: the sync is gone, or its inventory does not hold the object any
 * longer. What they held may be taken over: the object moved.
 */
export async function releasedManagers(
  id: ObjectId,
  managers: readonly string[],
  { ctx, sync }: { readonly sync: MeshSync; readonly ctx: OthersContext },
): Promise<Set<string>> {
  const others = await otherSyncs(sync, ctx);
  const holders = new Set<string>();
  for (const other of others) {
    const theirs = [fieldManager(keyOf(other)), ...formerFieldManagers(keyOf(other))];
    const isAsked = theirs.some((manager) => managers.includes(manager));
    if (!isAsked || other.metadata.deletionTimestamp !== undefined) continue;
    const inventory = await readInventory(other, ctx);
    const isHeld = inventory === undefined || inventory.some((entry) => entry.id === entryKey(id));
    if (isHeld) theirs.forEach((manager) => holders.add(manager));
  }
  return new Set(managers.filter((manager) => !holders.has(manager)));
}

/** For whom others are asked about. */
interface OthersScope {
  readonly sync: MeshSync;
  readonly ctx: OthersContext;
  readonly acting: ClusterClient;
}

/**
 * Whether the number of replicas that an object has is somebody's who scales it: a person's or an autoscaler's, by the
 * scale subresource, or one that an autoscaler of the cluster is about to choose. Asked only where the number differs.
 */
export async function isScaledByOthers(
  target: TargetObject,
  { ignored, live }: { readonly live: KubeObject; readonly ignored: readonly string[] },
  { acting, ctx, sync }: OthersScope,
): Promise<boolean> {
  if (!mayBeScaled(target.object, live)) return false;
  if (!driftPaths(target.object, live, ignored).includes("spec.replicas")) return false;
  const managed = await acting.managedFields(idOf(live), ctx.signal);
  const key = keyOf(sync);
  const own = [fieldManager(key), ...formerFieldManagers(key)];
  if (isScaled(managed?.fields ?? [], { replicas: replicasOf(live), own })) return true;
  return (await autoscalers(live, { acting, ctx })).some((autoscaler) =>
    isTargetOf(autoscaler, live)
  );
}

/** The autoscalers beside an object; none where nobody may look. */
async function autoscalers(
  { metadata: { namespace = "" } }: KubeObject,
  { acting, ctx: { signal } }: Pick<OthersScope, "acting" | "ctx">,
): Promise<KubeObject[]> {
  const type = await acting.resourceType("autoscaling/v2", "HorizontalPodAutoscaler");
  if (type === undefined) return [];
  return await acting.list(type, { namespace, signal }).catch((error) => {
    if (isForbidden(error)) return [];
    throw error;
  });
}

/** Who changes an object that was put right so often that it is a fight now; nobody where it is not, or is gone. */
export async function opponentsOf(
  { id }: TargetObject,
  { live, paths }: { readonly live: KubeObject | undefined; readonly paths: readonly string[] },
  { acting, ctx, sync }: OthersScope,
): Promise<string[]> {
  const key = keyOf(sync);
  const known = ctx.proofs.contests(key).find((one) => entryKey(one.id) === entryKey(id));
  if (live === undefined || !isFightNext(known?.contest)) return [];
  const managed = await acting.managedFields(id, ctx.signal);
  return fieldOwners(managed?.fields ?? [], paths, fieldManager(key));
}
