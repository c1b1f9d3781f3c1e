import type { MeshSync } from "#api";
import {
  afterDelay,
  AWAIT_CHANGE,
  deadline,
  errorText,
  isAbort,
  keyOf,
  keyText,
  type Next,
  type ObjectKey,
} from "#base";
import { ApiError, withoutRepeated } from "#kube";
import { entryKey } from "#plan";
import { act, nothingDone, type Outcome } from "./act.ts";
import { dropParts } from "./apply/inventory.ts";
import { conclude, type Conclusion } from "./conclude.ts";
import { logName, type SyncContext } from "./context.ts";
import { type ApplyDecision, decide, type Decision, type Rest } from "./decide.ts";
import { discreetContext } from "./discreet.ts";
import {
  emitCorrections,
  emitNewDrift,
  emitRelease,
  emitRemovalTrouble,
  emitRewritten,
  emitRollback,
  emitState,
  emitWork,
} from "./emit.ts";
import { appliedHealth } from "./health.ts";
import type { Health } from "./health_tally.ts";
import {
  dropDecisions,
  knownSync,
  type LiveSync,
  NOTHING_CHANGED,
  observe,
  type Observed,
} from "./observe.ts";
import { failedPhase, InputError, timeoutMs } from "./phase.ts";
import {
  goesWithNamespace,
  hasFinalizer,
  removalOutcome,
  type RemovalTrouble,
  removeObjects,
} from "./removal.ts";
import { quarantinesOf } from "./rollback.ts";
import { remoteOf } from "./source/remote.ts";
import { moveNotes } from "./source/revision.ts";
import { retryDelayMs, type StatusNews, syncStatus, withNews } from "./status.ts";
import { actingClient } from "./tenancy.ts";
import { unfollowedNotes } from "./unfollowed.ts";
import { hasSameBasis, LostSyncError, writeFinalizer, writeStatus } from "./write_sync.ts";

/**
 * Brings a cluster to what a MeshSync's folder in Git says: observe (reads), decide (pure), act (writes), record (the
 * status, as the last thing, however the pass ended).
 *
 * # Guarantees
 * - What the next pass builds on is read from the status; what is remembered besides is a proof that costs a request to
 *   get again, and is only advanced after the status was written.
 * - Waiting (for the next look, for health, for a retry) holds no worker: the answer says when to come back. Failures are
 *   in the status and tried again after a growing delay that is never longer than the interval, so that the commit that
 *   mends them is seen as soon as any other.
 *
 * @throws only what says that the program has to stop, or that the status cannot be written
 */
export async function reconcileSync(key: ObjectKey, surroundings: SyncContext): Promise<Next> {
  const sync = knownSync(key, surroundings);
  if (sync === undefined) return forget(key, surroundings);
  const caches = surroundings.cachesFor?.(sync) ?? surroundings.caches;
  const secrets = surroundings.proofs.secretsOf(key);
  const ctx = discreetContext({ ...surroundings, caches }, secrets);
  dropOutdated(sync, ctx);
  const seconds = timeoutMs(sync) / 1000;
  using limit = deadline(timeoutMs(sync), {
    clock: ctx.clock,
    signal: ctx.signal,
    reason: new InputError(
      "OutOfTime",
      `Cannot finish within ${seconds} s, as spec.timeout says; it is tried again`,
    ),
  });
  const bounded: SyncContext = { ...ctx, signal: limit.signal };
  try {
    const seen = await observed(sync, bounded, ctx.signal);
    const decision = decide(seen, ctx.proofs.pass(key), ctx.clock.now());
    if (decision.do === "say") return await say(sync, decision, ctx);
    if (seen.tag !== "live") return await finalize(sync, decision, { bounded, ctx });
    if (decision.do !== "apply" && decision.do !== "rest") return AWAIT_CHANGE;
    const outcome = await acted(seen, decision, { bounded, ctx });
    return await record(seen, { decision, outcome }, ctx);
  } catch (error) {
    // What cannot be said in the status is said by whoever ran the pass, in the words of the server.
    if (error instanceof ApiError) throw withoutRepeated(error, secrets.values);
    if (!(error instanceof LostSyncError)) throw error;
    if (error.isGone) return forget(key, ctx);
    // Its newest form is on its way, or known already: this pass is of no use.
    const { failures } = ctx.proofs.pass(key);
    dropDecisions(key, ctx);
    ctx.proofs.setPass(key, { ...ctx.proofs.pass(key), failures: failures + 1 });
    return afterDelay(retryDelayMs(failures + 1, RETRY_MS_MAX, ctx.random()));
  }
}

