import { FINALIZERS, type MeshSync } from "#api";
import { errorText, idText, isAbort, timestamp } from "#base";
import { isForbidden } from "#kube";
import { loadInventory } from "./apply/inventory.ts";
import { pruneObjects, type PruneReport } from "./apply/prune.ts";
import { logName, type SyncContext } from "./context.ts";
import { deletingPhase } from "./phase.ts";
import type { ApplyScope } from "./plan/object.ts";
import { type PrunePlan, prunePlan } from "./plan/prune.ts";
import { suspensionOf } from "./source/schedule.ts";
import { actingClient, authorityOf } from "./tenancy.ts";

/** Longest time that a deleted MeshSync is kept by objects that are not gone, from the first try of a process on. */
const PATIENCE_MS = 120_000;

/** Whether the objects of a sync go with it: `MirrorPrune`, the default, does as `prune` says, as Flux does. */
export function deletesObjects({ spec }: MeshSync): boolean {
  const { deletionPolicy = "MirrorPrune", prune = true } = spec;
  return deletionPolicy === "Delete" || (deletionPolicy === "MirrorPrune" && prune);
}

/** Whether a sync has the finalizer of this program. */
export function hasFinalizer({ metadata }: MeshSync): boolean {
  return metadata.finalizers?.includes(FINALIZERS.sync) === true;
}

/** What a deleted sync owns, as far as could be looked at. */
export type RemovalSeen =
  /** Nothing is to be done: the sync is not held, or its objects stay. */
  | { readonly tag: "nothing" }
  | { readonly tag: "planned"; readonly plan: PrunePlan }
  | { readonly tag: "failed"; readonly failure: string };

/** Looks at what a deleted sync owns. A suspended one leaves everything. */
export async function observeRemoval(sync: MeshSync, ctx: SyncContext): Promise<RemovalSeen> {
  const isSuspended = suspensionOf(sync.spec, ctx.clock.now()) !== undefined;
  if (!hasFinalizer(sync) || !deletesObjects(sync) || isSuspended) return { tag: "nothing" };
  try {
    const inventory = await loadInventory(sync, ctx);
    const scope = { sync, ctx, acting: actingClient(sync, ctx) };
    return { tag: "planned", plan: await prunePlan(inventory, scope) };
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    return { tag: "failed", failure: errorText(error) };
  }
}

const NAMESPACE = {
  apiVersion: "v1",
  kind: "Namespace",
  plural: "namespaces",
  namespaced: false,
} as const;

/**
 * Whether a tenant's sync is deleted with its namespace. All that it can own is in there and goes as well; the rights of its
 * account went perhaps first, so that nothing could be deleted for it any longer.
 */
export async function goesWithNamespace(sync: MeshSync, ctx: SyncContext): Promise<boolean> {
  const { namespace: name } = authorityOf(sync, ctx.tenancy);
  if (name === undefined) return false;
  try {
    const live = await ctx.cluster.get(NAMESPACE, { namespace: "", name }, ctx.signal);
    return live?.metadata.deletionTimestamp !== undefined;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return false;
  }
}

/** Deletes what a plan says. */
export async function removeObjects(
  plan: PrunePlan,
  scope: ApplyScope,
): Promise<PruneReport> {
  const { ctx, sync } = scope;
  const report = await pruneObjects(plan, scope);
  ctx.metrics.countPruned(report.pruned.length);
  ctx.log.info("Deleted the objects of a deleted sync", {
    sync: logName(sync),
    pruned: report.pruned.slice(0, 50).map(idText),
    skipped: report.skipped.slice(0, 50).map(idText),
  });
  return report.interruption === undefined
    ? report
    : { ...report, failures: [...report.failures, errorText(report.interruption)] };
}

const SHOWN_MAX = 5;

/** What keeps a deleted sync. */
export interface RemovalTrouble {
  /** Why objects could not be deleted. */
  readonly failures: readonly string[];
  /** Objects that are deleted, and not gone yet. */
  readonly terminating: readonly string[];
}

/** Where a deleted sync stands of which something is left. */
export interface RemovalOutcome {
  readonly phase: ReturnType<typeof deletingPhase>;
  /** Since when it is tried, RFC 3339. */
  readonly since: string;
  /** Whether it is let go, with what is left named. */
  readonly isGivenUp: boolean;
}

/**
 * What is said of objects that are not gone, and whether the sync is kept for them. Time counts from the first try of this
 * process: how long none was there is not the objects' fault, and neither is a clock that somebody sets.
 */
export function removalOutcome(
  sync: MeshSync,
  { failures, terminating }: RemovalTrouble,
  { nowMs, triedMs }: { readonly nowMs: number; readonly triedMs: number },
): RemovalOutcome {
  const since = sync.status?.deletionTriedSince ?? timestamp(nowMs);
  const isGivenUp = triedMs >= PATIENCE_MS;
  const all = [...failures, ...terminating];
  const shown = all.slice(0, SHOWN_MAX).join("; ");
  const rest = all.length - SHOWN_MAX;
  const words = rest > 0 ? `${shown}; and ${rest} more` : shown;
  const phase = isGivenUp
    ? deletingPhase("LeftBehind", `Left behind what is not gone: ${words}`)
    : deletingPhase("DeletionWaits", words);
  return { phase, since, isGivenUp };
}
