import type { ScalingDecision, ScalingState } from "./scaling_look.ts";

/** A component of a mesh that scales, as far as the budget of the mesh is concerned. */
export interface BudgetShare {
  readonly id: string;
  readonly minReplicas: number;
  /** What it has now. */
  readonly replicas: number;
  /** What it should have if there were enough for all. */
  readonly wanted: number;
  /** Replicas that its work takes, as a fraction: what stands against what it gets. */
  readonly load: number;
}

/** What is already there weighs so much more: two that are equally short do not take from each other in turns. */
const KEPT_WEIGHT = 1.5;

/**
 * Shares out a number of replicas over the components of a mesh: to each its minimum, to each that has work one, and then
 * one after the other to whichever is shortest of what its work takes: the bottleneck first. Nobody gets more than it
 * wants. A minimum is never cut.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sharedOut } from "#plan";
 * const share = (id: string, load: number) => ({ id, minReplicas: 0, replicas: 1, wanted: Math.ceil(load), load });
 * assertEquals([...sharedOut([share("parse", 2), share("enrich", 8), share("store", 2)], 6)], [
 *   ["parse", 1], ["enrich", 4], ["store", 1],
 * ]);
 * ```
 */
export function sharedOut(
  shares: readonly BudgetShare[],
  total: number,
): ReadonlyMap<string, number> {
  const granted = new Map(
    shares.map((share) => [share.id, Math.min(share.minReplicas, share.wanted)]),
  );
  const of = ({ id }: BudgetShare) => granted.get(id) ?? 0;
  let left = total - shares.reduce((sum, share) => sum + of(share), 0);
  while (left > 0) {
    const short = shares.filter((share) => of(share) < share.wanted);
    const [first, ...others] = short;
    if (first === undefined) break;
    const next = others.reduce((a, b) => weight(b, of(b)) > weight(a, of(a)) ? b : a, first);
    granted.set(next.id, of(next) + 1);
    left--;
  }
  return granted;
}

/** How short a component is with what it has been granted so far. */
function weight({ load, replicas, wanted }: BudgetShare, granted: number): number {
  if (granted === 0) return Infinity;
  // What it holds on to without having work for it comes last.
  const need = Math.min(load, wanted);
  return need / granted * (granted < replicas ? KEPT_WEIGHT : 1);
}

/** A component of a mesh, by what it reads and writes. */
export interface MeshHop {
  readonly id: string;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Stands at zero, and stays there by its own numbers. */
  readonly isAtRest: boolean;
  /** What it writes is about to come: see {@linkcode isStarting}. */
  readonly isStarting: boolean;
}

/**
 * The components that stand at zero and whose work is about to come, as what writes the topics that they read starts. They
 * start one hop ahead, so that a message does not wait for the start of a pod at each hop.
 */
export function startedAhead(hops: readonly MeshHop[]): ReadonlySet<string> {
  const written = new Set(hops.flatMap(({ isStarting, writes }) => isStarting ? writes : []));
  const isNext = ({ isAtRest, reads }: MeshHop) =>
    isAtRest && reads.some((topic) => written.has(topic));
  return new Set(hops.filter(isNext).map(({ id }) => id));
}

/**
 * Whether a component comes from zero, or has the first work since it was started ahead. That it goes on working starts
 * nobody again: it may write what the next one reads once a day only.
 */
export function isStarting(
  before: { readonly replicas: number; readonly state: ScalingState },
  { replicas, state }: ScalingDecision,
): boolean {
  const comesFromZero = before.replicas === 0 && replicas > 0;
  const hasFirstWork = before.state.awaitsWork === true && state.last !== undefined &&
    state.awaitsWork !== true;
  return comesFromZero || hasFirstWork;
}

/** The decision for a component that is started ahead: it is there for as long as after its last message. */
export function aheadDecision({ limits, state }: ScalingDecision): ScalingDecision {
  const { idleSinceMs: _idle, ...kept } = state;
  return {
    replicas: 1,
    load: 1,
    reason: "what it reads is about to come, as the component before it starts: 1",
    limits,
    state: { ...kept, awaitsWork: true },
  };
}
