import { groupOf, idText, isAbort, keyOf, type KubeObject, type ObjectId, pooled } from "#base";
import { isConflict } from "#kube";
import { type TargetObject } from "#manifests";
import { compareIds, deleteStages, type InventoryEntry } from "#plan";
import { CALLS_AT_ONCE } from "../context.ts";
import type { ApplyScope } from "../plan/object.ts";
import {
  deletionFailure,
  type PrunePlan,
  prunePlan,
  staysAWhile,
  type Terminating,
  terminating,
  type ToDelete,
} from "../plan/prune.ts";
import { isUnanswered, noteUnanswered, takeUnanswered } from "./unanswered.ts";

/** What became of objects that Git no longer holds. */
export interface PruneReport {
  readonly pruned: readonly ObjectId[];
  readonly skipped: readonly ObjectId[];
  /** Not gone yet; they stay in the inventory and are looked at again. */
  readonly remaining: readonly InventoryEntry[];
  /** Those of them that are deleted, with what holds them, sorted. */
  readonly terminating: readonly string[];
  /** Why the others could not be deleted, sorted. */
  readonly failures: readonly string[];
  /** What ended it before its end: the limit of the pass. */
  readonly interruption?: unknown;
}

/** Nothing was pruned. */
export const NOTHING_PRUNED: PruneReport = {
  pruned: [],
  skipped: [],
  remaining: [],
  terminating: [],
  failures: [],
};

/** What became of one object that was to be deleted. */
type Deletion =
  | { readonly result: "deleted"; readonly id: ObjectId; readonly staying?: Terminating }
  | { readonly result: "failed"; readonly entry: InventoryEntry; readonly failure: string }
  /** Somebody changed it since the look: it is not to be deleted any longer, or is already. */
  | { readonly result: "left"; readonly plan: PrunePlan };

/**
 * Deletes what a plan says, each object as it was seen, in reverse order of applying.
 *
 * @param waiting what stays for now, as other MeshSyncs may take it over
 */
export async function pruneObjects(
  plan: PrunePlan,
  scope: ApplyScope,
  waiting: readonly ToDelete[] = [],
): Promise<PruneReport> {
  const { ctx, sync } = scope;
  // Deleted by a write that nobody answered: now it is known.
  const gone = plan.absent.filter((id) => takeUnanswered(sync, { id }, ctx)?.action === "pruned");
  const results: Deletion[] = gone.map((id) => ({ result: "deleted", id }));
  const going = plan.toDelete.filter((one) => !waiting.includes(one));
  const byId = new Map(going.map((one) => [one.id, one]));
  try {
    for (const stage of deleteStages([...byId.keys()])) {
      const ones = stage.flatMap((id) => byId.get(id) ?? []);
      await pooled(ones, CALLS_AT_ONCE, async (one) => {
        results.push(await deleteObject(one, scope));
      });
    }
  } catch (error) {
    if (!ctx.signal.aborted) throw error;
    return { ...pruneReport(plan, results, waiting), interruption: error };
  }
  return pruneReport(plan, results, waiting);
}

function pruneReport(
  first: PrunePlan,
  results: readonly Deletion[],
  waiting: readonly ToDelete[],
): PruneReport {
  const deleted = results.flatMap((one) => one.result === "deleted" ? one : []);
  const failed = results.flatMap((one) => one.result === "failed" ? one : []);
  const plans = [first, ...results.flatMap((one) => one.result === "left" ? one.plan : [])];
  const unknown = plans.flatMap((plan) => plan.unknown);
  const staying = [
    ...plans.flatMap((plan) => plan.terminating),
    ...deleted.flatMap(({ staying }) => staying ?? []),
  ];
  return {
    pruned: deleted.map(({ id }) => id).sort(compareIds),
    skipped: [
      ...plans.flatMap((plan) => plan.skipped),
      ...plans.flatMap((plan) => plan.undecided).filter((one) => !waiting.includes(one))
        .map(({ id }) => id),
    ],
    remaining: [...unknown, ...waiting, ...failed, ...staying].map(({ entry }) => entry),
    terminating: staying.map(({ words }) => words).sort(),
    failures: [...unknown, ...failed].map(({ failure }) => failure).sort(),
  };
}

/** Deletes one object; one that somebody changed since the look is looked at once more. */
async function deleteObject(
  one: ToDelete,
  scope: ApplyScope,
  { isSecondLook = false } = {},
): Promise<Deletion> {
  const { ctx, sync } = scope;
  const { entry, id, live } = one;
  try {
    await deleteSeen(one, scope);
    const { uid } = live.metadata;
    if (uid !== undefined) ctx.proofs.setDeleted(keyOf(sync), id, uid);
    return { result: "deleted", id, ...(staysAWhile(one) ? { staying: terminating(one) } : {}) };
  } catch (error) {
    if (isUnanswered(error, ctx.signal)) noteUnanswered(sync, { id, action: "pruned" }, ctx);
    if (isAbort(error, ctx.signal)) throw error;
    if (!isConflict(error)) return { result: "failed", entry, failure: deletionFailure(id, error) };
    if (!isSecondLook) return await deleteChanged(one, scope);
    const failure = `Cannot delete ${idText(id)}: somebody changes it meanwhile`;
    return { result: "failed", entry, failure };
  }
}

/** Deletes an object if it is as it was seen. */
async function deleteSeen({ id, live }: ToDelete, { acting, ctx }: ApplyScope): Promise<void> {
  const { resourceVersion, uid } = live.metadata;
  const call = {
    propagation: "Background",
    signal: ctx.signal,
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  } as const;
  const result = await acting.remove({ ...id, apiVersion: live.apiVersion }, call);
  if (result !== "absent") return;
  // Seen a moment ago: perhaps the revision itself took its version out of its definition.
  const served = await acting.servedVersion(groupOf(id.apiVersion), id.kind);
  if (served === undefined) throw new Error("its kind is not served just now");
  await acting.remove({ ...id, apiVersion: served.apiVersion }, call);
}

/** Looks anew at an object that somebody changed, and deletes it where it is still to be deleted. */
async function deleteChanged({ entry }: ToDelete, scope: ApplyScope): Promise<Deletion> {
  const plan = await prunePlan([entry], scope);
  const [again] = plan.toDelete;
  return again === undefined
    ? { result: "left", plan }
    : await deleteObject(again, scope, { isSecondLook: true });
}

/** How long what is deleted to be made anew may take to be gone before that is tried another time. */
const REPLACED_WAIT_MS = 60_000;
const REPLACED_POLL_MS = 250;

/**
 * Deletes an object with all that it owns, and waits until it is gone. A program that dies in between finds the object
 * absent, or still being deleted, and goes on from there.
 *
 * @throws {Error} where finalizers keep it for longer
 */
export async function removeReplaced(
  { id, type }: TargetObject,
  { metadata: { uid } }: KubeObject,
  { acting, ctx: { clock, signal } }: Pick<ApplyScope, "acting" | "ctx">,
): Promise<void> {
  if (type === undefined) return;
  const options = { propagation: "Foreground", signal } as const;
  await acting.remove(id, uid === undefined ? options : { ...options, uid });
  const endMs = clock.monotonicMs() + REPLACED_WAIT_MS;
  while (true) {
    const live = await acting.get(type, id, signal);
    if (live === undefined || live.metadata.uid !== uid) return;
    if (clock.monotonicMs() >= endMs) {
      const { finalizers = [] } = live.metadata;
      throw new Error(
        `is deleted to be made anew, and not gone yet: finalizers ${finalizers.join(", ")} hold it`,
      );
    }
    await clock.sleep(REPLACED_POLL_MS, signal);
  }
}
