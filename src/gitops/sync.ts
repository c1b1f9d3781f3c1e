import { ANNOTATIONS, durationMs, type MeshSync, problems } from "#api";
import {
  afterDelay,
  AWAIT_CHANGE,
  errorText,
  isAbort,
  keyOf,
  keyText,
  type KubeObject,
  type Next,
  type ObjectKey,
  timestamp,
} from "#base";
import { isNewerVersion } from "#kube";
import { problemsVerdict, trialWaitMs, type Verdict } from "#plan";
import type { GitOpsContext } from "./context.ts";
import { correct, driftedLines } from "./correct.ts";
import { ensureFinalizer, finalize } from "./finalize.ts";
import { dropParts } from "./inventory_store.ts";
import { healthOf } from "./health.ts";
import { judge } from "./judge.ts";
import type { SyncState } from "./memory.ts";
import { tellNotice } from "./notice.ts";
import { pull, type Pulled } from "./pull.ts";
import { healthTimeoutMs, holdsOf } from "./quarantine.ts";
import { tellState, tellWork, writeStatus } from "./report.ts";
import { tellRewritten } from "./rewritten.ts";
import { isBootstrap } from "./source/remote.ts";
import { isDependencyMet, suspensionOf, windowProblems } from "./source/schedule.ts";
import { type StatusNews, suspendedStatus, syncStatus } from "./status.ts";
import { errorVerdict } from "./trouble.ts";

const INTERVAL_MS = 60_000;
const TIMEOUT_MS = 300_000;
/** How often to look whether a revision became healthy, where no watch tells. */
const HEALTH_POLL_MS = 2_000;
/** The same, of a revision whose time is over. */
const UNHEALTHY_POLL_MS = 10_000;
const RETRY_FIRST_MS = 1_000;
/** Timers do not take more than 24 days. */
const LONG_MS = 86_400_000;

/**
 * Brings a cluster to what a MeshSync's folder in Git says: look at the remote, apply what is new, undo what others
 * changed, judge the health, write one status.
 *
 * # Guarantees
 * Waiting (for the next look, for health, for a retry) holds no worker: the answer says when to come back. Failures are
 * in the status and tried again after a growing delay that is never longer than the interval, so that the commit that
 * mends them is seen as soon as any other.
 *
 * @throws only what says that the program has to stop, or that the status cannot be written
 */
export async function reconcileMeshSync(key: ObjectKey, ctx: GitOpsContext): Promise<Next> {
  const cached = ctx.syncs.get(key);
  if (cached === undefined) {
    ctx.memory.forget(key);
    ctx.metrics.setQuarantined(key, 0);
    return AWAIT_CHANGE;
  }
  const sync = newest(cached, ctx.memory.state(key).written) as MeshSync;
  if (sync.metadata.deletionTimestamp !== undefined) return await finalize(sync, ctx);
  const now = timestamp(ctx.clock.now());
  const suspension = suspensionOf(sync.spec, ctx.clock.now());
  if (suspension !== undefined) {
    // A resumed sync looks at once.
    ctx.memory.setState(key, { ...ctx.memory.state(key), nextLookAtMs: 0 });
    const status = suspendedStatus(sync, { now, message: suspension.message });
    tellState(sync, await writeStatus(sync, status, ctx), ctx);
    if (suspension.untilMs === undefined) return AWAIT_CHANGE;
    return afterDelay(Math.min(LONG_MS, suspension.untilMs - ctx.clock.now()));
  }
  const found = [
    ...problems(sync, { fileUrls: isBootstrap(sync, ctx) ? "allow" : "refuse" }),
    ...windowProblems(sync.spec?.windows ?? []),
  ];
  if (found.length > 0) {
    const status = syncStatus(sync, { news: {}, verdict: problemsVerdict(found), now });
    tellState(sync, await writeStatus(sync, status, ctx), ctx);
    return AWAIT_CHANGE;
  }
  return await pass(await ensureFinalizer(sync, ctx), ctx);
}

async function pass(sync: MeshSync, ctx: GitOpsContext): Promise<Next> {
  const key = keyOf(sync);
  const isDue = isLookDue(sync, ctx);
  const pulled = isDue
    ? await boundedPull(sync, ctx)
    : { state: ctx.memory.state(key), news: {}, sync };
  if (isDue) ctx.memory.setState(key, scheduled(pulled, sync, ctx));
  if (pulled.work !== undefined) tellWork(sync, pulled.work, ctx);
  const correction = await correct(pulled.sync, ctx);
  const state = ctx.memory.state(key);
  const trouble = state.trouble ?? correction ?? state.held;
  const health = trouble === undefined && state.appliedKey !== undefined
    ? await healthOf(pulled.sync, ctx, { isDue })
    : undefined;
  const { back, conditions, verdict, ...judged } = judge(pulled, { trouble, health, ctx });
  const news = { ...judged.news, ...requestNews(sync), ...driftNews(pulled.sync, ctx) };
  const now = timestamp(ctx.clock.now());
  const status = syncStatus(pulled.sync, { news, verdict, conditions, now });
  const written = await writeStatus(pulled.sync, status, ctx);
  tellState(pulled.sync, written, ctx);
  const held = holdsOf(written).flatMap((hold) => hold.objects);
  ctx.metrics.setQuarantined(key, new Set(held).size);
  await dropParts(pulled.sync, written, ctx);
  // Not while something is being brought up: nobody waits for the answer.
  if (verdict.reason !== "Progressing") await tellRewritten(written, ctx);
  if (back !== undefined) {
    const { message, revision } = back;
    ctx.metrics.countQuarantine();
    tellNotice(pulled.sync, {
      event: "Quarantined",
      reason: "Quarantined",
      revision,
      message,
    }, ctx);
    // With the hold written down, the same commit is another thing to apply.
    ctx.memory.setState(key, { ...ctx.memory.state(key), nextLookAtMs: 0 });
    return afterDelay(0);
  }
  return nextOf(verdict, { sync: written, ctx, isCorrecting: correction !== undefined });
}

