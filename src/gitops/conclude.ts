import { ANNOTATIONS, type MeshSync, type MeshSyncStatus, type RefMove } from "#api";
import { type Next, sameJson, timestamp } from "#base";
import { entryKey } from "#plan";
import { contestedConditions, contestWaitMs, driftLine, type KeptDrift } from "./contested.ts";
import type { ApplyDecision } from "./decide.ts";
import { type Health, NO_HEALTH } from "./health_tally.ts";
import { compareWaitMs, type LiveSync } from "./observe.ts";
import { changesOf, isBetweenTries, passAfter, type PassFacts, unrecordedPass } from "./pass.ts";
import {
  isAppliedButUnserved,
  type PassMemory,
  type Phase,
  type UnrecordedChange,
} from "./phase.ts";
import { jobsNews } from "./plan/jobs.ts";
import {
  changeCounts,
  changeLines,
  type ChangeList,
  hasChanges,
  plannedChanges,
} from "./plan/revision.ts";
import { type Rollback, rollbackOf, rolloutCandidates } from "./rollback.ts";
import type { RevisionSeen } from "./source/fetch.ts";
import { revisionText, sourceNotes } from "./source/revision.ts";
import {
  appliedAtMs,
  appliedPhase,
  historyNews,
  isSettling,
  nextOf,
  retryDelayMs,
  type StatusNews,
  syncConditions,
  syncStatus,
  withNews,
} from "./status.ts";

/** What a pass has to say, and what it remembers when it is said. */
export interface Conclusion {
  readonly status: MeshSyncStatus;
  readonly pass: PassMemory;
  /** What is remembered where the status cannot be written. */
  readonly unrecorded: Partial<PassMemory>;
  readonly next: Next;
  readonly rollback?: Rollback;
  /** That a revision became healthy, and how long that took. */
  readonly healthy?: { readonly commitToReadySeconds: number; readonly healthSeconds: number };
  /** For the counter of passes. */
  readonly results: readonly SyncResult[];
}

type SyncResult = "success" | "unchanged" | "held" | "failed" | "superseded";

/** Puts together what a pass saw and did: what the status says, and when to come back. Pure. */
export function conclude(facts: PassFacts): Conclusion {
  const { monotonicMs, nowMs, outcome, proofs, seen } = facts;
  const pass = passAfter(facts);
  const news = passNews(facts);
  const current = withNews(outcome.sync, news);
  // A revision of which nothing is left, as all of it went back, is as healthy as can be.
  const isAnyApplied = current.status?.lastAppliedRevision !== undefined;
  const health = facts.health ?? (isAnyApplied ? NO_HEALTH : undefined);
  const hold = pass.trouble ?? outcome.correctionTrouble ?? pass.decided?.hold;
  const isPartial = isAppliedButUnserved(hold);
  const rollback = health === undefined || !mayGoBack(facts, { hold, pass })
    ? undefined
    : rollbackOf(current, { health, proofs, nowMs, watchedMs: watchedMs(pass, monotonicMs) });
  const isUnsettled = health !== undefined && isSettling(current, health, nowMs);
  const revision = current.status?.lastAppliedRevision ?? "";
  const known = health ?? NO_HEALTH;
  const phase: Phase = rollback !== undefined
    ? { tag: "RollingBack", message: rollback.message }
    : hold ?? appliedPhase(current, { revision, objects: proofs.size, health: known, nowMs });
  const isWell = (hold === undefined || isPartial) && rollback === undefined &&
    known.unhealthy.length === 0 && known.unknown.length === 0 && !isUnsettled;
  const isHealthy = isWell && !isPartial;
  const told = { isHealthy, rollback, fetched: fetchedBy(seen), nowMs };
  const all = {
    ...news,
    ...(isWell ? healthyNews(current) : {}),
    ...rollback?.news,
    ...historyNews(current, { ...told, phase: resultPhase(phase, { outcome, pass }) }),
  };
  const final = withNews(outcome.sync, all);
  const conditions = [
    ...syncConditions(final, { phase, health, isSettling: isUnsettled }),
    ...contestedConditions(outcome.sync, facts.contests, watchedTimeMs(pass, monotonicMs)),
  ];
  const healthy = isHealthy ? healthyFacts(final, pass, nowMs) : undefined;
  const isReleased = outcome.released !== undefined;
  const remembered = rememberedPass(pass, { health, isHealthy, isReleased });
  return {
    status: syncStatus(outcome.sync, { news: all, phase, conditions, nowMs }),
    // With the quarantine written down, the same commit is another thing to apply.
    pass: rollback === undefined ? remembered : { ...remembered, nextLookAtMs: 0 },
    unrecorded: unrecordedPass(facts),
    next: nextOf(final, {
      phase,
      pass: remembered,
      correctionDelayMs: correctionDelayMs(facts, pass),
      compareWaitMs: compareWaitMs(seen.comparedAtMs, monotonicMs),
      health: known,
      nowMs,
      monotonicMs,
    }),
    results: resultsOf(facts, pass),
    ...(rollback === undefined ? {} : { rollback }),
    ...(healthy === undefined ? {} : { healthy }),
  };
}

