import type { MeshSync, MeshSyncStatus, Quarantine } from "#api";
import { type ConditionDraft, conditionOf, mergeConditions } from "#base";
import { conditionsOf, type Verdict } from "#plan";
import type { Health } from "./health.ts";
import { sickText } from "./health.ts";
import { quarantineText } from "./quarantine.ts";

/** Members of the status that a pass has news about. */
export type StatusNews = Partial<Omit<MeshSyncStatus, "conditions" | "observedGeneration">>;

/** What to say of a revision that is applied completely. */
export function appliedVerdict(
  revision: string,
  facts: {
    readonly objects: number;
    readonly health: Health;
    /** Whether all are ready, but not for long enough. */
    readonly isSettling: boolean;
    readonly isLate: boolean;
    readonly holds: readonly Quarantine[];
  },
): Verdict {
  const { health, holds, objects, isLate, isSettling } = facts;
  const base = { stalled: false, reconciling: false };
  const count = `${objects} object${objects === 1 ? "" : "s"}`;
  if (isSettling) {
    const message = `Applied ${revision}, ${settlingText(health)}`;
    return { ...base, ready: false, reconciling: true, reason: "Progressing", message };
  }
  if (health.sick.length === 0 && holds.length > 0) {
    const message = `Applied ${revision}, but ${quarantineText(holds)}`;
    return { ...base, ready: false, stalled: true, reason: "Quarantined", message };
  }
  if (health.sick.length === 0) {
    const ready = health.total === 0 ? "" : `, ${health.total} of ${health.total} ready`;
    return {
      ...base,
      ready: true,
      reason: "Healthy",
      message: `Applied ${revision}: ${count}${ready}`,
    };
  }
  const words = `${health.ready} of ${health.total} ready: ${sickText(health.sick)}`;
  return isLate
    ? { ...base, ready: false, reason: "Unhealthy", message: `Applied ${revision}, but ${words}` }
    : {
      ...base,
      ready: false,
      reconciling: true,
      reason: "Progressing",
      message: `Applied ${revision}, ${words}`,
    };
}

function settlingText({ total }: Health): string {
  return `${total} of ${total} ready: waiting whether they stay so`;
}

/** What the conditions `Applied` and `Healthy` go by. */
export interface HealthFacts {
  readonly verdict: Verdict;
  /** Absent while nothing is applied completely. */
  readonly health: Health | undefined;
  /** Whether all are ready, but not for long enough. */
  readonly isSettling: boolean;
  readonly isApplied: boolean;
  /** Why the revision that was tried last is not applied. */
  readonly held: Verdict | undefined;
  readonly holds: readonly Quarantine[];
}

/** `Applied`: the cluster is asked for all that Git says; `Healthy`: what was applied last is as it should be. */
export function healthConditions(sync: MeshSync, facts: HealthFacts): ConditionDraft[] {
  const { health, held, holds, isApplied, isSettling, verdict } = facts;
  const observedGeneration = sync.metadata.generation ?? 0;
  const revision = sync.status?.lastAppliedRevision ?? "";
  const cause = held ?? (isApplied ? undefined : verdict);
  const applied = cause !== undefined
    ? { status: "False", reason: cause.reason, message: cause.message } as const
    : holds.length > 0
    ? { status: "False", reason: "Quarantined", message: quarantineText(holds) } as const
    : { status: "True", reason: "Applied", message: `Applied ${revision}` } as const;
  const draft = { type: "Applied", ...applied, observedGeneration };
  if (health === undefined) return [draft];
  if (isSettling) {
    const reason = "Progressing";
    const message = settlingText(health);
    return [draft, { type: "Healthy", status: "Unknown", reason, message, observedGeneration }];
  }
  const isHealthy = health.sick.length === 0;
  const sick = `${health.ready} of ${health.total} ready: ${sickText(health.sick)}`;
  return [draft, {
    type: "Healthy",
    status: isHealthy ? "True" : "False",
    reason: isHealthy ? "Healthy" : verdict.reason,
    message: isHealthy ? `${health.total} of ${health.total} ready` : sick,
    observedGeneration,
  }];
}

/** The status after a pass. Members without news stay; an unchanged state gives an equal status. */
export function syncStatus(
  sync: MeshSync,
  pass: {
    readonly news: StatusNews;
    readonly verdict: Verdict;
    readonly now: string;
    /** Besides `Ready`, `Reconciling` and `Stalled`. */
    readonly conditions?: readonly ConditionDraft[];
  },
): MeshSyncStatus {
  const generation = sync.metadata.generation ?? 0;
  const drafts = [...conditionsOf(pass.verdict, generation), ...pass.conditions ?? []];
  return withConditions(sync, drafts, pass);
}

/** The status of a suspended sync: what was true of readiness stays, and it says why nothing happens. */
export function suspendedStatus(
  sync: MeshSync,
  { now, message }: { readonly now: string; readonly message: string },
): MeshSyncStatus {
  const before = conditionOf(sync.status?.conditions, "Ready");
  const observedGeneration = sync.metadata.generation ?? 0;
  const said = {
    reason: "Suspended",
    message,
    observedGeneration,
  };
  return withConditions(sync, [
    { type: "Ready", status: before?.status ?? "Unknown", ...said },
    { type: "Reconciling", status: "False", ...said },
    { type: "Stalled", status: "False", ...said },
  ], { news: {}, now });
}

function withConditions(
  sync: MeshSync,
  drafts: readonly ConditionDraft[],
  pass: { readonly news: StatusNews; readonly now: string },
): MeshSyncStatus {
  const { inventory: _own, inventoryParts: _parts, ...rest } = sync.status ?? {};
  // An inventory is in one place: news of one of these ends the other.
  const isMoved = pass.news.inventory !== undefined || pass.news.inventoryParts !== undefined;
  return {
    ...(isMoved ? rest : sync.status),
    ...pass.news,
    conditions: mergeConditions(sync.status?.conditions, drafts, pass.now),
    observedGeneration: sync.metadata.generation ?? 0,
  };
}
