/**
 * The reasons that this program gives for how a component or a mesh is. What the cluster itself says (of a container, a pod,
 * a refused write) is passed on in its own words, see {@linkcode passedOn}.
 */
export const COMPONENT_REASONS = [
  "CacheBehind",
  "CleaningUp",
  "CleanupFailed",
  "ContainerNotReady",
  "FailedAttachVolume",
  "FailedMount",
  "InvalidSpec",
  "NotOwned",
  "OOMKilled",
  "PodCreationFailed",
  "PodFailed",
  "PodStarting",
  "Progressing",
  "QuotaExceeded",
  "Ready",
  "RollingOut",
  "ScaledToZero",
  "Terminated",
  "Terminating",
  "Unavailable",
  "Unschedulable",
] as const;

declare const PASSED_ON: unique symbol;

/** A reason that somebody else gave. */
export type PassedReason = string & { readonly [PASSED_ON]: true };

/** A reason of a condition of a component or a mesh. */
export type ComponentReason = typeof COMPONENT_REASONS[number] | PassedReason;

/**
 * A reason of the cluster, as it says it.
 *
 * @example
 * ```ts
 * import { passedOn, retriedState } from "#plan";
 * retriedState(passedOn("ImagePullBackOff"), "0/1 pods ready");
 * ```
 */
export function passedOn(reason: string): PassedReason {
  return reason as PassedReason;
}
