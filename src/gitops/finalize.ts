import { FINALIZERS, type MeshSync } from "#api";
import {
  afterDelay,
  AWAIT_CHANGE,
  errorText,
  idOf,
  idText,
  isAbort,
  type JsonObject,
  keyOf,
  type Next,
} from "#base";
import { isConflict, isNotFound } from "#kube";
import { actingContext } from "./account.ts";
import type { GitOpsContext } from "./context.ts";
import { loadInventory } from "./inventory_store.ts";
import { prune, prunePlan } from "./prune.ts";
import { logName } from "./step.ts";

/** The field manager of the finalizer. */
const FINALIZER_MANAGER = "meshwright-finalizer";
/** Longest time that a deleted MeshSync is kept by objects that cannot be deleted. */
const PATIENCE_MS = 120_000;
const RETRY_MS = 2_000;

/** Whether the objects of a sync go with it: `MirrorPrune`, the default, does as `prune` says, as Flux does. */
export function deletesObjects(sync: MeshSync): boolean {
  const { deletionPolicy = "MirrorPrune", prune: prunes = true } = sync.spec;
  return deletionPolicy === "Delete" || (deletionPolicy === "MirrorPrune" && prunes);
}

/** Puts the finalizer on a sync whose objects go with it, and takes it from one whose objects stay. */
export async function ensureFinalizer(sync: MeshSync, ctx: GitOpsContext): Promise<MeshSync> {
  const has = hasFinalizer(sync);
  if (has === deletesObjects(sync) || ctx.isTransient === true) return sync;
  return await writeFinalizers(sync, !has, ctx);
}

/**
 * Deletes what a deleted sync owns, where its policy says so, in reverse order of applying; then lets the sync go.
 *
 * # Guarantees
 * The sync goes in the end: what cannot be deleted is tried for {@linkcode PATIENCE_MS}, then told and left. Objects that
 * say so by annotation, and those that another MeshSync owns, stay. A suspended sync leaves everything.
 */
export async function finalize(sync: MeshSync, ctx: GitOpsContext): Promise<Next> {
  if (!hasFinalizer(sync)) return AWAIT_CHANGE;
  const failures = deletesObjects(sync) && sync.spec.suspend !== true
    ? await removeAll(sync, ctx)
    : [];
  const sinceMs = ctx.clock.now() - Date.parse(sync.metadata.deletionTimestamp ?? "");
  if (failures.length > 0 && sinceMs < PATIENCE_MS) {
    tell(sync, ctx, { reason: "DeletionWaits", message: failures.slice(0, 5).join("; ") });
    return afterDelay(RETRY_MS);
  }
  if (failures.length > 0) {
    const message = `Left behind what could not be deleted: ${failures.slice(0, 5).join("; ")}`;
    tell(sync, ctx, { reason: "LeftBehind", message });
  }
  await writeFinalizers(sync, false, ctx);
  ctx.memory.forget(keyOf(sync));
  return AWAIT_CHANGE;
}

/** Answers what could not be deleted, in words. */
async function removeAll(sync: MeshSync, ctx: GitOpsContext): Promise<readonly string[]> {
  try {
    const acting = actingContext(sync, ctx);
    const plan = await prunePlan(await loadInventory(sync, ctx), { sync, ctx: acting });
    const report = await prune(plan, acting);
    ctx.metrics.countPruned(report.pruned.length);
    ctx.log.info("Deleted the objects of a deleted sync", {
      sync: logName(sync),
      pruned: report.pruned.slice(0, 50).map(idText),
      skipped: report.skipped.slice(0, 50).map(idText),
    });
    return report.failures;
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    return [errorText(error)];
  }
}

function tell(
  sync: MeshSync,
  ctx: GitOpsContext,
  { reason, message }: { readonly reason: string; readonly message: string },
): void {
  ctx.events.record(sync, { type: "Warning", reason, message });
  ctx.log.warn("Cannot delete all of a deleted sync", {
    sync: logName(sync),
    reason,
    cause: message,
  });
}

function hasFinalizer(sync: MeshSync): boolean {
  return sync.metadata.finalizers?.includes(FINALIZERS.sync) === true;
}

/** Finalizers are a list that merge patches replace, so the version goes along: whoever changed it meanwhile wins. */
async function writeFinalizers(
  sync: MeshSync,
  wanted: boolean,
  ctx: GitOpsContext,
): Promise<MeshSync> {
  const others = (sync.metadata.finalizers ?? []).filter((name) => name !== FINALIZERS.sync);
  const finalizers = wanted ? [...others, FINALIZERS.sync] : others;
  const { resourceVersion } = sync.metadata;
  const metadata: JsonObject = {
    finalizers,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  try {
    const options = { fieldManager: FINALIZER_MANAGER, signal: ctx.signal };
    const written = await ctx.cluster.patch(idOf(sync), { metadata }, options);
    ctx.syncs.observe?.(written);
    ctx.memory.setState(keyOf(sync), { ...ctx.memory.state(keyOf(sync)), written });
    return written as MeshSync;
  } catch (error) {
    if (isNotFound(error)) return sync;
    if (!isConflict(error) || !wanted) throw error;
    // A newer sync is on its way through the watch: its pass tries again.
    return sync;
  }
}