const RETRY_MS_MAX = 60_000;

/** Drops what is remembered of another sync of the same name, or on the basis of a status that somebody changed. */
function dropOutdated(sync: MeshSync, ctx: SyncContext): void {
  const key = keyOf(sync);
  const { uid, written } = ctx.proofs.pass(key);
  if (uid !== undefined && uid !== sync.metadata.uid) ctx.proofs.forget(key);
  if (written === undefined || written.metadata.resourceVersion === sync.metadata.resourceVersion) {
    return;
  }
  if (!hasSameBasis(written, sync)) dropDecisions(key, ctx);
}

/** How long a cache may take to show that a sync is gone; until then it is looked at again. */
const GONE_POLL_MS = 10_000;

/** Drops what is known of a sync that is gone, as far as was answered: where a cache shows it still, time will tell. */
function forget(key: ObjectKey, ctx: SyncContext): Next {
  ctx.proofs.forget(key);
  ctx.metrics.setQuarantined(key, 0);
  return ctx.syncs.get(key) === undefined ? AWAIT_CHANGE : afterDelay(GONE_POLL_MS);
}

/** All that was seen; a look that did not come to an end is something that was seen as well. */
async function observed(
  sync: MeshSync,
  bounded: SyncContext,
  signal: AbortSignal,
): Promise<Observed> {
  try {
    return await observe(sync, bounded);
  } catch (error) {
    if (signal.aborted || isAbort(error, signal)) throw error;
    if (sync.metadata.deletionTimestamp !== undefined) {
      return { tag: "deleted", sync, removal: { tag: "failed", failure: errorText(error) } };
    }
    const comparedAtMs = bounded.clock.monotonicMs();
    return {
      tag: "live",
      sync,
      source: { tag: "failed", error },
      ...NOTHING_CHANGED,
      comparedAtMs,
    };
  }
}

async function acted(
  { sync }: LiveSync,
  decision: Rest | ApplyDecision,
  { bounded, ctx }: { readonly bounded: SyncContext; readonly ctx: SyncContext },
): Promise<Outcome> {
  try {
    return await act(sync, decision, bounded);
  } catch (error) {
    if (error instanceof LostSyncError || ctx.signal.aborted) throw error;
    return { ...nothingDone(sync), trouble: failedPhase(error) };
  }
}

/** Says why nothing happens. */
async function say(
  sync: MeshSync,
  { phase }: Extract<Decision, { readonly do: "say" }>,
  ctx: SyncContext,
): Promise<Next> {
  const key = keyOf(sync);
  const nowMs = ctx.clock.now();
  const written = await writeStatus(sync, syncStatus(sync, { news: {}, phase, nowMs }), ctx);
  // A sync that goes on looks at once, and judges only what it sees from then on.
  const { candidatesSinceMs: _candidates, watchedSinceMs: _since, ...pass } = ctx.proofs.pass(key);
  ctx.proofs.setPass(key, { ...pass, nextLookAtMs: 0 });
  emitState(sync, written, ctx);
  if (phase.tag !== "Suspended" || phase.untilMs === undefined) return AWAIT_CHANGE;
  return afterDelay(Math.max(0, phase.untilMs - nowMs));
}

/**
 * Deletes what a deleted sync owns, where its policy says so, in reverse order of applying; then lets the sync go.
 *
 * # Guarantees
 * The sync goes when nothing is left, or when its status and an event name what is not gone. Objects that say so by
 * annotation, and those that another MeshSync owns, stay.
 */
