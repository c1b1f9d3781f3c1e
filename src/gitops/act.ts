import type { MeshSync, MeshSyncStatus } from "#api";
import {
  errorText,
  isAbort,
  keyOf,
  keyText,
  type ObjectId,
  type ObjectKey,
  timestamp,
} from "#base";
import {
  entryKey,
  type InventoryEntry,
  inventoryOf,
  leftEntries,
  mergedInventory,
  revisionCommit,
  wantedEntries,
} from "#plan";
import { applyObjects, type ApplyReport, NOTHING_APPLIED } from "./apply/apply.ts";
import { loadInventory, type StoredInventory, storeInventory } from "./apply/inventory.ts";
import { NOTHING_PRUNED, pruneObjects, type PruneReport } from "./apply/prune.ts";
import { logName, type SyncContext } from "./context.ts";
import {
  type Announcement,
  type ApplyDecision,
  applyTrouble,
  correctionTrouble,
  isUnservedLate,
  pruneTrouble,
  type Rest,
  unservedTrouble,
} from "./decide.ts";
import { emitPlan } from "./emit.ts";
import { applyingPhase, failedPhase, type Phase, rollsBack } from "./phase.ts";
import type { ApplyScope } from "./plan/object.ts";
import { isLaggard, isUndecided, type WaitFacts } from "./plan/others.ts";
import type { PrunePlan, ToDelete } from "./plan/prune.ts";
import { followedTypes, hasChanges, plannedChanges } from "./plan/revision.ts";
import { quarantinesOf } from "./rollback.ts";
import type { RevisionSeen } from "./source/fetch.ts";
import { syncStatus } from "./status.ts";
import { actingClient } from "./tenancy.ts";
import {
  confirmSync,
  LostSyncError,
  remember,
  stopDeleted,
  writeFinalizer,
  writeStatus,
} from "./write_sync.ts";

/** What a pass did. */
export interface Outcome {
  /** The sync as it was written last. */
  readonly sync: MeshSync;
  readonly applied: ApplyReport;
  readonly pruned: PruneReport;
  /** What was put right, while no revision was applied. */
  readonly corrected: ApplyReport;
  /** Where the inventory is now; absent where it stays as it was. */
  readonly stored?: StoredInventory;
  /** The inventory without what others took over, while no revision was applied. */
  readonly released?: StoredInventory;
  /** What keeps the revision from being applied completely; absent when it is. */
  readonly trouble?: Phase;
  /** What could not be put right. */
  readonly correctionTrouble?: Phase;
  /** Since when objects wait to be deleted, RFC 3339; absent where none do. */
  readonly pruneWaitsSince?: string;
  /** MeshSyncs that may take over what is to be deleted. */
  readonly waitsFor: readonly ObjectKey[];
}

/** Nothing was begun. */
export function nothingDone(sync: MeshSync): Outcome {
  return {
    sync,
    applied: NOTHING_APPLIED,
    pruned: NOTHING_PRUNED,
    corrected: NOTHING_APPLIED,
    waitsFor: [],
  };
}

/**
 * Looks after what is applied, or applies a revision.
 *
 * @throws {LostSyncError} before the first write of an object, where the sync is not as this pass knows it
 */
export async function act(
  before: MeshSync,
  decision: Rest | ApplyDecision,
  ctx: SyncContext,
): Promise<Outcome> {
  const isWritten = decision.finalizer !== undefined && !ctx.isTransient;
  const sync = isWritten ? await withFinalizer(before, decision.finalizer, ctx) : before;
  const scope: ApplyScope = { sync, ctx, acting: actingClient(sync, ctx) };
  const isAnnounced = decision.do === "apply" && decision.announcement !== undefined;
  if (!isWritten && !isAnnounced && isWriting(decision)) await confirmSync(sync, ctx);
  if (decision.do === "apply") return await applyRevision(decision, scope);
  const released = await releaseObjects(decision.toRelease, scope);
  if (decision.changed.length === 0) return { ...nothingDone(sync), ...released };
  const corrected = await applyObjects(decision.changed, scope);
  const trouble = correctionTrouble(corrected);
  const { interruption } = corrected;
  return {
    ...nothingDone(sync),
    ...released,
    corrected,
    // What is known of the revision says more than that a correction of it was interrupted.
    ...(interruption === undefined || decision.trouble !== undefined
      ? {}
      : { trouble: failedPhase(interruption) }),
    ...(trouble === undefined ? {} : { correctionTrouble: trouble }),
  };
}

/** Takes out of the inventory what others took over. */
async function releaseObjects(
  ids: readonly ObjectId[],
  { ctx, sync }: ApplyScope,
): Promise<Pick<Outcome, "released">> {
  if (ids.length === 0) return {};
  const theirs = new Set(ids.map(entryKey));
  const inventory = await loadInventory(sync, ctx);
  const rest = inventory.filter(({ id }) => !theirs.has(id));
  if (rest.length === inventory.length) return {};
  return { released: await storeInventory(rest, sync, ctx) };
}

