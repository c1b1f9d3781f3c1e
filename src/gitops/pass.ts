import type { RefMove } from "#api";
import { entryKey } from "#plan";
import type { Outcome } from "./act.ts";
import type { ContestedObject, KeptDrift } from "./contested.ts";
import { isComplete } from "./apply/apply.ts";
import type { ApplyDecision, Rest } from "./decide.ts";
import type { Health } from "./health_tally.ts";
import { type LiveSync, lookKey } from "./observe.ts";
import type { PassMemory, UnrecordedChange } from "./phase.ts";
import type { Proof } from "./proof_entry.ts";
import type { FinishedJob } from "./plan/jobs.ts";
import { contentKey, decisionKey } from "./source/decision_key.ts";
import { lookDelayMs, withNews } from "./status.ts";

/** All that is known at the end of a pass. */
export interface PassFacts {
  readonly seen: LiveSync;
  readonly decision: Rest | ApplyDecision;
  readonly outcome: Outcome;
  /** Absent while nothing is known to be applied. */
  readonly health: Health | undefined;
  readonly pass: PassMemory;
  /** Changes of others that are left. */
  readonly kept: readonly KeptDrift[];
  readonly proofs: ReadonlyMap<string, Proof>;
  /** What was put right lately. */
  readonly contests: readonly ContestedObject[];
  /** Kinds whose changes are seen late, and what comes of that. */
  readonly unfollowed: readonly string[];
  /** Jobs that were seen at their end. */
  readonly finished: ReadonlyMap<string, FinishedJob>;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly monotonicMs: number;
  /** From 0 to 1. */
  readonly random: number;
}

/** What the loop remembers of a pass, once its status is written. */
export function passAfter(facts: PassFacts): PassMemory {
  const { decision, monotonicMs, nowMs, outcome, pass, random, seen } = facts;
  const { source, sync } = seen;
  const watched = {
    watchedSinceMs: pass.watchedSinceMs ?? monotonicMs,
    comparedAtMs: seen.comparedAtMs,
    ...(seen.sync.metadata.uid === undefined ? {} : { uid: seen.sync.metadata.uid }),
    candidatesSinceMs: Object.fromEntries(
      (outcome.sync.status?.trials ?? []).map(({ revision }) => [
        revision,
        pass.candidatesSinceMs?.[revision] ?? monotonicMs,
      ]),
    ),
  };
  const trouble = outcome.trouble ?? (decision.do === "rest" ? decision.trouble : undefined);
  const isFailing = outcome.correctionTrouble !== undefined;
  if (source.tag === "not-due") {
    const failures = isFailing || outcome.trouble !== undefined ? pass.failures + 1 : pass.failures;
    const kept = trouble === undefined ? {} : { trouble };
    // What failed between two looks is over with the next one, which does not wait for the interval.
    const soon = outcome.trouble === undefined
      ? {}
      : { nextLookAtMs: monotonicMs + lookDelayMs(sync, { failures, random, trouble }) };
    return { ...withoutAnswers(pass), ...watched, ...kept, ...soon, ...moveAfter(facts), failures };
  }
  const isTried = trouble !== undefined && trouble.tag !== "Waiting";
  const isSuperseded = outcome.applied.isSuperseded;
  const failures = (isTried && !isSuperseded) || isFailing ? pass.failures + 1 : 0;
  // What goes back meanwhile says nothing of the remote, which is looked at again at once.
  const isReturn = source.tag === "revision" && source.seen.isReturn === true;
  const resolved = isReturn ? undefined : resolvedBy(source);
  return {
    ...watched,
    ...contentAfter(facts),
    lookedFor: lookKey(sync),
    lastLookAtMs: resolved === undefined ? pass.lastLookAtMs ?? nowMs : nowMs,
    nextLookAtMs: isReturn && trouble === undefined ? 0 : monotonicMs + lookDelayMs(sync, {
      failures,
      random,
      trouble,
      isForced: decision.do === "rest" && decision.isRetried === true,
    }),
    failures,
    ...(resolved === undefined ? {} : { commit: resolved.commit }),
    ...(isReturn && pass.commit !== undefined ? { commit: pass.commit } : {}),
    ...(trouble === undefined ? {} : { trouble }),
    ...writesAfter(facts),
    ...measuredAfter(facts),
    ...unservedAfter(facts),
    ...pruneWaitsAfter(facts),
    ...moveAfter(facts),
    ...unrecordedAfter(facts),
  };
}