async function finalize(
  sync: MeshSync,
  decision: Decision,
  { bounded, ctx }: { readonly bounded: SyncContext; readonly ctx: SyncContext },
): Promise<Next> {
  const key = keyOf(sync);
  const startMs = ctx.clock.monotonicMs();
  const trouble = await removed(sync, decision, { bounded, ctx });
  const { failures, terminating } = trouble;
  const isDone = failures.length === 0 && terminating.length === 0;
  if (isDone || await goesWithNamespace(sync, ctx)) return await letGo(sync, ctx);
  const nowMs = ctx.clock.now();
  const { failures: before, removalTriedSinceMs = startMs } = ctx.proofs.pass(key);
  const triedMs = ctx.clock.monotonicMs() - removalTriedSinceMs;
  const { isGivenUp, phase, since } = removalOutcome(sync, trouble, { nowMs, triedMs });
  const failed = before + 1;
  ctx.proofs.setPass(key, { ...ctx.proofs.pass(key), failures: failed, removalTriedSinceMs });
  const news = { deletionTriedSince: since };
  const written = await writeStatus(sync, syncStatus(sync, { news, phase, nowMs }), ctx);
  // That something takes its time is no trouble until it takes too long.
  if (failures.length > 0 || isGivenUp) emitRemovalTrouble(written, phase, ctx);
  if (isGivenUp) return await letGo(written, ctx);
  return afterDelay(retryDelayMs(failed, RETRY_MS_MAX, ctx.random()));
}

/** Deletes what is to be deleted; answers what is not gone. A pass that takes too long is something that failed. */
async function removed(
  sync: MeshSync,
  decision: Decision,
  { bounded, ctx }: { readonly bounded: SyncContext; readonly ctx: SyncContext },
): Promise<RemovalTrouble> {
  if (decision.do === "wait-removal") return { failures: [decision.failure], terminating: [] };
  if (decision.do !== "remove") return { failures: [], terminating: [] };
  try {
    const scope = { sync, ctx: bounded, acting: actingClient(sync, bounded) };
    return await removeObjects(decision.plan, scope);
  } catch (error) {
    if (ctx.signal.aborted) throw error;
    return { failures: [errorText(error)], terminating: [] };
  }
}

async function letGo(sync: MeshSync, ctx: SyncContext): Promise<Next> {
  if (!hasFinalizer(sync)) return AWAIT_CHANGE;
  const write = await writeFinalizer(sync, false, ctx);
  // Somebody changed it meanwhile: looked at anew.
  if (write.tag === "changed") throw new LostSyncError(sync, false);
  await dropClone(sync, ctx);
  return forget(keyOf(sync), ctx);
}

/** Drops the clone that nobody else uses; where that is not possible it goes when there are too many. */
async function dropClone(sync: MeshSync, ctx: SyncContext): Promise<void> {
  try {
    const others = await ctx.syncs.list(ctx.signal);
    const isShared = others.some((other) =>
      other.spec?.url === sync.spec.url && keyText(keyOf(other)) !== keyText(keyOf(sync))
    );
    if (isShared) return;
    await ctx.git.forget(await remoteOf(sync, { ...ctx, acting: actingClient(sync, ctx) }));
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    const facts = { sync: logName(sync), error: errorText(error) };
    ctx.log.debug("Cannot drop the clone of a deleted sync", facts);
  }
}

/** Writes the status, then remembers, then tells. */
async function record(
  seen: LiveSync,
  done: { readonly decision: Rest | ApplyDecision; readonly outcome: Outcome },
  ctx: SyncContext,
): Promise<Next> {
  const { decision, outcome } = done;
  const key = keyOf(seen.sync);
  emitNewDrift(outcome, ctx);
  const { nextLookAtMs } = ctx.proofs.pass(key);
  const health = await recordedHealth(seen, done, ctx);
  const conclusion = conclude({
    seen,
    decision,
    outcome,
    health,
    pass: ctx.proofs.pass(key),
    kept: ctx.proofs.kept(key),
    proofs: ctx.proofs.of(key),
    finished: ctx.proofs.finished(key),
    contests: ctx.proofs.contests(key),
    unfollowed: unfollowedNotes(key, ctx),
    nowMs: ctx.clock.now(),
    monotonicMs: ctx.clock.monotonicMs(),
    random: ctx.random(),
  });
  let written: MeshSync;
  try {
    written = await writeStatus(outcome.sync, conclusion.status, ctx);
  } catch (error) {
    ctx.proofs.setPass(key, { ...ctx.proofs.pass(key), ...conclusion.unrecorded });
    emitWorkDone(outcome.sync, done, ctx);
    throw error;
  }
  // Somebody may have asked for a look meanwhile.
  const isWoken = ctx.proofs.pass(key).nextLookAtMs === 0 && nextLookAtMs > 0;
  const woken = isWoken ? { nextLookAtMs: 0 } : {};
  ctx.proofs.setPass(key, { ...conclusion.pass, ...woken, written });
  seen.takenOver.forEach(({ id }) => ctx.proofs.release(key, id));
  emitWorkDone(written, done, ctx);
  emitConclusion(seen, { ...done, written, conclusion }, ctx);
  await dropParts(written, ctx);
  outcome.waitsFor.forEach((other) => ctx.wake(other));
  return leavesChanges(decision, { key, ctx }) ? afterDelay(0) : conclusion.next;
}

