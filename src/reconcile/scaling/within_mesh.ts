import {
  type Component,
  type FunctionMesh,
  parseTopicName,
  type ScalingTerms,
  topicText,
  withDefaults,
} from "#api";
import { keyText } from "#base";
import { subscriptionsOf } from "#desired";
import {
  aheadDecision,
  isStarting,
  type MeshHop,
  type ScalingDecision,
  type ScalingState,
  sharedOut,
  startedAhead,
} from "#plan";

/** A component that was looked at, and what its own numbers say. */
export interface Weighed {
  readonly component: Component;
  readonly terms: ScalingTerms;
  readonly replicas: number;
  /** What was remembered before the look. */
  readonly state: ScalingState;
  readonly decision: ScalingDecision;
  /** Nothing is known: the replicas stay, and count against a budget as they are. */
  readonly isUnknown: boolean;
  /** Somebody turned it off. */
  readonly isOff: boolean;
  /** What it keeps whatever a budget says: with fewer messages would get lost. */
  readonly leastReplicas: number;
}

/**
 * What becomes of the decisions of components of one mesh: what is about to get work starts one hop ahead, and all share
 * the budget of the mesh. Components of no mesh stay as they are.
 */
export function withinMesh(
  weighed: readonly Weighed[],
  mesh: Pick<FunctionMesh, "spec"> | undefined,
): Weighed[] {
  if (mesh === undefined) return [...weighed];
  const ahead = startedAhead(weighed.map(hopOf));
  const started = weighed.map((one) =>
    ahead.has(idOf(one)) ? { ...one, decision: aheadDecision(one.decision) } : one
  );
  const total = mesh.spec.maxReplicasTotal;
  return total === undefined ? started : budgeted(started, total);
}

function budgeted(weighed: readonly Weighed[], total: number): Weighed[] {
  const granted = sharedOut(
    weighed.map((one) => ({
      id: idOf(one),
      minReplicas: one.leastReplicas,
      replicas: one.replicas,
      wanted: one.decision.replicas,
      load: one.decision.load,
    })),
    total,
  );
  return weighed.map((one) => {
    const replicas = granted.get(idOf(one)) ?? one.decision.replicas;
    if (replicas === one.decision.replicas) return one;
    const { decision } = one;
    const reason = `${decision.reason}, of which the mesh can give ${replicas}`;
    const limits = [...decision.limits, `maxReplicasTotal ${total}`];
    return { ...one, decision: { ...decision, replicas, reason, limits } };
  });
}

function hopOf(one: Weighed): MeshHop {
  const { component, decision, isUnknown, replicas, state, terms } = one;
  const id = idOf(one);
  // It may not even be valid.
  if (isUnknown) return { id, reads: [], writes: [], isAtRest: false, isStarting: false };
  const output = (component.spec as { readonly output?: { readonly topic?: string } }).output;
  return {
    id,
    reads: subscriptionsOf(withDefaults(component)).map(({ topic }) => wholeName(topic)),
    writes: output?.topic === undefined ? [] : [wholeName(output.topic)],
    isAtRest: replicas === 0 && decision.replicas === 0,
    // What is only recommended starts no pod that could write anything.
    isStarting: !terms.isRecommendation && isStarting({ replicas, state }, decision),
  };
}

/** A topic is written shortly or in full. */
function wholeName(text: string): string {
  const parsed = parseTopicName(text);
  return parsed === undefined ? text : topicText(parsed);
}

function idOf({ component }: Weighed): string {
  const { namespace = "", name } = component.metadata;
  return `${component.kind} ${keyText({ namespace, name })}`;
}
