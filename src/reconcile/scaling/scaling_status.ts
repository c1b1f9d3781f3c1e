import type { ScalingStatus } from "#api";
import { sameJson, timestamp } from "#base";
import { newScalingState, perReplica, type ScalingState } from "#plan";
import type { Weighed } from "./within_mesh.ts";

/** A sentence whose numbers alone changed is written so often at most. */
const REASON_MS = 60_000;
/** Who is idle for less may get work in a moment: said any earlier, it would be written and taken back all the time. */
const IDLE_MS = 60_000;

/** What `status.scaling` says of a component. */
export function scalingStatus(
  { decision, isOff, replicas, terms }: Weighed,
  { before, nowMs, askedAs }: {
    readonly before: ScalingStatus | undefined;
    readonly nowMs: number;
    /** See `Brokers.askedAs`. */
    readonly askedAs: string | undefined;
  },
): ScalingStatus {
  const since = before?.wanted === decision.replicas ? before.since : undefined;
  const rate = perReplica(decision.state.rate);
  const { idleSinceMs = nowMs } = decision.state;
  return {
    replicas,
    // Nothing is wanted of who is turned off; that it should have none is only said where its backlog says so.
    ...(isOff ? {} : { wanted: decision.replicas, since: since ?? timestamp(nowMs) }),
    mode: terms.isRecommendation ? "recommend" : "act",
    reason: decision.reason,
    ...(decision.limits.length === 0 ? {} : { limits: decision.limits }),
    ...(rate === undefined ? {} : { perReplica: String(Number(rate.toPrecision(3))) }),
    ...(nowMs - idleSinceMs < IDLE_MS ? {} : { idleSince: timestamp(idleSinceMs) }),
    ...(askedAs === undefined ? {} : { askedAs }),
  };
}

/**
 * What outlives a restart. Since when it is idle only where the status was written after the replicas changed last: a
 * process that ended in between did not say what it saw.
 */
export function keptState(status: ScalingStatus | undefined, replicas: number): ScalingState {
  const rate = Number(status?.perReplica ?? "");
  const idleSinceMs = Date.parse(status?.idleSince ?? "");
  const isIdleKnown = !Number.isNaN(idleSinceMs) && status?.replicas === replicas;
  return newScalingState({
    ...(rate > 0 ? { perReplica: rate } : {}),
    ...(isIdleKnown ? { idleSinceMs } : {}),
  });
}

/** What is remembered of the last write of a status. */
export interface LastWrite {
  readonly writtenAtMs: number;
  readonly saidUnknown: boolean;
}

/** Whether a status says so much else that it is worth a write now. */
export function isNews(
  said: ScalingStatus,
  before: ScalingStatus | undefined,
  { isUnknown, last, nowMs }: {
    readonly isUnknown: boolean;
    readonly last: LastWrite | undefined;
    readonly nowMs: number;
  },
): boolean {
  if (sameJson(said, before)) return false;
  if (isUnknown || before === undefined || last === undefined || last.saidUnknown) return true;
  return before.wanted !== said.wanted || before.replicas !== said.replicas ||
    !sameJson(before.limits, said.limits) || before.askedAs !== said.askedAs ||
    // Whoever reads that after a restart would take it for idle.
    (before.idleSince !== undefined && said.idleSince === undefined) ||
    nowMs - last.writtenAtMs >= REASON_MS;
}
