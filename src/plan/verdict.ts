import type { Problem } from "#base";

/** What to say about an object as a whole: the source of its three conditions. */
export interface Verdict {
  readonly ready: boolean;
  /** The program or the cluster is still at work on it. */
  readonly reconciling: boolean;
  /** Nothing will change until a person acts. */
  readonly stalled: boolean;
  readonly reason: string;
  readonly message: string;
}

/** A write that an API server refused, or that did not get through. */
export interface StepFailure {
  /** `Kind namespace/name` of what was to be written. */
  readonly object: string;
  /** CamelCase reason of the API server, or `Unavailable`. */
  readonly reason: string;
  readonly message: string;
  /** Whether trying again without a change is useless. */
  readonly isFinal: boolean;
}

/** An invalid resource: nothing was applied, what runs goes on running. */
export function problemsVerdict(problems: readonly Problem[]): Verdict {
  return {
    ready: false,
    reconciling: false,
    stalled: true,
    reason: "InvalidSpec",
    message: problemsText(problems),
  };
}

/** A refused write. */
export function failureVerdict(failure: StepFailure): Verdict {
  return {
    ready: false,
    reconciling: !failure.isFinal,
    stalled: failure.isFinal,
    reason: failure.reason,
    message: `Cannot apply ${failure.object}: ${failure.message}`,
  };
}

/** The first problems in full, the rest counted. */
export function problemsText(problems: readonly Problem[]): string {
  const shown = problems.slice(0, 3).map((problem) => `${problem.path}: ${problem.message}`);
  const rest = problems.length - shown.length;
  return rest > 0 ? `${shown.join("; ")}; and ${rest} more` : shown.join("; ");
}
