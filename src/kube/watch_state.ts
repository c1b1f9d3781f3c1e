import type { RestartCause } from "#telemetry";
import { ApiError, isGone, isKindMissing, NoAnswerError } from "./api_error.ts";
import { StreamError } from "./json_lines.ts";
import { grownDelayMs } from "./retry.ts";

/**
 * Where a watch is: listing everything, following changes from a version on, or making sure that the server still knows
 * the version from which it wants to go on.
 *
 * `failures` counts what went wrong in a row, whatever came between: a list that works does not end a row of watches that
 * do not.
 */
export type WatchState =
  | { readonly at: "list"; readonly failures: number }
  | { readonly at: "check"; readonly resourceVersion: string; readonly failures: number }
  | { readonly at: "watch"; readonly resourceVersion: string; readonly failures: number };

/** How a list, a check or a watch ended. */
export type WatchEnd =
  /** A list is complete. */
  | { readonly ended: "listed"; readonly resourceVersion: string }
  /** The server has come as far as the version to go on from. */
  | { readonly ended: "checked"; readonly resourceVersion: string }
  /** The server closed a watch in order, as it does after the time it was asked for. */
  | {
    readonly ended: "closed";
    readonly resourceVersion: string;
    readonly lastedMs: number;
    /**
     * It was closed before its time, as when the definition of the kind changes. Until then it told objects in the shape of
     * the former definition: what that does not know was left out, and nobody tells it later.
     */
    readonly isCutShort?: boolean;
  }
  /** Somebody waits to hear how far the server is. */
  | { readonly ended: "hurried"; readonly resourceVersion: string }
  | {
    readonly ended: "failed";
    readonly resourceVersion: string;
    readonly lastedMs: number;
    readonly cause: RestartCause;
  };

/** Where to go on. */
export interface WatchStep {
  readonly state: WatchState;
  readonly delayMs: number;
}

const FIRST_DELAY_MS = 200;
const DELAY_MAX_MS = 30_000;

/** A kind that is not served is looked for at least this often: its definition may come at any time. */
const NOT_SERVED_DELAY_MAX_MS = 5_000;

/** After this many failures in a row a watch does not trust its version any longer and lists. */
const WATCH_FAILURES_MAX = 6;

/** A watch that lasted so long worked: what went wrong before it is forgotten. */
const STABLE_MS = 30_000;

/** Ends of a watch after which its version is worth nothing, or may be: all is listed again. */
const LISTED_AFTER: readonly RestartCause[] = ["expired", "not_served", "rewound", "silent"];

/** Where a fresh watch begins. */
export const WATCH_START: WatchState = { at: "list", failures: 0 };

/**
 * The step after an end: what had a meaning for the version goes on from it, what had none lists again, and failures
 * in a row wait longer and longer.
 *
 * @param random between 0 and 1
 */
export function stepAfter(state: WatchState, end: WatchEnd, random: number): WatchStep {
  const { failures } = state;
  const { resourceVersion } = end;
  switch (end.ended) {
    case "listed":
      return { state: { at: "watch", resourceVersion, failures }, delayMs: 0 };
    case "checked":
      return {
        state: state.at === "check" ? { ...state, at: "watch" } : { at: "list", failures },
        delayMs: 0,
      };
    case "hurried":
      return { state: { at: "watch", resourceVersion, failures }, delayMs: 0 };
    case "closed": {
      const isStable = end.lastedMs >= STABLE_MS;
      const now = isStable ? 0 : failures + 1;
      return {
        state: end.isCutShort === true
          ? { at: "list", failures: now }
          : { at: "check", resourceVersion, failures: now },
        delayMs: isStable ? 0 : delayAfter(end, now, { maxMs: DELAY_MAX_MS, random }),
      };
    }
    case "failed":
      return stepAfterFailure(state, end, random);
    default:
      return end satisfies never;
  }
}

function stepAfterFailure(
  state: WatchState,
  end: Extract<WatchEnd, { ended: "failed" }>,
  random: number,
): WatchStep {
  const { cause, resourceVersion } = end;
  const failures = end.lastedMs >= STABLE_MS && state.at === "watch" ? 1 : state.failures + 1;
  const isListed = state.at === "list" || LISTED_AFTER.includes(cause) ||
    failures > WATCH_FAILURES_MAX;
  const maxMs = cause === "not_served" ? NOT_SERVED_DELAY_MAX_MS : DELAY_MAX_MS;
  // An expired version is no fault of the server: list at once, the first time.
  const isFree = failures <= 1 && (cause === "expired" || cause === "rewound");
  return {
    state: isListed ? { at: "list", failures } : { at: "check", resourceVersion, failures },
    delayMs: isFree ? 0 : delayAfter(end, failures, { maxMs, random }),
  };
}

/** The time that it lasted counts. */
function delayAfter(
  { lastedMs }: { readonly lastedMs: number },
  failures: number,
  { maxMs, random }: { readonly maxMs: number; readonly random: number },
): number {
  const grownMs = grownDelayMs({ failures, firstMs: FIRST_DELAY_MS, maxMs, random });
  return Math.max(0, grownMs - lastedMs);
}

/** The label for what ended a list or a watch: a closed set, whatever is thrown. */
export function restartCause(error: unknown): RestartCause {
  if (error instanceof StreamError) return error.state;
  if (error instanceof NoAnswerError) return error.timedOut ? "silent" : "network";
  if (!(error instanceof ApiError)) return "network";
  if (isGone(error)) return "expired";
  if (isKindMissing(error)) return "not_served";
  if (isVersionTooLarge(error)) return "rewound";
  if (error.status === 401 || error.status === 403) return "refused";
  return error.status === 429 ? "throttled" : "server";
}

/** The server has not come as far as the version that it is asked for: it lags behind, or was set back. */
function isVersionTooLarge(error: ApiError): boolean {
  return error.causes.some(({ reason }) => reason === "ResourceVersionTooLarge");
}
