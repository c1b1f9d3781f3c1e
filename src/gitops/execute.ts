import type { MeshSync } from "#api";
import { keyOf, type ObjectId, timestamp } from "#base";
import type { Revision } from "#git";
import { entryKey, inventoryOf, mergedInventory, staleEntries, type Verdict } from "#plan";
import { applyAll, type ApplyReport } from "./apply.ts";
import type { GitOpsContext } from "./context.ts";
import type { AppliedObject } from "./memory.ts";
import type { Placed } from "./place.ts";
import { NOTHING_PRUNED, prune, type PruneReport } from "./prune.ts";
import { writeStatus } from "./report.ts";
import { type StatusNews, syncStatus } from "./status.ts";
import { isNews, type Step, type Work } from "./step.ts";
import { applyVerdict, pruneVerdict } from "./trouble.ts";

/** What became of a revision that was read. */
export interface Executed {
  readonly sync: MeshSync;
  readonly news: StatusNews;
  readonly work: Work;
  readonly trouble?: Verdict;
}

/** Applies what was read and deletes what is gone. */
export async function execute(
  objects: readonly Placed[],
  step: Step & { readonly text: string; readonly revision: Revision },
): Promise<Executed> {
  const { ctx, text, revision } = step;
  const ids = objects.map((object) => object.id);
  const sync = await announce(ids, step);
  const inventory = sync.status?.inventory ?? [];
  const startMs = ctx.clock.now();
  const applied = await applyAll(objects, sync, ctx);
  ctx.metrics.observeSyncPhase("apply", (ctx.clock.now() - startMs) / 1000);
  remember(applied, sync, ctx);
  const failed = applyVerdict(text, applied);
  const base = { sync, work: { revision, text, applied, pruned: NOTHING_PRUNED } };
  if (failed !== undefined) return { ...base, news: {}, trouble: failed };
  const wanted = inventoryOf(ids);
  const pruned = await pruneStale(staleEntries(inventory, wanted), sync, ctx);
  const work = { ...base.work, pruned };
  const news: StatusNews = {
    inventory: mergedInventory(wanted, pruned.kept),
    lastAppliedRevision: text,
    ...(revision.tree === undefined ? {} : { lastAppliedTree: revision.tree }),
    ...(isNews(work) || sync.status?.lastAppliedTime === undefined
      ? { lastAppliedTime: timestamp(ctx.clock.now()), counts: counts(work) }
      : {}),
  };
  const trouble = pruneVerdict(text, pruned.failures);
  return { sync, work, news, ...(trouble === undefined ? {} : { trouble }) };
}

/**
 * Writes down what is about to be created, before it is: a program that dies in between would otherwise leave objects that
 * nobody knows to delete. Costs a write only when a revision brings new objects.
 */
async function announce(
  ids: readonly ObjectId[],
  step: Step & { readonly text: string },
): Promise<MeshSync> {
  const { sync, ctx, text } = step;
  const before = sync.status?.inventory ?? [];
  const both = mergedInventory(inventoryOf(ids), before);
  if (both.length === before.length) return sync;
  const verdict = {
    ready: false,
    reconciling: true,
    stalled: false,
    reason: "Progressing",
    message: `Applying ${text}: ${ids.length} objects`,
  };
  const news = { inventory: both, lastAttemptedRevision: text };
  const now = timestamp(ctx.clock.now());
  return await writeStatus(sync, syncStatus(sync, { news, verdict, now }), ctx);
}

async function pruneStale(
  stale: ReturnType<typeof staleEntries>,
  sync: MeshSync,
  ctx: GitOpsContext,
): Promise<PruneReport> {
  if (stale.length === 0 || sync.spec.prune === false) return NOTHING_PRUNED;
  const startMs = ctx.clock.now();
  const report = await prune(stale, sync, ctx);
  ctx.metrics.observeSyncPhase("prune", (ctx.clock.now() - startMs) / 1000);
  ctx.metrics.countPruned(report.pruned.length);
  return report;
}

/** What is applied now; after a failure also what was before, so that nothing of it is taken for new. */
function remember(report: ApplyReport, sync: MeshSync, ctx: GitOpsContext): void {
  const isComplete = report.failures.length === 0 && report.waiting.length === 0;
  const known = isComplete ? [] : [...ctx.memory.applied(keyOf(sync)).values()];
  const objects = new Map<string, AppliedObject>(
    known.map((object) => [entryKey(object.id), object]),
  );
  for (const change of report.changes) objects.set(entryKey(change.id), change.applied);
  ctx.memory.setApplied(keyOf(sync), [...objects.values()]);
}

function counts({ applied, pruned }: Work): Record<string, number> {
  const count = (action: string) =>
    applied.changes.filter((change) => change.action === action).length;
  return {
    configured: count("configured"),
    created: count("created"),
    pruned: pruned.pruned.length,
    skipped: pruned.skipped.length,
    unchanged: count("unchanged"),
  };
}