function isWriting(decision: Rest | ApplyDecision): boolean {
  return decision.do === "rest"
    ? decision.changed.some(({ step }) => step !== "keep")
    : hasChanges(plannedChanges(decision.plan));
}

/** Never goes on without the finalizer: what is applied for a sync that is gone would be nobody's. */
async function withFinalizer(
  sync: MeshSync,
  isWanted: boolean,
  ctx: SyncContext,
): Promise<MeshSync> {
  const write = await writeFinalizer(sync, isWanted, ctx);
  if (write.tag !== "written") throw new LostSyncError(sync, write.tag === "gone");
  remember(write.sync, ctx);
  stopDeleted(write.sync, ctx);
  return write.sync;
}

async function applyRevision(decision: ApplyDecision, scope: ApplyScope): Promise<Outcome> {
  const { announcement, plan, revision } = decision;
  const { ctx } = scope;
  const list = plannedChanges(plan);
  if (hasChanges(list)) emitPlan(scope.sync, { list, revision: revision.text }, ctx);
  let sync = scope.sync;
  let applied = NOTHING_APPLIED;
  try {
    if (announcement !== undefined) sync = await announce(announcement, revision.text, scope);
    await keepCommits(revision, { ...scope, sync });
    const startMs = ctx.clock.monotonicMs();
    applied = await applyObjects(plan.objects, { ...scope, sync }, revision.isSuperseded);
    ctx.metrics.observeSyncPhase("apply", (ctx.clock.monotonicMs() - startMs) / 1000);
    if (applied.interruption !== undefined) throw applied.interruption;
    await ctx.caches.follow(followedTypes(plan.objects.map(({ target }) => target)), ctx.signal);
    const trouble = applyTrouble(revision.text, applied) ??
      unservedYet(decision, { ...scope, sync }, applied);
    if (trouble !== undefined) return { ...nothingDone(sync), applied, trouble };
    return await pruneRevision(decision, { ...scope, sync }, applied);
  } catch (error) {
    if (error instanceof LostSyncError) throw error;
    // What was done is done, and is said.
    return { ...nothingDone(sync), applied, trouble: interruptedPhase(error) };
  }
}

/** A revision of which something may be done already. */
function interruptedPhase(error: unknown): Phase {
  const phase = failedPhase(error);
  const isPartial = phase.tag === "Failed" && !phase.isFinal;
  return isPartial ? applyingPhase(phase.reason, phase.message) : phase;
}

/** That kinds are waited for, as long as they may still come; nothing is deleted meanwhile. */
function unservedYet(
  { revision: { text } }: ApplyDecision,
  { ctx, sync }: ApplyScope,
  applied: ApplyReport,
): Phase | undefined {
  const { unservedSinceMs: sinceMs } = ctx.proofs.pass(keyOf(sync));
  const isLate = isUnservedLate(sync, { sinceMs, text, nowMs: ctx.clock.monotonicMs() });
  return isLate ? undefined : unservedTrouble(text, applied, { isLate });
}

/** What would be deleted, although its successor of another group is not there, as nobody serves that. */
function unsucceeded(toDelete: readonly ToDelete[], { unserved }: ApplyReport): ToDelete[] {
  return toDelete.filter(({ id }) =>
    unserved.some(({ id: next }) => next.kind === id.kind && keyText(next) === keyText(id))
  );
}

/**
 * Keeps in the clone what may have to be gone back to: a force-push may take it from the remote. Where that is not possible
 * the remote may still have it then.
 */
async function keepCommits(
  { found: { remote, revision } }: RevisionSeen,
  { ctx, sync }: ApplyScope,
): Promise<void> {
  if (!rollsBack(sync)) return;
  const { lastHealthyRevision, trials = [] } = sync.status ?? {};
  const held = [...trials, ...quarantinesOf(sync)].map(({ healthyRevision }) => healthyRevision);
  const commits = new Set([
    revision.commit,
    ...[lastHealthyRevision ?? "", ...held].flatMap((text) => revisionCommit(text) ?? []),
  ]);
  const [share, { signal }] = [sync.metadata.namespace ?? "", ctx];
  const call = { sync: keyText(keyOf(sync)), commits: [...commits].sort(), share, signal };
  try {
    await ctx.git.keep(remote, call);
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    const facts = { sync: logName(sync), error: errorText(error) };
    ctx.log.warn("Cannot keep the commits that may be gone back to", facts);
  }
}

/**
 * Writes down what is about to be created, and what has to prove itself, before the first object is written: a program that
 * dies in between would otherwise leave objects that nobody knows to delete or to take back.
 */
