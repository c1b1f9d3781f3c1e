import { ANNOTATIONS, type MeshSync } from "#api";
import {
  errorText,
  groupOf,
  idText,
  isAbort,
  isNamespace,
  keyOf,
  keyText,
  type KubeObject,
  type ObjectId,
  pooled,
} from "#base";
import { ApiError, type ClusterClient } from "#kube";
import { belongsTo, controllerOf, holderOf, keeperText } from "#manifests";
import { entryId, entryKey, type InventoryEntry } from "#plan";
import { CALLS_AT_ONCE, type SyncContext } from "../context.ts";
import { authorityOf, unreached } from "../tenancy.ts";
import { isOnlyPruning, observeOthers, type Others } from "./others.ts";

/** An object that is to be deleted. */
export interface ToDelete {
  readonly id: ObjectId;
  readonly entry: InventoryEntry;
  readonly live: KubeObject;
}

/** An object that is deleted, and not gone yet. */
export interface Terminating {
  readonly entry: InventoryEntry;
  /** What it is, and what holds it. */
  readonly words: string;
}

/** An object that a sibling may let go yet. */
export interface Undecided extends ToDelete {
  readonly holder: MeshSync;
}

/** What is to become of objects that Git no longer holds. */
export interface PrunePlan {
  readonly toDelete: readonly ToDelete[];
  /** On their way out: they stay the sync's until they are gone. */
  readonly terminating: readonly Terminating[];
  /** Left alone: said so by annotation, or taken over by another sync or by nobody we know. */
  readonly skipped: readonly ObjectId[];
  /** Those of them that another sync wants: they are let go. */
  readonly moving: readonly InventoryEntry[];
  /** What was to be taken over from a sibling that has it still: once that is done with the revision, it is the sibling's. */
  readonly undecided: readonly Undecided[];
  /** MeshSyncs of the same repository: they may want the objects, and have not applied the revision yet. */
  readonly siblings: readonly MeshSync[];
  /** Gone already. */
  readonly absent: readonly ObjectId[];
  /** Objects that could not be looked at: not seen is not gone. */
  readonly unknown: readonly { readonly entry: InventoryEntry; readonly failure: string }[];
}

/** Nothing to prune. */
export const NO_PRUNE_PLAN: PrunePlan = {
  toDelete: [],
  terminating: [],
  skipped: [],
  moving: [],
  undecided: [],
  siblings: [],
  absent: [],
  unknown: [],
};

type PruneDecision =
  | { readonly fate: "delete"; readonly object: ToDelete }
  | { readonly fate: "terminating"; readonly object: Terminating }
  | { readonly fate: "skip"; readonly id: ObjectId }
  | { readonly fate: "move"; readonly id: ObjectId; readonly entry: InventoryEntry }
  | { readonly fate: "undecided"; readonly object: Undecided }
  | { readonly fate: "unknown"; readonly entry: InventoryEntry; readonly failure: string }
  | { readonly fate: "absent"; readonly id: ObjectId }
  | { readonly fate: "none" };

/** For whom objects are looked at. */
export interface PruneScope {
  readonly sync: MeshSync;
  readonly ctx: Pick<
    SyncContext,
    "clientOf" | "cluster" | "proofs" | "signal" | "syncs" | "tenancy"
  >;
  /** Looks with the rights of the sync: what it may not see is not gone. */
  readonly acting: ClusterClient;
  /** What is being applied; absent where it is about no revision. */
  readonly revision?: string;
}

/**
 * Looks at what a sync owned and Git no longer holds. Only objects that still carry the sync's labels are to be deleted, or
 * those of a sibling that let them go for this one to take over, which did not come to it; and none that another MeshSync
 * wants: what moved stays what it is. A sync that is deleted itself takes all along that carries its labels: who only
 * announced to take something over makes it anew.
 */
export async function prunePlan(
  stale: readonly InventoryEntry[],
  scope: PruneScope,
): Promise<PrunePlan> {
  if (stale.length === 0) return NO_PRUNE_PLAN;
  const others = await observeOthers(scope.sync, scope.ctx, scope.revision);
  const decisions = await pooled(stale, CALLS_AT_ONCE, (entry) => decision(entry, scope, others));
  return {
    toDelete: decisions.flatMap((one) => one.fate === "delete" ? one.object : []),
    terminating: decisions.flatMap((one) => one.fate === "terminating" ? one.object : []),
    skipped: decisions.flatMap((one) => one.fate === "skip" || one.fate === "move" ? one.id : []),
    moving: decisions.flatMap((one) => one.fate === "move" ? one.entry : []),
    undecided: decisions.flatMap((one) => one.fate === "undecided" ? one.object : []),
    siblings: others.siblings,
    absent: decisions.flatMap((one) => one.fate === "absent" ? one.id : []),
    unknown: decisions.flatMap((one) =>
      one.fate === "unknown" ? { entry: one.entry, failure: one.failure } : []
    ),
  };
}

