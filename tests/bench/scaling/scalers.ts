import {
  aheadDecision,
  isStarting,
  newScalingState,
  type ScalingDecision,
  scalingDecision,
  type ScalingState,
  sharedOut,
  startedAhead,
} from "#plan";
import type { ModelState, Scaler, Trace } from "./world.ts";

const CATCH_UP_SECONDS = 120;
const IDLE_SECONDS = 300;
/** `--scaling-interval`. */
const INTERVAL_SECONDS = 10;

/** The scaler of this program. */
export function ours(trace: Trace, catchUpSeconds = CATCH_UP_SECONDS): Scaler {
  const states: (ScalingState | undefined)[] = trace.components.map(() => undefined);
  return {
    name: "Meshwright",
    everySeconds: INTERVAL_SECONDS,
    minReplicas: trace.minReplicas,
    decide(second, models, isBrokerAway) {
      const decisions = models.map((model, index) =>
        decisionOf(trace, { model, second, isBrokerAway, catchUpSeconds, state: states[index] })
      );
      const started = withStarted(models, states, decisions);
      for (const [index, { state }] of started.entries()) states[index] = state;
      return granted(trace, models, started);
    },
  };
}

function decisionOf(
  trace: Trace,
  { model, second, isBrokerAway, catchUpSeconds, state = newScalingState() }: {
    readonly model: ModelState;
    readonly second: number;
    readonly isBrokerAway: boolean;
    readonly catchUpSeconds: number;
    readonly state: ScalingState | undefined;
  },
): ScalingDecision {
  const { component } = model;
  const topics = component.partitions.map((_, index) => ({
    topic: String(index),
    backlog: Math.round(model.backlog[index] ?? 0),
    arrived: Math.round(model.arrived[index] ?? 0),
  }));
  const instances = model.ready(second).map(({ ordinal, processed, failed, spent }) => ({
    id: String(ordinal),
    processed: Math.round(processed),
    failed: Math.round(failed),
    spentSeconds: spent,
  }));
  return scalingDecision({
    nowMs: second * 1000,
    replicas: model.replicas,
    policy: {
      minReplicas: trace.minReplicas,
      maxReplicas: component.maxReplicas,
      catchUpMs: catchUpSeconds * 1000,
      idleAfterMs: IDLE_SECONDS * 1000,
    },
    sight: isBrokerAway ? { unknown: "the broker does not answer" } : {
      numbers: { atMs: second * 1000, topics, instances },
      isOrdered: component.isOrdered,
      readyReplicas: instances.length,
    },
    state,
  });
}

/** As a FunctionMesh does: those after the ones that start go first. */
function withStarted(
  models: readonly ModelState[],
  states: readonly (ScalingState | undefined)[],
  decisions: readonly ScalingDecision[],
): readonly ScalingDecision[] {
  const hops = decisions.map((decision, index) => {
    const { replicas = 0 } = models[index] ?? {};
    return {
      id: String(index),
      reads: [`topic-${index}`],
      writes: [`topic-${index + 1}`],
      isAtRest: replicas === 0 && decision.replicas === 0,
      isStarting: isStarting({ replicas, state: states[index] ?? newScalingState() }, decision),
    };
  });
  const ahead = startedAhead(hops);
  return decisions.map((one, index) => ahead.has(String(index)) ? aheadDecision(one) : one);
}

/** As a FunctionMesh does: all share one budget. */
function granted(
  trace: Trace,
  models: readonly ModelState[],
  decisions: readonly ScalingDecision[],
): readonly number[] {
  const shares = decisions.map((decision, index) => ({
    id: String(index),
    replicas: models[index]?.replicas ?? 0,
    minReplicas: trace.minReplicas,
    wanted: decision.replicas,
    load: decision.load,
  }));
  const granted = sharedOut(shares, trace.capacity ?? Infinity);
  return shares.map(({ id }) => granted.get(id) ?? 0);
}

/** How often the autoscaler of Kubernetes looks, and the window of the metrics that it is given. */
const HPA_SECONDS = 15;
const CPU_WINDOW_SECONDS = 30;
const HPA_TOLERANCE = 0.1;
const HPA_DOWN_SECONDS = 300;

