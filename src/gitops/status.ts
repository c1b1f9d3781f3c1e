import type { HistoryEntry, MeshSync, MeshSyncStatus } from "#api";
import {
  afterDelay,
  AWAIT_CHANGE,
  type ConditionDraft,
  conditionOf,
  mergeConditions,
  type Next,
  timestamp,
} from "#base";
import type { Revision } from "#git";
import { attempted, candidateWaitMs, conditionsOf, resulted } from "#plan";
import { unhealthyText, unknownText } from "./health.ts";
import type { Health } from "./health_tally.ts";
import {
  healthTimeoutMs,
  intervalMs,
  isRetried,
  type PassMemory,
  type Phase,
  readyState,
  settleTimeMs,
} from "./phase.ts";
import { quarantinesOf, quarantineText, type Rollback } from "./rollback.ts";
import type { SyncReason } from "./reasons.ts";

/** Members of the status that a pass has news about. */
export type StatusNews = Partial<Omit<MeshSyncStatus, "conditions" | "observedGeneration">>;

/** A sync with what a pass will write of it. */
export function withNews(sync: MeshSync, news: StatusNews): MeshSync {
  return { ...sync, status: { ...sync.status, ...news } };
}

/** The status after a pass. Members without news stay; an unchanged state gives an equal status. */
export function syncStatus(
  sync: MeshSync,
  pass: {
    readonly news: StatusNews;
    readonly phase: Phase;
    readonly nowMs: number;
    /** Besides `Ready`, `Reconciling` and `Stalled`. */
    readonly conditions?: readonly ConditionDraft[];
  },
): MeshSyncStatus {
  const { conditions = [], news, nowMs, phase } = pass;
  const generation = sync.metadata.generation ?? 0;
  const state = readyState(phase);
  const said = conditionsOf(state, generation);
  // What was true of readiness stays, and it says why nothing happens.
  const wasReady = conditionOf(sync.status?.conditions, "Ready")?.status ?? "Unknown";
  const drafts = phase.tag === "Suspended"
    ? said.map((draft) => draft.type === "Ready" ? { ...draft, status: wasReady } : draft)
    : said;
  const { pruneWaitsSince: _since, ...before } = sync.status ?? {};
  const { inventory: _own, inventoryKinds: _kinds, inventoryParts: _parts, ...rest } = before;
  // An inventory is in one place: news of one of these ends the other.
  const isMoved = news.inventory !== undefined || news.inventoryParts !== undefined;
  return {
    ...(isMoved ? rest : before),
    ...news,
    phase: phase.tag,
    conditions: mergeConditions(
      sync.status?.conditions,
      [...drafts, ...conditions],
      timestamp(nowMs),
    ),
    observedGeneration: generation,
  };
}

/** How what is applied is judged. */
export interface AppliedFacts {
  readonly revision: string;
  /** How many objects are applied. */
  readonly objects: number;
  readonly health: Health;
  readonly nowMs: number;
}

/** Where a sync stands whose revision is applied completely. */
export function appliedPhase(sync: MeshSync, facts: AppliedFacts): Phase {
  const { health, nowMs, objects, revision } = facts;
  const { ready, total, unhealthy, unknown } = health;
  const applied = `Applied ${revision}`;
  if (unhealthy.length > 0) {
    const words = `${ready} of ${total} ready: ${unhealthyText(unhealthy)}`;
    return wallDistanceMs(appliedAtMs(sync, nowMs), nowMs) >= healthTimeoutMs(sync)
      ? { tag: "Unhealthy", message: `${applied}, but ${words}` }
      : { tag: "Verifying", message: `${applied}, ${words}` };
  }
  if (unknown.length > 0) {
    return { tag: "Verifying", message: `${applied}, ${unknownText(unknown)}` };
  }
  if (isSettling(sync, health, nowMs)) {
    return { tag: "Verifying", message: `${applied}, ${settlingText(health)}` };
  }
  const quarantines = quarantinesOf(sync);
  if (quarantines.length > 0) {
    return { tag: "RolledBack", message: `${applied}, but ${quarantineText(quarantines)}` };
  }
  const count = `${objects} object${objects === 1 ? "" : "s"}`;
  const readiness = total === 0 ? "" : `, ${total} of ${total} ready`;
  return { tag: "Healthy", message: `${applied}: ${count}${readiness}` };
}

/** Whether a revision that was not healthy before, and did not go back, has yet to stay ready for a while. */
export function isSettling(sync: MeshSync, health: Health, nowMs: number): boolean {
  const { lastAppliedRevision, lastHealthyRevision } = sync.status ?? {};
  const isHeld = quarantinesOf(sync).some((hold) => hold.revision === lastAppliedRevision);
  return health.unhealthy.length === 0 && lastAppliedRevision !== lastHealthyRevision && !isHeld &&
    wallDistanceMs(health.readySinceMs, nowMs) < settleTimeMs(sync);
}