/** What is known of writes: once a revision is applied completely, all that is open is of objects no longer its. */
function writesAfter({ outcome, pass }: PassFacts): Partial<PassMemory> {
  const { tidiedParts, unanswered } = pass;
  return {
    ...(tidiedParts === undefined ? {} : { tidiedParts }),
    ...(unanswered === undefined || outcome.stored !== undefined ? {} : { unanswered }),
  };
}

/** What a look at the remote came to; undefined where it came to nothing. */
function resolvedBy(source: Exclude<LiveSync["source"], { readonly tag: "not-due" }>) {
  return source.tag === "decided"
    ? source.resolved
    : source.tag === "revision"
    ? source.seen.resolved
    : source.seen?.resolved;
}

/** Until a status says that a revision is applied completely, what was done of it is remembered to be told then. */
function unrecordedAfter(facts: PassFacts): Pick<PassMemory, "unrecorded"> {
  const { decision, outcome, pass } = facts;
  if (decision.do === "rest") {
    return pass.unrecorded === undefined ? {} : { unrecorded: pass.unrecorded };
  }
  const { text } = decision.revision;
  const changes = outcome.stored === undefined ? changesOf(facts, text) : [];
  return changes.length === 0 ? {} : { unrecorded: { revision: text, changes } };
}

/**
 * Whether a pass came between two tries of a revision of which objects wait: that stays as it is then. Who looked and found
 * nothing to apply waits no longer, and begins anew with the next revision.
 */
export function isBetweenTries({ decision, seen: { source } }: PassFacts): boolean {
  return decision.do !== "apply" && (source.tag === "not-due" || source.tag === "failed");
}

/** Since when objects wait for other MeshSyncs. */
function pruneWaitsAfter(facts: PassFacts): Pick<PassMemory, "pruneWaitsSinceMs"> {
  const { monotonicMs, outcome, pass } = facts;
  const { pruneWaitsSinceMs: before } = pass;
  if (isBetweenTries(facts)) return before === undefined ? {} : { pruneWaitsSinceMs: before };
  if (outcome.pruneWaitsSince === undefined) return {};
  return { pruneWaitsSinceMs: before ?? monotonicMs };
}

/** Since when kinds are waited for; a look that came to no revision says nothing about them. */
function unservedAfter(
  { decision, monotonicMs, outcome, pass }: PassFacts,
): Pick<PassMemory, "unservedSinceMs"> {
  const isWaiting = decision.do === "apply"
    ? outcome.applied.unserved.length > 0
    : pass.unservedSinceMs !== undefined;
  return isWaiting ? { unservedSinceMs: pass.unservedSinceMs ?? monotonicMs } : {};
}

/** What is decided and applied after a pass that looked at the remote. */
function contentAfter(
  { decision, outcome, pass, seen }: PassFacts,
): Pick<PassMemory, "appliedKey" | "decided" | "isTerminating"> {
  const before = pass.appliedKey === undefined ? {} : { appliedKey: pass.appliedKey };
  if (decision.do === "rest") {
    const decided = decision.decided === undefined ? {} : { decided: decision.decided };
    return { ...before, ...decided, ...(pass.isTerminating ? { isTerminating: true } : {}) };
  }
  if (outcome.trouble !== undefined || !isComplete(outcome.applied)) return {};
  const { found: { inputs, revision }, resolved } = decision.revision;
  const judged = withNews(seen.sync, { quarantined: [...decision.composed.kept] });
  const applied = { appliedKey: contentKey(revision, judged, inputs) };
  if (decision.revision.isReturn === true) {
    // What is left of it is deleted when the remote says so: until then the rest is not all.
    return decision.plan.prune.toDelete.length > 0 ? {} : applied;
  }
  // What is not gone yet is looked at again, for as long as the inventory has it.
  if (outcome.pruned.terminating.length > 0) return { ...applied, isTerminating: true };
  return {
    ...applied,
    decided: { key: decisionKey(resolved, judged, inputs) },
  };
}

