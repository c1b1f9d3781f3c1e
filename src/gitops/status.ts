import type { MeshSync, MeshSyncStatus } from "#api";
import { type ConditionDraft, conditionOf, mergeConditions } from "#base";
import { conditionsOf, type Verdict } from "#plan";
import type { Health } from "./health.ts";
import { sickText } from "./health.ts";

/** Members of the status that a pass has news about. */
export type StatusNews = Partial<Omit<MeshSyncStatus, "conditions" | "observedGeneration">>;

/** What to say of a revision that is applied completely. */
export function appliedVerdict(
  revision: string,
  facts: { readonly objects: number; readonly health: Health; readonly isLate: boolean },
): Verdict {
  const { health, objects, isLate } = facts;
  const base = { stalled: false, reconciling: false };
  const count = `${objects} object${objects === 1 ? "" : "s"}`;
  if (health.sick.length === 0) {
    const ready = health.total === 0 ? "" : `, ${health.total} of ${health.total} ready`;
    return {
      ...base,
      ready: true,
      reason: "Healthy",
      message: `Applied ${revision}: ${count}${ready}`,
    };
  }
  const words = `${health.ready} of ${health.total} ready: ${sickText(health)}`;
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

/** The status after a pass. Members without news stay; an unchanged state gives an equal status. */
export function syncStatus(
  sync: MeshSync,
  pass: { readonly news: StatusNews; readonly verdict: Verdict; readonly now: string },
): MeshSyncStatus {
  const generation = sync.metadata.generation ?? 0;
  return withConditions(sync, conditionsOf(pass.verdict, generation), pass);
}

/** The status of a suspended sync: what was true of readiness stays, and it says why nothing happens. */
export function suspendedStatus(sync: MeshSync, now: string): MeshSyncStatus {
  const before = conditionOf(sync.status?.conditions, "Ready");
  const observedGeneration = sync.metadata.generation ?? 0;
  const said = {
    reason: "Suspended",
    message: "Suspended: nothing is read from Git, applied or deleted",
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
  return {
    ...sync.status,
    ...pass.news,
    conditions: mergeConditions(sync.status?.conditions, drafts, pass.now),
    observedGeneration: sync.metadata.generation ?? 0,
  };
}
