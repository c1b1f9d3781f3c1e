import type { ReplicaRate, ScalingNumbers } from "./scaling_rates.ts";

/** What the author of a component asks for. */
export interface ScalingPolicy {
  /** 0 allows none at all. */
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** In about this time a backlog is worked off. */
  readonly catchUpMs: number;
  /** No backlog and no traffic for so long: down to `minReplicas`. */
  readonly idleAfterMs: number;
  /** No replica has to have more waiting than this. */
  readonly maxBacklogPerReplica?: number;
}

/** What keeps a component from going to zero: messages would be lost. */
export interface ZeroHindrance {
  readonly why: string;
}

/** What is known of a component, or why nothing is. */
export type ScalingSight =
  | {
    readonly numbers: ScalingNumbers;
    /** Order is kept: a topic or partition has one reader only. */
    readonly isOrdered: boolean;
    /** Pods that are ready. */
    readonly readyReplicas: number;
    readonly zeroHindrance?: ZeroHindrance;
  }
  | { readonly unknown: string };

/** The part of a sight that has numbers. */
export type KnownSight = Extract<ScalingSight, { readonly numbers: ScalingNumbers }>;

/** The flow of messages as the looks so far saw it. */
export interface Flow {
  /** Messages a second, smoothed: what lasts, and no burst. */
  readonly lasting: number;
  /** Part of that which is known since traffic began; 1 in the end. */
  readonly knownPart: number;
}

/** What has to be remembered from one look to the next. */
export interface ScalingState {
  readonly last?: ScalingNumbers;
  readonly rate: ReplicaRate;
  readonly flow?: Flow;
  /** What was needed lately, the newest last. */
  readonly needed: readonly { readonly atMs: number; readonly replicas: number }[];
  /** Since when every look found numbers. */
  readonly knownSinceMs?: number;
  /** Since when nothing waits and nothing comes. */
  readonly idleSinceMs?: number;
  /** It was started before its work came, and none has come yet. */
  readonly awaitsWork?: boolean;
}

/** Everything that a decision follows from. */
export interface ScalingLook {
  readonly nowMs: number;
  /** Replicas that the component has now. */
  readonly replicas: number;
  /** That it has none was decided by its backlog: nobody turned it off. */
  readonly wasScaledToZero?: boolean;
  readonly policy: ScalingPolicy;
  readonly sight: ScalingSight;
  readonly state: ScalingState;
}

/** How many replicas a component should have, and why. */
export interface ScalingDecision {
  readonly replicas: number;
  /** Replicas that the work takes, as a fraction and without limits: what a budget is shared out by. */
  readonly load: number;
  /** One sentence with numbers. */
  readonly reason: string;
  /** What keeps the number from being what the work takes. */
  readonly limits: readonly string[];
  /** What to hand in with the next look. */
  readonly state: ScalingState;
}
