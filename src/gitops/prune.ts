import { ANNOTATIONS, type MeshSync } from "#api";
import { errorText, idText, isAbort, keyOf, keyText, type ObjectId } from "#base";
import { ApiError, isConflict } from "#kube";
import { deleteStages, entryId, type InventoryEntry } from "#plan";
import { eachOf, type GitOpsContext } from "./context.ts";
import { belongsTo } from "./place.ts";

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

type Fate = "pruned" | "skipped" | "absent" | { readonly failure: string };

/**
 * Deletes what a sync owned and Git no longer holds, in reverse order of applying. Only objects that still carry the
 * sync's labels are deleted, each by its uid: what was moved to another sync, or deleted and made again by somebody,
 * stays.
 */
export async function prune(
  stale: readonly InventoryEntry[],
  sync: MeshSync,
  ctx: GitOpsContext,
): Promise<PruneReport> {
  const byId = new Map<ObjectId, InventoryEntry>();
  for (const entry of stale) {
    const id = entryId(entry);
    if (id !== undefined) byId.set(id, entry);
  }
  const pruned: ObjectId[] = [];
  const skipped: ObjectId[] = [];
  const kept: InventoryEntry[] = [];
  const failures: string[] = [];
  for (const stage of deleteStages([...byId.keys()])) {
    const fates = await eachOf(stage, async (id) => ({ id, fate: await fateOf(id, sync, ctx) }));
    for (const { id, fate } of fates) {
      if (fate === "pruned") pruned.push(id);
      else if (fate === "skipped") skipped.push(id);
      else if (fate !== "absent") {
        failures.push(`Cannot delete ${idText(id)}: ${fate.failure}`);
        kept.push(byId.get(id) ?? { id: "" });
      }
    }
  }
  return { pruned, skipped, kept, failures };
}

async function fateOf(id: ObjectId, sync: MeshSync, ctx: GitOpsContext): Promise<Fate> {
  // A sync never deletes itself or the namespace it lives in: nothing could bring either back.
  const isSelf = id.kind === "MeshSync" && keyText(id) === keyText(keyOf(sync));
  const isHome = id.kind === "Namespace" && id.name === sync.metadata.namespace;
  if (isSelf || isHome) return "skipped";
  try {
    const type = await ctx.cluster.resourceType(id.apiVersion, id.kind);
    // A kind that is not served anymore took its objects along.
    if (type === undefined) return "absent";
    const live = await ctx.cluster.get(type, id, ctx.signal);
    if (live === undefined || live.metadata.deletionTimestamp !== undefined) return "absent";
    const isHeld = live.metadata.annotations?.[ANNOTATIONS.prune] === "disabled";
    if (isHeld || !belongsTo(sync, live)) return "skipped";
    const { uid } = live.metadata;
    const options = { propagation: "Background", signal: ctx.signal } as const;
    const answer = await ctx.cluster.remove(id, uid === undefined ? options : { ...options, uid });
    return answer === "deleted" ? "pruned" : "absent";
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    // Made again by somebody between the look and the deletion: the next pass looks anew.
    if (isConflict(error)) return { failure: "it was replaced meanwhile" };
    return { failure: error instanceof ApiError ? error.text : errorText(error) };
  }
}
