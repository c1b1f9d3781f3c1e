import { ANNOTATIONS, isMeshKind, type MeshSync } from "#api";
import { keyOf, type ObjectId, timestamp } from "#base";
import type { Revision } from "#git";
import type { ResourceType } from "#kube";
import {
  allowsCommit,
  entryKey,
  type InventoryEntry,
  inventoryOf,
  mergedInventory,
  pruneExcess,
  staleEntries,
  type Verdict,
} from "#plan";
import { actingContext } from "./account.ts";
import {
  type Action,
  applyAll,
  type ApplyReport,
  planAll,
  type PlannedItem,
  refusals,
} from "./apply.ts";
import { changeCounts, changeLines, type ChangeList, changeList } from "./change_text.ts";
import type { GitOpsContext } from "./context.ts";
import { loadInventory, storeInventory } from "./inventory_store.ts";
import type { AppliedObject, SyncState } from "./memory.ts";
import type { TargetObject } from "./manifests/target.ts";
import { NO_PRUNE_PLAN, NOTHING_PRUNED, prune, type PrunePlan, prunePlan } from "./prune.ts";
import { tellLeft, writeStatus } from "./report.ts";
import { type StatusNews, syncStatus } from "./status.ts";
import { isNews, logName, type Step, type Work } from "./step.ts";
import {
  applyVerdict,
  brakeVerdict,
  pruneVerdict,
  refusedVerdict,
  supersededVerdict,
} from "./trouble.ts";

/** What became of a revision that was read. */
export interface Executed {
  readonly sync: MeshSync;
  readonly news: StatusNews;
  readonly work?: Work;
  /** Why it is to be tried again. */
  readonly trouble?: Verdict;
  /** Why nothing of it was done, until somebody allows it. */
  readonly held?: Verdict;
  /** Why nothing of it was done, until the API server takes it. */
  readonly refused?: Verdict;
  readonly superseded?: boolean;
  /** Since when objects wait to be deleted. */
  readonly pruneWaitsSinceMs?: number;
}

/** A revision to be executed. */
export interface Execution extends Step {
  readonly text: string;
  readonly revision: Revision;
  /** What is remembered while the cluster holds neither the old content nor the new. */
  readonly open: SyncState;
  /** Whether a newer commit or spec makes going on useless. */
  readonly isSuperseded: () => Promise<boolean>;
}

interface Plan {
  readonly items: readonly PlannedItem[];
  readonly gone: PrunePlan;
  readonly inventory: readonly InventoryEntry[];
  readonly list: ChangeList;
}

/** Plans what to apply and to delete, says so, and does it; or holds the revision where it would delete too much. */
export async function execute(
  objects: readonly TargetObject[],
  step: Execution,
): Promise<Executed> {
  const { ctx, text } = step;
  const plan = await planned(objects, step);
  const planNews = { plan: planStatus(text, plan.list) };
  const excess = tooMuch(plan, step);
  if (excess !== undefined) {
    const commit = step.revision.commit;
    return { sync: step.sync, news: planNews, held: brakeVerdict(text, { excess, commit }) };
  }
  if (hasChanges(plan.list)) {
    ctx.log.info("Planned a revision", {
      sync: logName(step.sync),
      revision: text,
      ...changeCounts(plan.list),
      changes: changeLines(plan.list, LOGGED_MAX),
    });
  }
  const failures = refusals(plan.items);
  if (failures.length > 0) {
    return { sync: step.sync, news: planNews, refused: refusedVerdict(text, failures) };
  }
  ctx.memory.setState(keyOf(step.sync), step.open);
  return await executePlan(objects.map((object) => object.id), plan, step);
}

const LOGGED_MAX = 50;
const STATUS_MAX = 20;

function planStatus(revision: string, list: ChangeList): NonNullable<StatusNews["plan"]> {
  return { revision, counts: changeCounts(list), changes: changeLines(list, STATUS_MAX) };
}

function hasChanges(list: ChangeList): boolean {
  return [list.created, list.configured, list.pruned].some((ids) => ids.length > 0);
}

async function planned(objects: readonly TargetObject[], step: Execution): Promise<Plan> {
  const { sync, ctx, text, state } = step;
  const acting = actingContext(sync, ctx);
  const types = followedTypes(objects);
  const inventory = await loadInventory(sync, ctx, types);
  // After a restart one list of each kind instead of a read of each object.
  if (inventory.length > 0) await ctx.follow?.(types);
  const items = await planAll(objects, sync, { ctx: acting, inventory });
  const stale = staleEntries(inventory, inventoryOf(objects.map((object) => object.id)));
  const waitsSinceMs = state.pruneWaitsSinceMs;
  const gone = sync.spec.prune === false
    ? NO_PRUNE_PLAN
    : await prunePlan(stale, { sync, ctx: acting, text, waitsSinceMs });
  const actions = items.map((item) => ({
    id: item.object.id,
    action: actionOf(item),
    unproven: unprovenOf(item),
  }));
  const pruned = gone.doomed.map(({ id }) => id);
  return { items, gone, inventory, list: changeList(actions, { pruned, skipped: gone.skipped }) };
}

function actionOf(item: PlannedItem): Action {
  if ("known" in item) return "unchanged";
  return "plan" in item ? item.plan.action : "refused" in item ? item.refused.action : "created";
}

function unprovenOf(item: PlannedItem): string | undefined {
  if ("plan" in item) return item.unproven;
  return "known" in item || "failure" in item ? undefined : "its kind is not served yet";
}