/**
 * Since when commit-to-ready is measured, from the first pass on that did something for a revision, however that pass ended:
 * not before the revision was made, and not before the last look that did not show it. A first look knows nothing. What
 * became healthy once was measured then, and what a newer revision stopped is not measured at all.
 */
function measuredAfter(facts: PassFacts): Pick<PassMemory, "measured"> {
  const { decision, nowMs, outcome, pass, seen } = facts;
  if (outcome.applied.isSuperseded) return {};
  const before = pass.measured === undefined ? {} : { measured: pass.measured };
  if (decision.do !== "apply") return before;
  const { found: { revision: { committedAtMs } }, lastLookAtMs, text } = decision.revision;
  const known = [pass.measured?.revision, seen.sync.status?.lastHealthyRevision];
  if (known.includes(text)) return before;
  const isWork = outcome.pruned.skipped.length > 0 || changesOf(facts, text).length > 0;
  if (!isWork) return before;
  const sinceMs = lastLookAtMs === undefined
    ? nowMs
    : Math.min(nowMs, Math.max(lastLookAtMs, committedAtMs));
  return { measured: { revision: text, sinceMs } };
}

/** A memory without what each pass finds out anew. */
function withoutAnswers(pass: PassMemory): PassMemory {
  const {
    judgedMove: _judged,
    moveAskAtMs: _at,
    openMove: _open,
    ordinaryHealthyFor: _well,
    ...rest
  } = pass;
  return rest;
}

/** Whether a branch was rewritten is asked until somebody answers, and once then. */
function moveAfter({ pass, seen: { move, source } }: PassFacts): Partial<PassMemory> {
  const { askAgainAtMs } = move ?? {};
  const judged = askAgainAtMs === undefined ? move?.asked ?? pass.judgedMove : pass.judgedMove;
  const fresh = source.tag === "revision" ? source.seen.openMove : pass.openMove;
  const askAtMs = askAgainAtMs ?? (isSameMove(fresh, pass.openMove) ? pass.moveAskAtMs : undefined);
  return {
    ...(judged === undefined ? {} : { judgedMove: judged }),
    ...(fresh === undefined || isSameMove(fresh, judged) ? {} : {
      openMove: fresh,
      ...(askAtMs === undefined ? {} : { moveAskAtMs: askAtMs }),
    }),
  };
}

function isSameMove(one: RefMove | undefined, other: RefMove | undefined): boolean {
  return one?.from === other?.from && one?.to === other?.to && one?.name === other?.name;
}

/** What is remembered of work that no status tells of: the next pass tells it. */
export function unrecordedPass(facts: PassFacts): Partial<PassMemory> {
  const { decision, pass, monotonicMs } = facts;
  const again = { nextLookAtMs: 0, watchedSinceMs: pass.watchedSinceMs ?? monotonicMs };
  if (decision.do !== "apply") return again;
  const { text } = decision.revision;
  return {
    ...again,
    ...measuredAfter(facts),
    unrecorded: { revision: text, changes: changesOf(facts, text) },
  };
}

/** What a revision changed, with what passes before changed and could not write down. */
export function changesOf({ outcome, pass }: PassFacts, revision: string): UnrecordedChange[] {
  const before = pass.unrecorded?.revision === revision ? pass.unrecorded.changes : [];
  const changes: UnrecordedChange[] = [
    ...before,
    ...outcome.applied.applied.flatMap(({ action, id }) =>
      action === "unchanged" ? [] : { id, action }
    ),
    ...outcome.pruned.pruned.map((id) => ({ id, action: "pruned" } as const)),
  ];
  return [...new Map(changes.map((change) => [entryKey(change.id), change])).values()];
}