async function decision(
  entry: InventoryEntry,
  { acting, revision, sync, ctx }: PruneScope,
  others: Others,
): Promise<PruneDecision> {
  const id = entryId(entry);
  if (id === undefined) return { fate: "none" };
  // A sync never deletes itself or the namespace it lives in: nothing could bring either back.
  const isSelf = id.kind === "MeshSync" && keyText(id) === keyText(keyOf(sync));
  const isHome = isNamespace(id) &&
    (id.name === sync.metadata.namespace || isProtectedNamespace(id.name, ctx.tenancy.home));
  if (isSelf || isHome) return { fate: "skip", id };
  const isRemoval = sync.metadata.deletionTimestamp !== undefined;
  if (!isRemoval && others.wanted.has(entryKey(id))) return { fate: "move", id, entry };
  const reach = unreached(id, { ...authorityOf(sync, ctx.tenancy), kinds: "any" }, ctx.tenancy);
  if (reach !== undefined) {
    return { fate: "unknown", entry, failure: `Cannot delete ${idText(id)}: it ${reach}` };
  }
  try {
    const live = await liveOf(id, acting, ctx.signal);
    if (live === undefined) return { fate: "absent", id };
    const isHeld = live.metadata.annotations?.[ANNOTATIONS.prune] === "disabled";
    const isUnread = others.unread.some((labels) => hasLabels(live, labels));
    // Its controller would only make it again.
    const isKeptByOthers = keeperText(live) !== undefined || controllerOf(live) !== undefined;
    const isKept = isHeld || isUnread || isKeptByOthers || isForeignNamespace(live, sync);
    if (isKept) return { fate: "skip", id };
    const holder = others.holders.find(({ labels }) => hasLabels(live, labels));
    if (holder?.held.has(entry.id) === true) {
      // Both are through with the revision: whose labels it carries wants it, or deletes it.
      const isTheirs = revision !== undefined && isOnlyPruning(sync, revision) &&
        isOnlyPruning(holder.sync, revision);
      if (isTheirs) return { fate: "skip", id };
      return { fate: "undecided", object: { id, entry, live, holder: holder.sync } };
    }
    // What a sibling let go is this sync's, although it did not come to take it over.
    if (holder === undefined && !belongsTo(sync, live) && !isInherited(entry, live, ctx)) {
      return { fate: "skip", id };
    }
    return live.metadata.deletionTimestamp === undefined
      ? { fate: "delete", object: { id, entry, live } }
      : { fate: "terminating", object: terminating({ id, entry, live }) };
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    return { fate: "unknown", entry, failure: deletionFailure(id, error) };
  }
}

/** Whether an object was on its way from a MeshSync that is gone since: nobody else is left to delete it. */
function isInherited(
  { from }: InventoryEntry,
  live: KubeObject,
  { syncs }: Pick<SyncContext, "syncs">,
): boolean {
  const holder = holderOf(live);
  return from === keyText(holder) && syncs.get(holder) === undefined;
}

/** Namespaces that nothing in Git deletes, whatever it or they say: those of Kubernetes, and the program's own. */
function isProtectedNamespace(name: string, home: string): boolean {
  return name === home || name === "default" || name.startsWith("kube-");
}

/**
 * Whether a namespace is not this sync's to delete: all that is in it would go with it, whoever put it there. Only one that
 * the sync created is, and one of which somebody says so.
 */
function isForeignNamespace(live: KubeObject, sync: MeshSync): boolean {
  if (!isNamespace(live)) return false;
  const { annotations = {} } = live.metadata;
  const isCreated = annotations[ANNOTATIONS.createdBy] === keyText(keyOf(sync));
  return !isCreated && annotations[ANNOTATIONS.prune] !== "enabled";
}

/** An object that is on its way out, in words. */
export function terminating({ entry, id, live: { metadata } }: ToDelete): Terminating {
  const { finalizers = [] } = metadata;
  const holders = finalizers.length === 0 ? "" : `, held by finalizers ${finalizers.join(", ")}`;
  return { entry, words: `${idText(id)} is being deleted${holders}` };
}

/** Kinds that take their time to end, whatever their finalizers say. */
const SLOW_KINDS: readonly string[] = ["Namespace", "Pod"];

/** Whether an object is still there for a while after it was deleted. */
export function staysAWhile({ id, live: { metadata } }: ToDelete): boolean {
  return (metadata.finalizers ?? []).length > 0 || SLOW_KINDS.includes(id.kind);
}

/** The object, in whatever version its kind is served now. */
async function liveOf(
  id: ObjectId,
  cluster: ClusterClient,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const known = await cluster.resourceType(id.apiVersion, id.kind);
  // What had a namespace is not what has the same name and none, since its kind was defined anew.
  if (known !== undefined && known.namespaced !== (id.namespace !== "")) return undefined;
  const live = known === undefined ? undefined : await cluster.get(known, id, signal);
  if (live !== undefined) return live;
  // The version may be gone, perhaps since it was asked for last, and the object be there in another one.
  const served = await cluster.servedVersion(groupOf(id.apiVersion), id.kind);
  // A kind that is not served in any version took its objects along.
  if (served === undefined || served.apiVersion === known?.apiVersion) return undefined;
  return await cluster.get(served, id, signal);
}

function hasLabels(object: KubeObject, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([name, value]) => object.metadata.labels?.[name] === value);
}

/** Why an object is not deleted, in words. */
export function deletionFailure(id: ObjectId, error: unknown): string {
  const text = error instanceof ApiError ? error.text : errorText(error);
  return `Cannot delete ${idText(id)}: ${text}`;
}