async function announce(
  { inventory, isInventoryNew, news, phase }: Announcement,
  revision: string,
  { ctx, sync }: ApplyScope,
): Promise<MeshSync> {
  const stored = isInventoryNew ? await storeInventory(inventory, sync, ctx) : {};
  const since = sync.status?.pruneWaitsSince;
  const waits = since === undefined ? {} : { pruneWaitsSince: since };
  const status = syncStatus(sync, {
    news: { ...stored, ...news, ...waits, lastAttemptedRevision: revision } as Partial<
      MeshSyncStatus
    >,
    phase,
    nowMs: ctx.clock.now(),
  });
  const written = await writeStatus(sync, status, ctx);
  ctx.proofs.setIncomplete(keyOf(sync));
  releaseLetGo(inventory, { ctx, sync });
  stopDeleted(written, ctx);
  return written;
}

/** Forgets what the inventory holds no longer: who let an object go does not look after it, nor make it anew. */
function releaseLetGo(
  inventory: readonly InventoryEntry[],
  { ctx, sync }: Pick<ApplyScope, "ctx" | "sync">,
): void {
  const key = keyOf(sync);
  const held = new Set(inventory.map(({ id }) => id));
  const letGo = [...ctx.proofs.of(key).values()].filter(({ id }) => !held.has(entryKey(id)));
  letGo.forEach(({ id }) => ctx.proofs.release(key, id));
}

async function pruneRevision(
  decision: ApplyDecision,
  scope: ApplyScope,
  applied: ApplyReport,
): Promise<Outcome> {
  const { composed, plan, revision } = decision;
  const { ctx, sync } = scope;
  const key = keyOf(sync);
  const ids = plan.objects.map(({ target }) => target.id);
  ctx.proofs.retain(key, ids, lookedAfter(decision));
  // What goes back is on its way to nobody.
  const back = new Set(composed.kept.flatMap((hold) => hold.objects));
  const moving = plan.prune.toDelete.filter(({ entry }) => !back.has(entry.id));
  const nowMs = ctx.clock.now();
  const startMs = ctx.clock.monotonicMs();
  const since = sync.status?.pruneWaitsSince ?? timestamp(nowMs);
  const { pruneWaitsSinceMs = startMs } = ctx.proofs.pass(key);
  const waitedMs = startMs - pruneWaitsSinceMs;
  const { waiting, waitsFor } = revision.isReturn
    ? { waiting: [...plan.prune.toDelete, ...plan.prune.undecided], waitsFor: [] }
    : awaited(plan.prune, moving, { text: revision.text, waitedMs, nowMs });
  const staying = [...new Set([...waiting, ...unsucceeded(plan.prune.toDelete, applied)])];
  const pruned = await pruneObjects(plan.prune, { ...scope, revision: revision.text }, staying);
  if (pruned.pruned.length > 0) {
    ctx.metrics.observeSyncPhase("prune", (ctx.clock.monotonicMs() - startMs) / 1000);
    ctx.metrics.countPruned(pruned.pruned.length);
  }
  if (pruned.interruption !== undefined) {
    return {
      ...nothingDone(sync),
      applied,
      pruned,
      trouble: interruptedPhase(pruned.interruption),
    };
  }
  const frozen = wantedEntries(plan.inventory.filter(({ id }) => composed.frozen.has(id)));
  const remaining = mergedInventory(leftEntries(pruned.remaining), frozen);
  let stored: StoredInventory;
  try {
    stored = await storeInventory(mergedInventory(inventoryOf(ids), remaining), sync, ctx);
  } catch (error) {
    return { ...nothingDone(sync), applied, pruned, trouble: interruptedPhase(error) };
  }
  const trouble = pruneTrouble(revision.text, pruned, {
    count: waiting.length,
    waitsFor: waitsFor.map(keyText),
  }) ?? unservedTrouble(revision.text, applied, { isLate: true });
  return {
    ...nothingDone(sync),
    applied,
    pruned,
    stored,
    waitsFor,
    ...(waitsFor.length === 0 ? {} : { pruneWaitsSince: since }),
    ...(trouble === undefined ? {} : { trouble }),
  };
}

/** What is looked after as it was applied, besides what Git says: also what stays until the remote says that it goes. */
function lookedAfter({ composed, plan, revision }: ApplyDecision): ReadonlySet<string> {
  if (revision.isReturn !== true) return composed.frozen;
  return new Set([...composed.frozen, ...plan.prune.toDelete.map(({ entry }) => entry.id)]);
}

/** What stays for now, as siblings may take it over or let it go, and which. */
function awaited(
  { siblings, undecided }: PrunePlan,
  moving: readonly ToDelete[],
  facts: WaitFacts,
): { readonly waiting: readonly ToDelete[]; readonly waitsFor: readonly ObjectKey[] } {
  const laggards = moving.length === 0 ? [] : siblings.filter((one) => isLaggard(one, facts));
  const open = undecided.filter(({ holder }) => isUndecided(holder, facts));
  const keys = [...laggards, ...open.map(({ holder }) => holder)].map(keyOf);
  const byText = new Map(keys.map((key) => [keyText(key), key]));
  return {
    waiting: [...(laggards.length === 0 ? [] : moving), ...open],
    waitsFor: [...byText].sort(([a], [b]) => a < b ? -1 : 1).map(([_, key]) => key),
  };
}