/** Whether what a revision drops, and could not delete yet, is in doubt: a pass that plans a revision compares only that. */
function leavesChanges(
  decision: Rest | ApplyDecision,
  { ctx, key }: { readonly key: ObjectKey; readonly ctx: SyncContext },
): boolean {
  if (decision.do === "rest") return false;
  const changed = ctx.proofs.changed(key);
  if (changed.length === 0) return false;
  const planned = new Set(decision.plan.objects.map(({ target }) => entryKey(target.id)));
  return changed.some(({ id }) => !planned.has(entryKey(id)) && !ctx.proofs.isHeldBack(key, id));
}

/** How everything is that a pass leaves behind. */
async function recordedHealth(
  { source }: LiveSync,
  { decision, outcome }: { readonly decision: Rest | ApplyDecision; readonly outcome: Outcome },
  ctx: SyncContext,
): Promise<Health | undefined> {
  const trouble = outcome.trouble ?? (decision.do === "rest" ? decision.trouble : undefined);
  const stored = outcome.stored ?? outcome.released ?? {};
  return await appliedHealth(
    { sync: withNews(outcome.sync, stored as StatusNews), ctx },
    { isLookDue: source.tag !== "not-due", isPartial: trouble?.tag === "Applying" },
  );
}

function emitWorkDone(
  sync: MeshSync,
  { decision, outcome: { applied, corrected, pruned } }: {
    readonly decision: Rest | ApplyDecision;
    readonly outcome: Outcome;
  },
  ctx: SyncContext,
): void {
  if (decision.do === "rest") return emitCorrections(sync, corrected.applied, ctx);
  const { found: { revision }, text } = decision.revision;
  emitWork(sync, { revision, text, applied, pruned }, ctx);
}

function emitConclusion(
  { move, sync }: LiveSync,
  { conclusion, decision, outcome, written }: {
    readonly written: MeshSync;
    readonly conclusion: Conclusion;
    readonly decision: Rest | ApplyDecision;
    readonly outcome: Outcome;
  },
  ctx: SyncContext,
): void {
  const key = keyOf(sync);
  const { healthy, results, rollback } = conclusion;
  results.forEach((result) => ctx.metrics.countSync(result));
  if (decision.do === "apply" && outcome.stored !== undefined) {
    decision.composed.ended.forEach((hold) => emitRelease(written, hold, ctx));
  }
  emitState(sync, written, ctx);
  if (move?.judged !== undefined) {
    emitRewritten(written, { messages: moveNotes(move.judged), move: move.judged }, ctx);
  }
  if (rollback !== undefined) emitRollback(written, rollback, ctx);
  const held = quarantinesOf(written).flatMap((hold) => hold.objects);
  ctx.metrics.setQuarantined(key, new Set(held).size);
  if (healthy !== undefined) {
    ctx.metrics.observeCommitToReady(healthy.commitToReadySeconds);
    ctx.metrics.observeSyncPhase("health", healthy.healthSeconds);
    ctx.log.info("A revision is healthy", {
      sync: logName(sync),
      revision: written.status?.lastAppliedRevision,
      commitToReadySeconds: healthy.commitToReadySeconds,
    });
  }
}
