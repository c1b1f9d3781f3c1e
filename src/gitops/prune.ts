import { ANNOTATIONS, durationMs, type MeshSync } from "#api";
import { errorText, idText, isAbort, keyOf, keyText, type ObjectId } from "#base";
import { ApiError, isConflict } from "#kube";
import { deleteStages, entryId, entryKey, type InventoryEntry } from "#plan";
import { ownClient } from "./account.ts";
import { eachOf, type GitOpsContext } from "./context.ts";
import { claims, otherSyncs, siblings } from "./others.ts";
import { belongsTo } from "./manifests/target.ts";

/** What became of objects that Git no longer holds. */
export interface PruneReport {
  readonly pruned: readonly ObjectId[];
  /** Left alone: said so by annotation, or taken over by another sync or by nobody we know. */
  readonly skipped: readonly ObjectId[];
  /** Could not be deleted; they stay in the inventory and are tried again. */
  readonly kept: readonly InventoryEntry[];
  readonly failures: readonly string[];
}

/** Nothing to prune. */
export const NOTHING_PRUNED: PruneReport = { pruned: [], skipped: [], kept: [], failures: [] };

/** An object that is to be deleted. */
interface Doomed {
  readonly id: ObjectId;
  readonly entry: InventoryEntry;
  readonly uid: string | undefined;
}

/** What is to become of objects that Git no longer holds. */
export interface PrunePlan {
  readonly doomed: readonly Doomed[];
  readonly skipped: readonly ObjectId[];
  /** MeshSyncs that may want the objects: they have not applied the revision yet. */
  readonly waitsFor: readonly string[];
  /** Objects that could not be looked at. */
  readonly kept: readonly InventoryEntry[];
  readonly failures: readonly string[];
}

/** Nothing to prune. */
export const NO_PRUNE_PLAN: PrunePlan = {
  doomed: [],
  skipped: [],
  waitsFor: [],
  kept: [],
  failures: [],
};

type Fate =
  | { readonly doomed: Doomed }
  | { readonly skipped: ObjectId }
  | { readonly failure: string; readonly entry: InventoryEntry }
  | "absent";

/** What a plan to prune is made for. */
export interface PruneScope {
  readonly sync: MeshSync;
  readonly ctx: GitOpsContext;
  /** The revision, as a status names it; without one nobody is waited for. */
  readonly text?: string;
  /** Since when objects wait for other MeshSyncs. */
  readonly waitsSinceMs?: number | undefined;
}

/**
 * Looks at what a sync owned and Git no longer holds. Only objects that still carry the sync's labels are to be deleted,
 * and none that another MeshSync has in its inventory: what moved stays what it is.
 */
export async function prunePlan(
  stale: readonly InventoryEntry[],
  scope: PruneScope,
): Promise<PrunePlan> {
  if (stale.length === 0) return NO_PRUNE_PLAN;
  const others = await otherSyncs(scope.sync, scope.ctx);
  const claimed = await claims(others, scope.ctx);
  const fates = await eachOf(stale, (entry) => fateOf(entry, scope, claimed));
  const doomed = fates.flatMap((fate) => fate !== "absent" && "doomed" in fate ? fate.doomed : []);
  return {
    doomed,
    skipped: fates.flatMap((fate) => fate !== "absent" && "skipped" in fate ? fate.skipped : []),
    waitsFor: doomed.length === 0 ? [] : behind(siblings(scope.sync, others), scope),
    kept: fates.flatMap((fate) => fate !== "absent" && "failure" in fate ? fate.entry : []),
    failures: fates.flatMap((fate) => fate !== "absent" && "failure" in fate ? fate.failure : []),
  };
}

/** Longest time that objects wait for other MeshSyncs of the same repository, so that a sick one does not keep them. */
const WAIT_MS_MAX = 300_000;
const INTERVAL_MS = 60_000;

/** The MeshSyncs of the same repository that did not apply the revision yet: an object may be on its way to one of them. */
function behind(others: readonly MeshSync[], scope: PruneScope): string[] {
  const { ctx, text, waitsSinceMs = ctx.clock.now() } = scope;
  const waitedMs = ctx.clock.now() - waitsSinceMs;
  return others.filter((other) => {
    const intervalMs = durationMs(other.spec.interval ?? "") ?? INTERVAL_MS;
    const limitMs = Math.min(WAIT_MS_MAX, intervalMs * 2 + INTERVAL_MS);
    return text !== undefined && other.status?.lastAppliedRevision !== text && waitedMs < limitMs;
  }).map((other) => keyText(keyOf(other))).sort();
}

async function fateOf(
  entry: InventoryEntry,
  { sync, ctx }: PruneScope,
  claimed: ReadonlyMap<string, MeshSync>,
): Promise<Fate> {
  const id = entryId(entry);
  if (id === undefined) return "absent";
  // A sync never deletes itself or the namespace it lives in: nothing could bring either back.
  const isSelf = id.kind === "MeshSync" && keyText(id) === keyText(keyOf(sync));
  const isHome = id.kind === "Namespace" && id.name === sync.metadata.namespace;
  if (isSelf || isHome || claimed.has(entryKey(id))) return { skipped: id };
  try {
    // With the program's own rights: an account that may not even look has perhaps never made the object.
    const own = ownClient(ctx);
    const type = await own.resourceType(id.apiVersion, id.kind);
    // A kind that is not served anymore took its objects along.
    if (type === undefined) return "absent";
    const live = await own.get(type, id, ctx.signal);
    if (live === undefined || live.metadata.deletionTimestamp !== undefined) return "absent";
    const isHeld = live.metadata.annotations?.[ANNOTATIONS.prune] === "disabled";
    if (isHeld || !belongsTo(sync, live)) return { skipped: id };
    return { doomed: { id, entry, uid: live.metadata.uid } };
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    return { failure: failureText(id, error), entry };
  }
}

/** Acts on a plan: deletes each object by its uid, in reverse order of applying. */
export async function prune(plan: PrunePlan, ctx: GitOpsContext): Promise<PruneReport> {
  const { skipped, waitsFor } = plan;
  if (waitsFor.length > 0) {
    const waiting = plan.doomed.map(({ entry }) => entry);
    return { pruned: [], skipped, kept: [...plan.kept, ...waiting], failures: plan.failures };
  }
  const pruned: ObjectId[] = [];
  const kept = [...plan.kept];
  const failures = [...plan.failures];
  const byId = new Map(plan.doomed.map((one) => [one.id, one]));
  for (const stage of deleteStages([...byId.keys()])) {
    await eachOf(stage.flatMap((id) => byId.get(id) ?? []), async (one) => {
      const failure = await removed(one, ctx);
      if (failure === undefined) pruned.push(one.id);
      else {
        kept.push(one.entry);
        failures.push(failure);
      }
    });
  }
  return { pruned, skipped, kept, failures: failures.sort() };
}

/** Deletes one object; answers why it could not. */
async function removed({ id, uid }: Doomed, ctx: GitOpsContext): Promise<string | undefined> {
  try {
    const options = { propagation: "Background", signal: ctx.signal } as const;
    await ctx.cluster.remove(id, uid === undefined ? options : { ...options, uid });
    return undefined;
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    // Made again by somebody between the look and the deletion: the next pass looks anew.
    if (isConflict(error)) return `Cannot delete ${idText(id)}: it was replaced meanwhile`;
    return failureText(id, error);
  }
}

function failureText(id: ObjectId, error: unknown): string {
  const text = error instanceof ApiError ? error.text : errorText(error);
  return `Cannot delete ${idText(id)}: ${text}`;
}