/** How far a moment is from now: one in the future is of a clock that was set back, and is waited for by nobody. */
function wallDistanceMs(atMs: number, nowMs: number): number {
  return Math.abs(nowMs - atMs);
}

function settlingText({ total }: Health): string {
  return `${total} of ${total} ready: waiting whether they stay so`;
}

/** What the conditions `Applied` and `Healthy` go by. */
export interface ConditionFacts {
  readonly phase: Phase;
  /** Absent while nothing is applied completely. */
  readonly health: Health | undefined;
  readonly isSettling: boolean;
}

/** Phases in which not all that Git says is applied. */
const UNAPPLIED: readonly string[] = ["Applying", "Refused", "Waiting"];

/** A draft of a condition with a reason that a MeshSync may have. */
type SyncDraft = ConditionDraft & { readonly reason: SyncReason };

/** `Applied`: the cluster is asked for all that Git says; `Healthy`: what was applied last is as it should be. */
export function syncConditions(sync: MeshSync, facts: ConditionFacts): SyncDraft[] {
  const { health, phase } = facts;
  const observedGeneration = sync.metadata.generation ?? 0;
  const revision = sync.status?.lastAppliedRevision;
  const quarantines = quarantinesOf(sync);
  const state = readyState(phase);
  const isUnapplied = UNAPPLIED.includes(phase.tag) || revision === undefined ||
    sync.status?.lastAttemptedRevision !== revision;
  const applied = isUnapplied
    ? { status: "False", reason: state.reason, message: state.message } as const
    : quarantines.length > 0
    ? { status: "False", reason: "Quarantined", message: quarantineText(quarantines) } as const
    : { status: "True", reason: "Applied", message: `Applied ${revision}` } as const;
  const draft = { type: "Applied", ...applied, observedGeneration };
  return [draft, { type: "Healthy", ...healthyDraft(health, facts), observedGeneration }];
}

function healthyDraft(
  health: Health | undefined,
  { isSettling, phase }: ConditionFacts,
): Pick<SyncDraft, "message" | "reason" | "status"> {
  if (health === undefined) {
    const { message, reason } = readyState(phase);
    return { status: "Unknown", reason, message };
  }
  const { ready, total, unhealthy, unknown } = health;
  if (unhealthy.length > 0) {
    const reason = phase.tag === "Unhealthy" ? "Unhealthy" : readyState(phase).reason;
    const message = `${ready} of ${total} ready: ${unhealthyText(unhealthy)}`;
    return { status: "False", reason, message };
  }
  if (unknown.length > 0) {
    return { status: "Unknown", reason: "Unknown", message: unknownText(unknown) };
  }
  if (phase.tag === "Applying") {
    const { message, reason } = readyState(phase);
    return { status: "Unknown", reason, message };
  }
  if (isSettling) {
    return { status: "Unknown", reason: "Progressing", message: settlingText(health) };
  }
  return { status: "True", reason: "Healthy", message: `${total} of ${total} ready` };
}

/** The history after a pass, as a member of the status; none where there is none. */
export function historyNews(
  sync: MeshSync,
  facts: {
    readonly phase: Phase;
    readonly isHealthy: boolean;
    readonly rollback: Rollback | undefined;
    /** The commit that was looked at in this pass. */
    readonly fetched: Revision | undefined;
    readonly nowMs: number;
  },
): Pick<MeshSyncStatus, "history"> {
  const { fetched, isHealthy, nowMs, phase, rollback } = facts;
  const now = timestamp(nowMs);
  const revision = sync.status?.lastAttemptedRevision;
  const before: readonly HistoryEntry[] = rollback?.news.history ?? sync.status?.history ?? [];
  const tried = fetched === undefined || revision === undefined ? before : attempted(before, {
    facts: {
      revision,
      author: fetched.author,
      subject: fetched.subject,
      committedAt: timestamp(fetched.committedAtMs),
    },
    now,
  });
  const result = resultOf(phase, isHealthy, fetched !== undefined);
  const isCurrent = result !== undefined && revision !== undefined &&
    rollback?.revision !== revision &&
    !quarantinesOf(sync).some((hold) => hold.revision === revision);
  const history = isCurrent ? resulted(tried, { revision, result, now }) : [...tried];
  return history.length === 0 ? {} : { history };
}

/** A remote that cannot be reached says nothing about the revision before; that it was held back stays so until another one. */
function resultOf(phase: Phase, isHealthy: boolean, isFetched: boolean): string | undefined {
  if (isHealthy) return "Healthy";
  const { reason } = readyState(phase);
  if (["Progressing", "Quarantined"].includes(reason)) return "Applied";
  return isFetched || reason === "Unhealthy" || phase.tag === "Refused" ? reason : undefined;
}

