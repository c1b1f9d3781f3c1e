import type { MeshSync } from "#api";
import { type ConditionDraft, keyOf, keyText, timestamp } from "#base";
import { attempted, resulted, type Verdict } from "#plan";
import type { GitOpsContext } from "./context.ts";
import type { Health } from "./health.ts";
import type { Pulled } from "./pull.ts";
import { type GoingBack, goingBack, healthTimeoutMs, holdsOf, settleTimeMs } from "./quarantine.ts";
import { appliedVerdict, healthConditions, type StatusNews } from "./status.ts";

/** What a pass has to say in the end. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly news: StatusNews;
  readonly conditions: readonly ConditionDraft[];
  /** A revision that has to go back now. */
  readonly back?: GoingBack;
}

/** What a pass found out. */
export interface Findings {
  /** What keeps the revision from being applied. */
  readonly trouble: Verdict | undefined;
  /** Absent while nothing is applied completely. */
  readonly health: Health | undefined;
  readonly ctx: GitOpsContext;
}

/** Judges what is applied: Ready or not, healthy or not, whether a revision has to go back, and what history notes. */
export function judge(pulled: Pulled, findings: Findings): Judgement {
  const { ctx, health, trouble } = findings;
  const sync = withNews(pulled);
  const back = health === undefined ? undefined : goingBack(sync, health, ctx);
  const isSettling = health !== undefined && settles(sync, health, ctx);
  const verdict = trouble ??
    (back === undefined ? verdictOf(sync, { ...findings, isSettling }) : backVerdict(back));
  const isHealthy = trouble === undefined && health?.sick.length === 0 && !isSettling;
  const healthy = isHealthy ? healthyNews(sync, ctx) : {};
  const history = historyNews(pulled, { verdict, isHealthy, back, ctx });
  return {
    verdict,
    news: { ...pulled.news, ...healthy, ...back?.news, ...history },
    conditions: healthConditions(sync, {
      verdict,
      health,
      isSettling,
      isApplied: ctx.memory.state(keyOf(sync)).appliedKey !== undefined,
      held: ctx.memory.state(keyOf(sync)).held,
      holds: holdsOf(sync),
    }),
    ...(back === undefined ? {} : { back }),
  };
}

/** The sync with what this pass will write of it. */
function withNews({ sync, news }: Pulled): MeshSync {
  return { ...sync, status: { ...sync.status, ...news } };
}

/** Whether a revision that was not healthy before, and did not go back, has yet to stay ready for a while. */
function settles(sync: MeshSync, { readySinceMs, sick }: Health, ctx: GitOpsContext): boolean {
  const { lastAppliedRevision, lastHealthyRevision } = sync.status ?? {};
  const isHeld = holdsOf(sync).some((hold) => hold.revision === lastAppliedRevision);
  return sick.length === 0 && lastAppliedRevision !== lastHealthyRevision && !isHeld &&
    ctx.clock.now() < readySinceMs + settleTimeMs(sync);
}

const NO_HEALTH: Health = { ready: 0, total: 0, sick: [], readySinceMs: 0 };

function verdictOf(
  sync: MeshSync,
  { health, isSettling, ctx }: Findings & { readonly isSettling: boolean },
): Verdict {
  const state = ctx.memory.state(keyOf(sync));
  return appliedVerdict(sync.status?.lastAppliedRevision ?? "", {
    objects: ctx.memory.applied(keyOf(sync)).size,
    health: health ?? NO_HEALTH,
    isSettling,
    isLate: ctx.clock.now() - (state.appliedAtMs ?? 0) >= healthTimeoutMs(sync),
    holds: holdsOf(sync),
  });
}

function backVerdict(back: GoingBack): Verdict {
  const { message } = back;
  return { ready: false, reconciling: true, stalled: false, reason: "Quarantined", message };
}

/** Notes that a revision became healthy, and how long that took since its commit. */
function healthyNews(sync: MeshSync, ctx: GitOpsContext): StatusNews {
  const key = keyOf(sync);
  const { measuredFromMs, ...rest } = ctx.memory.state(key);
  const revision = sync.status?.lastAppliedRevision;
  // What went back is not healthy because of the revision, but in spite of it.
  const isHeld = holdsOf(sync).some((hold) => hold.revision === revision);
  if (measuredFromMs !== undefined) {
    ctx.memory.setState(key, rest);
    if (!isHeld) tellHealthy(sync, ctx, { measuredFromMs, appliedAtMs: rest.appliedAtMs ?? 0 });
  }
  const hasTrials = (sync.status?.trials ?? []).length > 0;
  return {
    ...(revision === undefined || isHeld ? {} : { lastHealthyRevision: revision }),
    ...(hasTrials ? { trials: [] } : {}),
  };
}

function tellHealthy(
  sync: MeshSync,
  ctx: GitOpsContext,
  { measuredFromMs, appliedAtMs }: {
    readonly measuredFromMs: number;
    readonly appliedAtMs: number;
  },
): void {
  const seconds = (ctx.clock.now() - measuredFromMs) / 1000;
  ctx.metrics.observeCommitToReady(seconds);
  ctx.metrics.observeSyncPhase("health", (ctx.clock.now() - appliedAtMs) / 1000);
  ctx.log.info("A revision is healthy", {
    sync: keyText(keyOf(sync)),
    revision: sync.status?.lastAppliedRevision,
    commitToReadySeconds: seconds,
  });
}

function historyNews(
  pulled: Pulled,
  facts: {
    readonly verdict: Verdict;
    readonly isHealthy: boolean;
    readonly back: GoingBack | undefined;
    readonly ctx: GitOpsContext;
  },
): StatusNews {
  const sync = withNews(pulled);
  const now = timestamp(facts.ctx.clock.now());
  const before = facts.back?.news.history ?? sync.status?.history ?? [];
  const { fetched } = pulled;
  const revision = sync.status?.lastAttemptedRevision;
  const tried = fetched === undefined || revision === undefined ? before : attempted(before, {
    facts: {
      revision,
      author: fetched.author,
      subject: fetched.subject,
      committedAt: timestamp(fetched.committedAtMs),
    },
    now,
  });
  const result = resultOf(facts, fetched !== undefined);
  const isCurrent = result !== undefined && revision !== undefined &&
    !holdsOf(sync).some((hold) => hold.revision === revision) &&
    facts.back?.revision !== revision;
  const history = isCurrent ? resulted(tried, { revision, result, now }) : tried;
  return history.length === 0 ? {} : { history };
}

/** A remote that cannot be reached says nothing about the revision before. */
function resultOf(
  { verdict, isHealthy }: { readonly verdict: Verdict; readonly isHealthy: boolean },
  isFetched: boolean,
): string | undefined {
  if (isHealthy) return "Healthy";
  if (["Progressing", "Quarantined"].includes(verdict.reason)) return "Applied";
  return isFetched || verdict.reason === "Unhealthy" ? verdict.reason : undefined;
}
