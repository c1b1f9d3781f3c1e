import type { MeshSync, SourceStatus } from "#api";
import { type ObjectKey, sameJson } from "#base";
import type { Revision } from "#git";
import type { Verdict } from "#plan";
import type { GitOpsContext } from "./context.ts";
import { execute, type Executed } from "./execute.ts";
import type { SyncState } from "./memory.ts";
import { type Composed, trialNews, withHolds } from "./quarantine.ts";
import { rememberApplied } from "./restored.ts";
import { type Found, readRevision } from "./revision.ts";
import { settledKey, specKey } from "./revision_key.ts";
import {
  passedOverStatus,
  refMove,
  revisionText,
  signatureCheck,
  sourceNotes,
} from "./source/revision.ts";
import { type Wait, waitOf } from "./source/schedule.ts";
import type { StatusNews } from "./status.ts";
import { isNews, logName, type Step, type Work } from "./step.ts";
import { emptyVerdict, heldVerdict } from "./trouble.ts";

/** What a pull found out. */
export interface Pulled {
  readonly state: SyncState;
  readonly news: StatusNews;
  /** The sync as it was written last. */
  readonly sync: MeshSync;
  /** What was applied and deleted; absent when nothing had to be looked at. */
  readonly work?: Work;
  /** The commit that was fetched; absent when nothing had to be. */
  readonly fetched?: Revision;
}

/** A state in which nothing is known to be wrong, and nothing waits. */
export function withoutTrouble(state: SyncState): SyncState {
  const { trouble: _trouble, waitsUntilMs: _until, waitsForOthers: _others, ...rest } = state;
  return { ...rest, failures: 0 };
}

/** A new commit that is taken in. */
interface Taking extends Step {
  readonly isSuperseded: () => Promise<boolean>;
}

/** Takes a new commit in. */
export async function take(found: Found, step: Taking): Promise<Pulled> {
  const taken = await taking(found, step);
  if (taken.work === undefined) await rememberApplied(found, { ...step, sync: taken.sync });
  return taken;
}

async function taking(found: Found, step: Taking): Promise<Pulled> {
  const { inputs, revision } = found;
  const { sync, ctx, state } = step;
  const text = revisionText(revision);
  const settled: SyncState = {
    ...withoutTrouble(state),
    settledKey: settledKey(revision, sync, inputs),
  };
  const signed = await signatureCheck({
    ...{ sync, remote: found.remote, revision, signers: inputs.signers },
    ...{ git: ctx.git, signal: ctx.signal },
  });
  const moved = refMove(sync, revision);
  const { moved: _before, ...source } = sync.status?.source ?? {};
  const signer = signed.signer === (sync.status?.signer ?? "") ? {} : { signer: signed.signer };
  const seen: StatusNews = { lastAttemptedRevision: text, ...signer };
  const about = moved === undefined ? {} : { moved };
  let news = { ...seen, ...sourceNews(sync, { ...source, ...about }) };
  const path = sync.spec.path || ".";
  const held = (verdict: Verdict) => heldBack(verdict, { step, settled, news });
  if (signed.refusal !== undefined) {
    return held(signatureVerdict(signed.refusal));
  }
  if (revision.tree === undefined) return held(emptyVerdict(text, path, true));
  if (state.appliedKey === `${revision.tree} ${specKey(sync, inputs)}`) {
    const { held: _held, ...rest } = settled;
    ctx.metrics.countSync("unchanged");
    return { state: rest, news: { ...news, lastAppliedRevision: text }, sync };
  }
  // What was applied once is not kept waiting after a restart, nor is going back from it.
  const syncOf = (key: ObjectKey) => ctx.syncs.get(key) as MeshSync | undefined;
  const facts = { text, nowMs: ctx.clock.now(), syncOf };
  const wait = sync.status?.lastAppliedRevision === text ? undefined : waitOf(sync, facts);
  if (wait !== undefined) return { state: waitingState(settled, wait, text), news, sync };
  const read = await readRevision(found, step);
  const passedOver = passedOverStatus(read.passedOver);
  const known = passedOver === undefined ? about : { ...about, passedOver };
  news = { ...seen, ...sourceNews(sync, known) };
  if (read.problems.length > 0) return held(heldVerdict(text, read.problems));
  if (read.objects.length === 0) return held(emptyVerdict(text, path, false));
  const { appliedKey: _key, settledKey: _settled, held: _refused, ...open } = settled;
  const composed = await withHolds(read.objects, found, step);
  const executed = await execute(composed.objects, { ...step, text, revision, open });
  if (executed.held !== undefined) {
    return heldBack(executed.held, { step, settled, news: { ...news, ...executed.news } });
  }
  if (executed.refused !== undefined) {
    return refused(executed, { step, settled, news, trouble: executed.refused });
  }
  return outcome(executed, { found, step, composed, settled, open, seen: news });
}