/** How long this process watches a sync. */
function watchedTimeMs({ watchedSinceMs }: PassMemory, monotonicMs: number): number {
  return monotonicMs - (watchedSinceMs ?? monotonicMs);
}

/** What of a phase is a result of the commit that came last: not that something cannot be corrected meanwhile. */
function resultPhase(
  phase: Phase,
  { outcome, pass }: { readonly outcome: PassFacts["outcome"]; readonly pass: PassMemory },
): Phase {
  return phase === outcome.correctionTrouble ? pass.decided?.hold ?? phase : phase;
}

/** Phases in which nothing of what the remote says was begun. */
const UNBEGUN: readonly Phase["tag"][] = ["Failed", "Refused", "Waiting"];

/**
 * Whether what is applied is known, and nothing newer is being applied: while something newer is refused or waits, or the
 * remote is away, it goes back all the same.
 */
function mayGoBack(
  { outcome, proofs }: PassFacts,
  { hold, pass }: { readonly hold: Phase | undefined; readonly pass: PassMemory },
): boolean {
  if (hold === undefined) return pass.appliedKey !== undefined;
  if (isAppliedButUnserved(hold)) return true;
  const isUnbegun = UNBEGUN.includes(hold.tag) || hold === outcome.correctionTrouble;
  return isUnbegun && (pass.appliedKey !== undefined || proofs.size > 0);
}

/** How long this process has watched a revision prove itself. */
function watchedMs(pass: PassMemory, monotonicMs: number): (revision: string) => number {
  return (revision) => monotonicMs - (pass.candidatesSinceMs?.[revision] ?? monotonicMs);
}

/**
 * What is remembered of what was healthy, only as long as it is. Of what another sync took over something, all is compared
 * with the next look.
 */
function rememberedPass(
  pass: PassMemory,
  { health, isHealthy, isReleased }: {
    readonly health: Health | undefined;
    readonly isHealthy: boolean;
    readonly isReleased: boolean;
  },
): PassMemory {
  const { measured: _measured, ...unmeasured } = pass;
  if (isReleased) {
    const { appliedKey: _applied, decided, ...rest } = isHealthy ? unmeasured : pass;
    // What was decided of the commit that was looked at last holds until then.
    return decided?.hold === undefined ? rest : { trouble: decided.hold, ...rest };
  }
  const isWell = health !== undefined && health.unhealthy.length === 0 &&
    health.unknown.length === 0 && pass.appliedKey !== undefined;
  const wellFor = isWell ? { ordinaryHealthyFor: pass.appliedKey } : {};
  return { ...(isHealthy ? unmeasured : pass), ...wellFor };
}

/** When to put right again what could not be, or what waits because somebody changes it again and again. */
function correctionDelayMs(
  { contests, monotonicMs, outcome, random }: PassFacts,
  { failures }: PassMemory,
): number {
  const contestMs = contestWaitMs(contests, monotonicMs);
  if (outcome.correctionTrouble === undefined) return contestMs;
  return Math.min(contestMs, retryDelayMs(failures, 60_000, random));
}

/** The commit that this pass looked at, where it looked at one. */
function fetchedBy({ source }: LiveSync): RevisionSeen["found"]["revision"] | undefined {
  return source.tag === "revision"
    ? source.seen.found.revision
    : source.tag === "failed"
    ? source.seen?.found.revision
    : undefined;
}