/** How often to look whether a revision became healthy, where no watch tells. */
const HEALTH_POLL_MS = 2_000;
/** The same, of a revision whose time is over. */
const UNHEALTHY_POLL_MS = 10_000;
/** The same, where something cannot be looked at. */
const UNKNOWN_POLL_MS = 30_000;
/** The same, where watches tell: should one not have told. */
const WATCHED_POLL_MS = 60_000;
const RETRY_FIRST_MS = 1_000;

/** A delay that grows with failures in a row, and is never longer than another one. */
export function retryDelayMs(failures: number, maxMs: number, random: number): number {
  const backoffMs = RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 20);
  return Math.min(maxMs, backoffMs * (0.75 + 0.5 * random));
}

/** When to look at the remote next: after the interval, spread by a tenth; sooner after a failure that may end by itself. */
export function lookDelayMs(
  sync: MeshSync,
  { failures, isForced = false, random, trouble }: {
    readonly trouble: Phase | undefined;
    /** Whether it is tried again whatever the trouble. */
    readonly isForced?: boolean;
    readonly failures: number;
    /** From 0 to 1. */
    readonly random: number;
  },
): number {
  const spreadMs = intervalMs(sync) * (0.95 + 0.1 * random);
  if (trouble === undefined || !(isForced || isRetried(trouble))) return spreadMs;
  return retryDelayMs(failures, spreadMs, random);
}

/** When to come back. */
export function nextOf(
  sync: MeshSync,
  facts: {
    readonly phase: Phase;
    readonly pass: PassMemory;
    readonly correctionDelayMs: number;
    readonly compareWaitMs: number;
    readonly health: Health;
    readonly nowMs: number;
    readonly monotonicMs: number;
  },
): Next {
  const { compareWaitMs, correctionDelayMs, monotonicMs, nowMs, pass, phase } = facts;
  const untilMs = phase.tag === "Waiting" || phase.tag === "Suspended" ? phase.untilMs : undefined;
  if (phase.tag === "Suspended" || phase.tag === "Invalid") {
    return untilMs === undefined ? AWAIT_CHANGE : afterDelay(Math.max(0, untilMs - nowMs));
  }
  if (phase.tag === "RollingBack") return afterDelay(0);
  const lookMs = Math.max(
    0,
    Math.min(pass.nextLookAtMs - monotonicMs, (untilMs ?? Infinity) - nowMs),
  );
  const pollMs = healthWaitMs(sync, facts);
  const { trials = [] } = sync.status ?? {};
  const timeoutMs = healthTimeoutMs(sync);
  const trialMs = candidateWaitMs(trials, { nowMs, timeoutMs }) ?? Infinity;
  const moveMs = pass.openMove !== undefined && phase.tag !== "Verifying"
    ? Math.max(0, (pass.moveAskAtMs ?? 0) - monotonicMs)
    : Infinity;
  return afterDelay(
    Math.min(lookMs, pollMs, trialMs, moveMs, correctionDelayMs, compareWaitMs),
  );
}

/** When to look how everything is, where nothing else has it looked at. */
function healthWaitMs(
  sync: MeshSync,
  { health, nowMs, phase }: {
    readonly health: Health;
    readonly nowMs: number;
    readonly phase: Phase;
  },
): number {
  if (health.unknown.length > 0) return UNKNOWN_POLL_MS;
  const isVerifying = phase.tag === "Verifying";
  if (!isVerifying && phase.tag !== "Unhealthy") return Infinity;
  // Whether a rollout goes back is a matter of how long what lasts.
  const isProven = (sync.status?.trials ?? []).length === 0;
  if (!health.isWatched || !isProven) return isVerifying ? HEALTH_POLL_MS : UNHEALTHY_POLL_MS;
  return isVerifying
    ? Math.min(WATCHED_POLL_MS, verdictWaitMs(sync, health, nowMs))
    : WATCHED_POLL_MS;
}

/** How long a revision that is being verified is so where nothing changes: its time is over then, or it has settled. */
function verdictWaitMs(sync: MeshSync, health: Health, nowMs: number): number {
  const [sinceMs, timeMs] = health.unhealthy.length > 0
    ? [appliedAtMs(sync, nowMs), healthTimeoutMs(sync)]
    : [health.readySinceMs, settleTimeMs(sync)];
  return Math.max(0, timeMs - wallDistanceMs(sinceMs, nowMs));
}

/** When a sync applied something last, in milliseconds since 1970; now where nobody says. */
export function appliedAtMs({ status }: MeshSync, nowMs: number): number {
  return Date.parse(status?.lastAppliedTime ?? "") || nowMs;
}