function signatureVerdict(refusal: string): Verdict {
  const message = `${refusal}; nothing was changed`;
  return { ready: false, reconciling: false, stalled: true, reason: "SignatureRefused", message };
}

/** News of Git for the status, in members and in words; none when it is as it was. */
function sourceNews(sync: MeshSync, source: SourceStatus): StatusNews {
  const { notes: before = [], source: was = {} } = sync.status ?? {};
  const notes = sourceNotes(source);
  return {
    ...(sameJson(was, source) ? {} : { source }),
    ...(sameJson(before, notes) ? {} : { notes }),
  };
}

/** Of a revision that the API server does not take nothing was begun: what was applied before still is. */
function refused(executed: Executed, { step, settled, news, trouble }: {
  readonly step: Step;
  readonly settled: SyncState;
  readonly news: StatusNews;
  readonly trouble: Verdict;
}): Pulled {
  const { settledKey: _settled, held: _held, ...rest } = settled;
  step.ctx.metrics.countSync("failed");
  const state = { ...rest, failures: step.state.failures + 1, trouble };
  return { state, news: { ...news, ...executed.news }, sync: executed.sync };
}

function heldBack(
  verdict: Verdict,
  { step, settled, news }: {
    readonly step: Step;
    readonly settled: SyncState;
    readonly news: StatusNews;
  },
): Pulled {
  const { ctx, sync } = step;
  ctx.metrics.countSync("held");
  ctx.log.warn("Held a revision back", {
    sync: logName(sync),
    revision: news.lastAttemptedRevision,
    reason: verdict.reason,
  });
  return { state: { ...settled, held: verdict }, news, sync };
}

/** A revision that waits is not settled: it is looked at again when the wait may be over. */
function waitingState(settled: SyncState, wait: Wait, text: string): SyncState {
  const { settledKey: _settled, ...rest } = settled;
  const { untilMs, verdict } = wait;
  return {
    ...rest,
    held: verdict,
    ...(untilMs === undefined ? { waitsForOthers: text } : { waitsUntilMs: untilMs }),
  };
}

/** What is remembered and told of a revision that was worked on. */
function outcome(
  executed: Executed,
  { found, step, composed, settled, open, seen }: {
    readonly found: Found;
    readonly step: Step;
    readonly composed: Composed;
    readonly settled: SyncState;
    readonly open: SyncState;
    readonly seen: StatusNews;
  },
): Pulled {
  const { sync, ctx, state } = step;
  const { inputs, revision } = found;
  const { work, trouble, pruneWaitsSinceMs } = executed;
  const trials = work === undefined
    ? {}
    : trialNews(work, composed, { ...step, sync: executed.sync });
  const news = { ...seen, ...composed.news, ...trials, ...executed.news };
  const base = { sync: executed.sync, news, ...(work === undefined ? {} : { work }) };
  if (trouble !== undefined) {
    const isSuperseded = executed.superseded === true;
    ctx.metrics.countSync(isSuperseded ? "superseded" : "failed");
    const failures = isSuperseded ? 0 : state.failures + 1;
    const waits = pruneWaitsSinceMs === undefined ? {} : { pruneWaitsSinceMs };
    return { ...base, state: { ...open, ...waits, failures, trouble } };
  }
  ctx.metrics.countSync("success");
  const { held: _held, pruneWaitsSinceMs: _waited, ...done } = settled;
  const judged = { ...sync, status: { ...sync.status, quarantined: composed.kept } };
  const applied: SyncState = {
    ...done,
    settledKey: settledKey(revision, judged, inputs),
    appliedKey: `${revision.tree} ${specKey(judged, inputs)}`,
    appliedAtMs: appliedAtMs(executed, ctx),
    ...(hasNews(work) ? { measuredFromMs: commitSinceMs(found, ctx) } : {}),
  };
  return { ...base, state: applied };
}

function hasNews(work: Work | undefined): boolean {
  return work !== undefined && isNews(work);
}

/** A program that restarts finds everything applied: time counts from when it was. */
function appliedAtMs(result: Executed, ctx: GitOpsContext): number {
  const recorded = Date.parse(result.sync.status?.lastAppliedTime ?? "");
  return hasNews(result.work) || Number.isNaN(recorded) ? ctx.clock.now() : recorded;
}

/**
 * Since when a commit can have been on the remote: not before it was made, and not before the last look that did not show
 * it. A first look knows nothing, so it counts from now.
 */
function commitSinceMs(found: Found, ctx: GitOpsContext): number {
  const nowMs = ctx.clock.now();
  if (found.lastLookAtMs === undefined) return nowMs;
  return Math.min(nowMs, Math.max(found.lastLookAtMs, found.revision.committedAtMs));
}
