import type { Problem } from "#base";
import type { ComponentReason } from "./reasons.ts";

/** What to say about an object as a whole: the source of its three conditions. */
export interface ReadyState<Reason extends string = ComponentReason> {
  readonly ready: boolean;
  /** Whether it is ready cannot be told. */
  readonly isUnknown?: true;
  /** The program or the cluster is still at work on it. */
  readonly reconciling: boolean;
  /** Nothing will change until a person acts. */
  readonly stalled: boolean;
  readonly reason: Reason;
  readonly message: string;
}

/** The former name of {@linkcode ReadyState}. */
export type Verdict<Reason extends string = ComponentReason> = ReadyState<Reason>;

/**
 * A state that only a person can end.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { retriedState, stalledState } from "#plan";
 * assertEquals(stalledState("InvalidSpec", "spec.image: is missing").stalled, true);
 * assertEquals(retriedState("Unavailable", "no answer").reconciling, true);
 * ```
 */
export function stalledState(reason: ComponentReason, message: string): ReadyState {
  return { ready: false, reconciling: false, stalled: true, reason, message };
}

/** Not ready yet: the program or the cluster is at work on it, and tries again what failed. */
export function retriedState(reason: ComponentReason, message: string): ReadyState {
  return { ready: false, reconciling: true, stalled: false, reason, message };
}

/** Nothing certain is known of it for the moment. */
export function unknownState(reason: ComponentReason, message: string): ReadyState {
  return { ...retriedState(reason, message), isUnknown: true };
}

/** A write that an API server refused, or that did not get through. */
export interface StepFailure {
  /** `Kind namespace/name` of what was to be written. */
  readonly object: string;
  /** CamelCase reason of the API server, or `Unavailable`. */
  readonly reason: ComponentReason;
  readonly message: string;
  /** Whether trying again without a change is useless. */
  readonly isFinal: boolean;
}

/** An invalid resource: nothing was applied, what runs goes on running. */
export function problemsState(problems: readonly Problem[]): ReadyState {
  return stalledState("InvalidSpec", problemsText(problems));
}

/** A refused write. */
export function failureState(failure: StepFailure): ReadyState {
  const message = `Cannot apply ${failure.object}: ${failure.message}`;
  return failure.isFinal
    ? stalledState(failure.reason, message)
    : retriedState(failure.reason, message);
}

/** The first problems in full, the rest counted. */
export function problemsText(problems: readonly Problem[]): string {
  const shown = problems.slice(0, 3).map((problem) => `${problem.path}: ${problem.message}`);
  const rest = problems.length - shown.length;
  return rest > 0 ? `${shown.join("; ")}; and ${rest} more` : shown.join("; ");
}

/** The former name of {@linkcode problemsState}. */
export const problemsVerdict: typeof problemsState = problemsState;
