import type { ContainerStatus, Pod } from "./pod.ts";

/** A container that ended sooner than this after its start may do so again. */
const SHORT_RUN_MS = 60_000;
/** How much longer than the last time it has to run; the times of Kubernetes are whole seconds. */
const LONGER_MS = 5_000;

/** Pods as they count. */
export interface Stabilized {
  readonly pods: readonly Pod[];
  /** When the first of them counts otherwise, in milliseconds since 1970; undefined when none waits. */
  readonly untilMs?: number;
}

/**
 * The pods, with those not ready that were restarted and have not run longer than the last time: without a readiness
 * probe, which function pods do not have, Kubernetes calls a pod ready the moment that its container starts, and a
 * function that cannot load its class is ready for some seconds between any two of its failures.
 *
 * A run of a minute or more was no failed start: a pod that is restarted after one is ready at once.
 */
export function stabilizedPods(pods: readonly Pod[], nowMs: number): Stabilized {
  const proofs = pods.map((pod) => provenAtMs(pod));
  const open = proofs.filter((proofMs) => proofMs > nowMs);
  if (open.length === 0) return { pods };
  return {
    pods: pods.map((pod, index) => (proofs[index] ?? 0) > nowMs ? unready(pod, nowMs) : pod),
    untilMs: Math.min(...open),
  };
}

/** When all containers of a pod will have run longer than the last time; 0 where nothing has to be proven. */
function provenAtMs(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map(containerProvenAtMs));
}

function containerProvenAtMs({ state, lastState }: ContainerStatus): number {
  const last = lastState?.terminated;
  const startMs = Date.parse(state?.running?.startedAt ?? "");
  const ranMs = Date.parse(last?.finishedAt ?? "") - Date.parse(last?.startedAt ?? "");
  // Not a number where a time is missing: then nothing is known, and nothing is held against it.
  return ranMs < SHORT_RUN_MS && startMs > 0 ? startMs + ranMs + LONGER_MS : 0;
}

function unready(pod: Pod, nowMs: number): Pod {
  const { conditions = [], containerStatuses = [] } = pod.status ?? {};
  return {
    ...pod,
    status: {
      ...pod.status,
      conditions: conditions.map((condition) =>
        condition.type === "Ready" ? { ...condition, status: "False" } : condition
      ),
      containerStatuses: containerStatuses.map((container) =>
        containerProvenAtMs(container) > nowMs ? { ...container, ready: false } : container
      ),
    },
  };
}