/** Of the cached sync and the answer of our own last write the newer one: a cache may lag behind. */
function newest(cached: KubeObject, written: KubeObject | undefined): KubeObject {
  if (written === undefined || written.metadata.uid !== cached.metadata.uid) return cached;
  const isAhead = isNewerVersion(written.metadata.resourceVersion, cached.metadata.resourceVersion);
  return isAhead ? written : cached;
}

/** A look is due by time, by a new spec, or because somebody asked for one. */
function isLookDue(sync: MeshSync, ctx: GitOpsContext): boolean {
  const state = ctx.memory.state(keyOf(sync));
  const { waitsForOthers } = state;
  const facts = {
    text: waitsForOthers ?? "",
    syncOf: (key: ObjectKey) => ctx.syncs.get(key) as MeshSync | undefined,
  };
  if (waitsForOthers !== undefined && isDependencyMet(sync, facts)) return true;
  const dueMs = Math.min(state.nextLookAtMs, state.waitsUntilMs ?? Infinity);
  return dueMs <= ctx.clock.now() || state.lookedFor !== lookKey(sync);
}

function lookKey(sync: MeshSync): string {
  const allowed = sync.metadata.annotations?.[ANNOTATIONS.allowPrune] ?? "";
  return `${sync.metadata.uid} ${sync.metadata.generation} ${requestedAt(sync) ?? ""} ${allowed}`;
}

function requestedAt(sync: MeshSync): string | undefined {
  return sync.metadata.annotations?.[ANNOTATIONS.requestedAt];
}

/** Pulls within the sync's timeout; a failure becomes a state, an abort of the program goes up. */
async function boundedPull(sync: MeshSync, ctx: GitOpsContext): Promise<Pulled> {
  const timeoutMs = durationMs(sync.spec.timeout ?? "") ?? TIMEOUT_MS;
  const deadline = new AbortController();
  const late = new Error(`Cannot finish within ${timeoutMs / 1000} s`);
  const timer = setTimeout(() => deadline.abort(late), timeoutMs);
  const stop = () => deadline.abort(ctx.signal.reason);
  ctx.signal.addEventListener("abort", stop, { once: true });
  try {
    ctx.signal.throwIfAborted();
    return await pull(sync, { ...ctx, signal: deadline.signal });
  } catch (error) {
    if (ctx.signal.aborted || isAbort(error, ctx.signal)) throw error;
    const before = ctx.memory.state(keyOf(sync));
    const trouble = errorVerdict(error);
    ctx.metrics.countSync("failed");
    ctx.log.warn("Cannot sync", { sync: keyText(keyOf(sync)), error: errorText(error) });
    const state = { ...before, failures: before.failures + 1, trouble };
    const written = newest(sync, before.written) as MeshSync;
    return { state, news: {}, sync: written };
  } finally {
    clearTimeout(timer);
    ctx.signal.removeEventListener("abort", stop);
  }
}

/** When to look next: after the interval, spread by a tenth; sooner after a failure that may end by itself. */
function scheduled(pulled: Pulled, sync: MeshSync, ctx: GitOpsContext): SyncState {
  const { state } = pulled;
  const intervalMs = durationMs(sync.spec.interval ?? "") ?? INTERVAL_MS;
  const random = ctx.random ?? Math.random;
  const spreadMs = intervalMs * (0.95 + 0.1 * random());
  const backoffMs = RETRY_FIRST_MS * 2 ** Math.min(state.failures - 1, 20);
  const isRetried = state.trouble !== undefined && !state.trouble.stalled;
  const delayMs = isRetried ? Math.min(spreadMs, backoffMs * (0.75 + 0.5 * random())) : spreadMs;
  const { written } = ctx.memory.state(keyOf(sync));
  return {
    ...state,
    ...(written === undefined ? {} : { written }),
    lookedFor: lookKey(sync),
    nextLookAtMs: ctx.clock.now() + delayMs,
  };
}

function driftNews(sync: MeshSync, ctx: GitOpsContext): StatusNews {
  const drifted = driftedLines(sync, ctx);
  return drifted.length === 0 && sync.status?.drifted === undefined ? {} : { drifted };
}

function requestNews(sync: MeshSync): StatusNews {
  const requested = requestedAt(sync);
  return requested === undefined ? {} : { lastHandledReconcileAt: requested };
}

function nextOf(
  verdict: Verdict,
  pass: { readonly sync: MeshSync; readonly ctx: GitOpsContext; readonly isCorrecting: boolean },
): Next {
  const { sync, ctx, isCorrecting } = pass;
  const { nextLookAtMs, waitsUntilMs = Infinity } = ctx.memory.state(keyOf(sync));
  const nowMs = ctx.clock.now();
  const lookMs = Math.max(0, Math.min(nextLookAtMs, waitsUntilMs) - nowMs);
  const isWaiting = verdict.reason === "Progressing" || isCorrecting;
  const pollMs = isWaiting
    ? HEALTH_POLL_MS
    : verdict.reason === "Unhealthy"
    ? UNHEALTHY_POLL_MS
    : Infinity;
  const timeoutMs = healthTimeoutMs(sync);
  const trialMs = trialWaitMs(sync.status?.trials ?? [], { nowMs, timeoutMs }) ?? Infinity;
  return afterDelay(Math.min(lookMs, pollMs, trialMs));
}