/** Kinds that no cache of the controller holds whole. */
export function followedTypes(objects: readonly TargetObject[]): ResourceType[] {
  const types = new Map(
    objects.filter(({ object }) => !isMeshKind(object)).flatMap(({ type }) =>
      type === undefined ? [] : [[`${type.apiVersion} ${type.kind}`, type] as const]
    ),
  );
  return [...types].sort(([a], [b]) => a < b ? -1 : 1).map(([_, type]) => type);
}

/** Why a revision deletes too much to go unasked; undefined when it does not, or was allowed to. */
function tooMuch(plan: Plan, { sync, revision }: Execution): string | undefined {
  const count = { going: plan.gone.doomed.length, owned: plan.inventory.length };
  const allowed = sync.metadata.annotations?.[ANNOTATIONS.allowPrune];
  return allowsCommit(allowed, revision.commit)
    ? undefined
    : pruneExcess(count, sync.spec.pruneLimit ?? {});
}

async function executePlan(
  ids: readonly ObjectId[],
  plan: Plan,
  step: Execution,
): Promise<Executed> {
  const { ctx, text, revision, state } = step;
  const sync = await announce(ids, plan, step);
  const startMs = ctx.clock.now();
  const { isSuperseded } = step;
  const applied = await applyAll(plan.items, sync, { ctx: actingContext(sync, ctx), isSuperseded });
  ctx.metrics.observeSyncPhase("apply", (ctx.clock.now() - startMs) / 1000);
  remember(applied, sync, ctx);
  await ctx.follow?.(followedTypes(plan.items.map((item) => item.object)));
  const base = { sync, work: { revision, text, applied, pruned: NOTHING_PRUNED } };
  if (applied.superseded) {
    const trouble = supersededVerdict(text, applied);
    return { ...base, news: {}, trouble, superseded: true };
  }
  const failed = applyVerdict(text, applied);
  if (failed !== undefined) return { ...base, news: {}, trouble: failed };
  const pruned = await pruneStale(plan.gone, sync, ctx);
  const work = { ...base.work, pruned };
  const kept = mergedInventory(inventoryOf(ids), pruned.kept);
  const stored = await storeInventory(kept, sync, ctx);
  const news: StatusNews = {
    ...stored,
    lastAppliedRevision: text,
    ...(revision.tree === undefined ? {} : { lastAppliedTree: revision.tree }),
    ...workNews(work, { sync, ctx, unproven: plan.list.unproven }),
  };
  const trouble = pruneVerdict(text, pruned.failures, plan.gone);
  if (trouble === undefined) return { sync, work, news };
  const pruneWaitsSinceMs = state.pruneWaitsSinceMs ?? ctx.clock.now();
  plan.gone.waitsFor.forEach((name) => wakeByText(name, ctx));
  return { sync, work, news, trouble, pruneWaitsSinceMs };
}

function wakeByText(name: string, ctx: GitOpsContext): void {
  const [namespace = "", own = ""] = name.split("/");
  ctx.wake?.({ namespace, name: own });
}

function workNews(
  work: Work,
  { sync, ctx, unproven }: Pick<Step, "sync" | "ctx"> & Pick<ChangeList, "unproven">,
): StatusNews {
  const list = changeList(work.applied.changes, work.pruned);
  const now = timestamp(ctx.clock.now());
  if (isNews(work)) {
    return {
      lastAppliedTime: now,
      counts: changeCounts(list),
      plan: planStatus(work.text, { ...list, unproven }),
    };
  }
  return sync.status?.lastAppliedTime === undefined
    ? { lastAppliedTime: now, counts: changeCounts(list) }
    : {};
}

/**
 * Writes down what is about to be created, before it is: a program that dies in between would otherwise leave objects that
 * nobody knows to delete. Costs a write only when a revision brings new objects.
 */
async function announce(
  ids: readonly ObjectId[],
  plan: Plan,
  step: Execution,
): Promise<MeshSync> {
  const { sync, ctx, text } = step;
  const both = mergedInventory(inventoryOf(ids), plan.inventory);
  if (both.length === plan.inventory.length) return sync;
  const verdict = {
    ready: false,
    reconciling: true,
    stalled: false,
    reason: "Progressing",
    message: `Applying ${text}: ${ids.length} objects`,
  };
  const news = { ...await storeInventory(both, sync, ctx), lastAttemptedRevision: text };
  const now = timestamp(ctx.clock.now());
  return await writeStatus(sync, syncStatus(sync, { news, verdict, now }), ctx);
}

async function pruneStale(
  gone: PrunePlan,
  sync: MeshSync,
  ctx: GitOpsContext,
): Promise<Work["pruned"]> {
  if (gone === NO_PRUNE_PLAN) return NOTHING_PRUNED;
  const startMs = ctx.clock.now();
  const report = await prune(gone, actingContext(sync, ctx));
  ctx.metrics.observeSyncPhase("prune", (ctx.clock.now() - startMs) / 1000);
  ctx.metrics.countPruned(report.pruned.length);
  return report;
}

/** What is applied now; after a failure also what was before, so that nothing of it is taken for new. */
function remember(report: ApplyReport, sync: MeshSync, ctx: GitOpsContext): void {
  const isComplete = report.failures.length === 0 && report.waiting.length === 0 &&
    report.untried === 0;
  const known = isComplete ? [] : [...ctx.memory.applied(keyOf(sync)).values()];
  const objects = new Map<string, AppliedObject>(
    known.map((object) => [entryKey(object.id), object]),
  );
  for (const change of report.changes) objects.set(entryKey(change.id), change.applied);
  ctx.memory.setApplied(keyOf(sync), [...objects.values()]);
  report.changes.forEach((change) => tellLeft(sync, change, ctx));
}