/** Members of the status that a pass has news about, besides health. */
function passNews(facts: PassFacts): StatusNews {
  const { decision, kept, outcome, seen } = facts;
  const { move, source, sync } = seen;
  const looked = source.tag === "revision" || source.tag === "failed" ? source.seen : undefined;
  const requested = sync.metadata.annotations?.[ANNOTATIONS.requestedAt];
  const moved = move?.judged === undefined ? {} : moveNews(sync, move.judged);
  const drifted = driftedLines(kept);
  return {
    ...(looked === undefined ? {} : sourceNews(sync, looked)),
    ...moved,
    ...notesNews(facts, { ...(looked === undefined ? {} : { source: looked.source }), ...moved }),
    // What came of it is decided already, although another one was looked at meanwhile.
    ...(source.tag === "decided" ? { lastAttemptedRevision: revisionText(source.resolved) } : {}),
    ...(decision.do === "rest" && decision.isSame && looked !== undefined
      ? { lastAppliedRevision: looked.text }
      : {}),
    ...planNews(facts),
    ...(decision.do === "apply" ? workNews(facts, decision) : {}),
    ...(outcome.stored ?? outcome.released) as StatusNews | undefined,
    ...pruneWaitNews(facts),
    ...jobsNews(sync, { ...facts, isComplete: outcome.stored !== undefined }),
    ...(requested === undefined ? {} : { lastHandledReconcileAt: requested }),
    ...(drifted.length === 0 && sync.status?.drifted === undefined ? {} : { drifted }),
  };
}

function sourceNews(sync: MeshSync, { signer, source, text }: RevisionSeen): StatusNews {
  const isSame = sameJson(sync.status?.source ?? {}, source);
  return {
    lastAttemptedRevision: text,
    ...((sync.status?.signer ?? "") === signer ? {} : { signer }),
    ...(isSame ? {} : { source }),
  };
}

/** What is said besides conditions, of what was read from Git and of what is not followed in the cluster. */
function notesNews(
  { seen: { sync }, unfollowed }: PassFacts,
  { source = sync.status?.source ?? {} }: Pick<MeshSyncStatus, "source">,
): StatusNews {
  const notes = [...sourceNotes(source), ...unfollowed];
  return sameJson(sync.status?.notes ?? [], notes) ? {} : { notes };
}

/** Since when objects wait. */
function pruneWaitNews(facts: PassFacts): StatusNews {
  const { outcome, seen: { sync } } = facts;
  const since = isBetweenTries(facts) ? sync.status?.pruneWaitsSince : outcome.pruneWaitsSince;
  return since === undefined ? {} : { pruneWaitsSince: since };
}

/** Only that a branch was rewritten is news. */
function moveNews({ status }: MeshSync, moved: RefMove): StatusNews {
  return { source: { ...status?.source, moved } };
}

const CHANGES_SHOWN_MAX = 20;

function planNews(facts: PassFacts): StatusNews {
  const { decision, seen: { source } } = facts;
  if (source.tag !== "revision" || source.content.tag !== "planned") return {};
  const { text } = source.seen;
  const list = plannedChanges(source.content.plan);
  if (decision.do !== "apply" || hasChanges(list)) return { plan: planStatus(text, list) };
  // What is there already is no news: the plan that brought it stays, if it was written down.
  const done = doneChanges(facts, changesOf(facts, text));
  return hasChanges(done) ? { plan: planStatus(text, done) } : {};
}

function planStatus(revision: string, list: ChangeList): NonNullable<StatusNews["plan"]> {
  return { revision, counts: changeCounts(list), changes: changeLines(list, CHANGES_SHOWN_MAX) };
}

/** What a revision did. */
function workNews(facts: PassFacts, decision: ApplyDecision): StatusNews {
  const { outcome, seen: { sync } } = facts;
  const { composed, revision } = decision;
  const changes = changesOf(facts, revision.text);
  const isStored = outcome.stored !== undefined;
  // What ended is in force until all is applied that ended it: a part of it tells nothing of what runs.
  const isQuarantineNew = !sameJson(composed.kept, sync.status?.quarantined ?? []) &&
    (isStored || composed.ended.length === 0);
  return {
    ...(isQuarantineNew ? { quarantined: [...composed.kept] } : {}),
    ...(isStored ? trialNews(facts, decision, changes) : {}),
    ...(isStored ? appliedNews(facts, { changes, revision }) : {}),
  };
}