/**
 * The rule of a HorizontalPodAutoscaler with its default behaviour: within tolerance nothing; up by the larger of 4 pods and
 * 100 % in 15 seconds; down to the highest recommendation of five minutes.
 *
 * Source: kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale, "Algorithm details", "Default
 * behavior"; kube-controller-manager's `--horizontal-pod-autoscaler-sync-period` (15 s) and `-tolerance` (0.1).
 */
class HpaRule {
  readonly #past: { readonly second: number; readonly replicas: number }[] = [];

  /** @param ratio what is measured, of what it should be */
  decide(
    second: number,
    { replicas, ratio, max }: {
      readonly replicas: number;
      readonly ratio: number;
      readonly max: number;
    },
  ): number {
    if (replicas === 0) return 0;
    const isSame = Math.abs(ratio - 1) <= HPA_TOLERANCE;
    const raw = isSame ? replicas : Math.ceil(replicas * ratio - 1e-9);
    const recommended = Math.min(max, Math.max(1, raw));
    this.#past.push({ second, replicas: recommended });
    while ((this.#past[0]?.second ?? second) <= second - HPA_DOWN_SECONDS) this.#past.shift();
    if (recommended >= replicas) {
      return Math.min(recommended, Math.max(replicas + 4, replicas * 2));
    }
    return Math.min(replicas, Math.max(...this.#past.map((one) => one.replicas)));
  }
}

/** A HorizontalPodAutoscaler at 80 % of the CPU: the one that the reference makes by default. It never goes below one. */
export function hpa(trace: Trace): Scaler {
  const rules = trace.components.map(() => new HpaRule());
  return {
    name: "HPA, 80 % CPU",
    everySeconds: HPA_SECONDS,
    minReplicas: 1,
    decide: (second, models) =>
      models.map((model, index) => {
        const { replicas } = model;
        const ready = model.ready(second).length;
        const use = model.cpuUse(second, CPU_WINDOW_SECONDS) / 0.8;
        // Pods that are not ready yet count as idle where that keeps from scaling up.
        const ratio = use > 1 ? use * ready / Math.max(1, replicas) : use;
        const damped = use > 1 ? Math.max(1, ratio) : ratio;
        const max = model.component.maxReplicas;
        return rules[index]?.decide(second, { replicas, ratio: damped, max }) ?? replicas;
      }),
  };
}

/** How often KEDA looks at what stands at zero, and how long it waits before it goes there. */
const KEDA_POLL_SECONDS = 30;
const KEDA_COOLDOWN_SECONDS = 300;

/**
 * KEDA's Pulsar scaler: `msgBacklog` over `msgBacklogThreshold` as the average value of an HPA; from zero to one at the
 * next poll with any backlog, back to zero after the cool-down.
 *
 * Source: keda.sh/docs/latest/scalers/pulsar (`msgBacklogThreshold`, default 10; `activationMsgBacklogThreshold`, default
 * 0) and keda.sh/docs/latest/reference/scaledobject-spec (`pollingInterval` 30, `cooldownPeriod` 300).
 *
 * @param threshold messages a replica; by default what one replica does in our catch-up: the number its user would reckon
 */
export function keda(trace: Trace, threshold?: number): Scaler {
  const rules = trace.components.map(() => new HpaRule());
  const activeAt = trace.components.map(() => -Infinity);
  return {
    name: threshold === undefined ? "KEDA, fitting threshold" : `KEDA, threshold ${threshold}`,
    everySeconds: HPA_SECONDS,
    minReplicas: trace.minReplicas,
    decide: (second, models, isBrokerAway) =>
      models.map((model, index) => {
        const { component, replicas, waiting } = model;
        // Without a value the HPA changes nothing.
        if (isBrokerAway) return replicas;
        if (waiting >= 1) activeAt[index] = second;
        if (replicas === 0) return waiting >= 1 && second % KEDA_POLL_SECONDS === 0 ? 1 : 0;
        const isCold = second - (activeAt[index] ?? 0) >= KEDA_COOLDOWN_SECONDS;
        if (trace.minReplicas === 0 && isCold) return 0;
        const target = threshold ?? component.rate(0) * CATCH_UP_SECONDS;
        const ratio = waiting / target / replicas;
        return rules[index]?.decide(second, { replicas, ratio, max: component.maxReplicas }) ??
          replicas;
      }),
  };
}