/** The rollouts that have to prove themselves, as they came out: until all is applied those that were announced stay. */
function trialNews(
  { nowMs, outcome, seen: { sync } }: PassFacts,
  { composed, revision }: ApplyDecision,
  changes: readonly UnrecordedChange[],
): StatusNews {
  const corrected = new Set(
    outcome.applied.applied.filter(({ corrected }) => corrected.length > 0)
      .map(({ id }) => entryKey(id)),
  );
  const changed = changes.map(({ id }) => entryKey(id)).filter((key) => !corrected.has(key));
  const news = rolloutCandidates(sync, { revision: revision.text, changed, composed }, nowMs);
  const isAnnounced = (outcome.sync.status?.trials ?? []).length > 0;
  return news.trials === undefined && isAnnounced ? { trials: [] } : news;
}

function appliedNews(
  facts: PassFacts,
  { changes, revision }: {
    readonly changes: readonly UnrecordedChange[];
    readonly revision: RevisionSeen;
  },
): StatusNews {
  const { nowMs, outcome, seen } = facts;
  const { tree } = revision.found.revision;
  const isWork = changes.length > 0 || outcome.pruned.skipped.length > 0;
  // Who died before it could say so has applied it as well.
  const isFirst = seen.sync.status?.lastAppliedTime === undefined ||
    seen.sync.status.lastAppliedRevision !== revision.text;
  return {
    lastAppliedRevision: revision.text,
    ...(tree === undefined ? {} : { lastAppliedTree: tree }),
    ...(isWork || isFirst
      ? { lastAppliedTime: timestamp(nowMs), counts: changeCounts(doneChanges(facts, changes)) }
      : {}),
  };
}

/** What was done, as a list. */
function doneChanges(
  { outcome }: PassFacts,
  changes: readonly UnrecordedChange[],
): ChangeList {
  const having = (action: string) =>
    changes.filter((change) => change.action === action).map(({ id }) => id);
  const written = changes.filter(({ action }) => action !== "pruned").length;
  return {
    created: having("created"),
    configured: having("configured"),
    pruned: having("pruned"),
    skipped: outcome.pruned.skipped,
    unchanged: outcome.applied.applied.length - written,
    deferred: [],
  };
}

/** What became healthy, unless it went back: then it is healthy not because of the revision, but in spite of it. */
function healthyNews({ spec, status }: MeshSync): StatusNews {
  const revision = status?.lastAppliedRevision;
  const quarantined = spec.onUnhealthy === "rollback" ? status?.quarantined ?? [] : [];
  const isHeld = quarantined.some((hold) => hold.revision === revision);
  return {
    ...(revision === undefined || isHeld ? {} : { lastHealthyRevision: revision }),
    ...((status?.trials ?? []).length > 0 ? { trials: [] } : {}),
  };
}

function healthyFacts(
  sync: MeshSync,
  { measured }: PassMemory,
  nowMs: number,
): Conclusion["healthy"] {
  const isHeld = (sync.status?.quarantined ?? []).some((hold) =>
    hold.revision === sync.status?.lastAppliedRevision
  );
  if (measured === undefined || isHeld) return undefined;
  return {
    commitToReadySeconds: (nowMs - measured.sinceMs) / 1000,
    healthSeconds: (nowMs - appliedAtMs(sync, nowMs)) / 1000,
  };
}

const DRIFT_SHOWN_MAX = 20;

/** The first objects that others changed and that are left so, for the status. */
function driftedLines(kept: readonly KeptDrift[]): string[] {
  const lines = kept.slice(0, DRIFT_SHOWN_MAX).map(driftLine);
  const rest = kept.length - DRIFT_SHOWN_MAX;
  return rest > 0 ? [...lines, `and ${rest} more`] : lines;
}

function resultsOf({ decision, outcome, pass, seen: { source } }: PassFacts, after: PassMemory) {
  const results: SyncResult[] = [];
  // The one in progress never became healthy: its time would only tell about the newer one.
  const isOvertaken = pass.measured !== undefined && after.measured !== undefined &&
    pass.measured.revision !== after.measured.revision;
  if (isOvertaken) results.push("superseded");
  if (source.tag === "not-due") return results;
  if (outcome.applied.isSuperseded) return [...results, "superseded" as const];
  if (decision.do === "apply") {
    return [...results, outcome.trouble === undefined ? "success" as const : "failed" as const];
  }
  if (decision.trouble?.tag === "Waiting") return results;
  if (decision.trouble !== undefined) return [...results, "failed" as const];
  const isHeld = source.tag === "revision" && decision.decided?.hold !== undefined;
  return [...results, isHeld ? "held" as const : "unchanged" as const];
}
