import type { RestartCause } from "#telemetry";
import { ApiError, isGone, isKindMissing, NoAnswerError } from "./api_error.ts";
import { StreamError } from "./json_lines.ts";
import { grownDelayMs } from "./retry.ts";

/** Where a watch is: listing everything, or following changes from a version on. */
export type WatchState =
  | { readonly at: "list"; readonly failures: number }
  | { readonly at: "watch"; readonly resourceVersion: string; readonly failures: number };

/** How a list or a watch ended. */
export type WatchEnd =
  /** A list is complete. */
  | { readonly ended: "listed"; readonly resourceVersion: string }
  /** The server closed a watch in order, as it does after the time it was asked for. */
  | { readonly ended: "closed"; readonly resourceVersion: string; readonly fruitful: boolean }
  | {
    readonly ended: "failed";
    readonly resourceVersion: string;
    readonly fruitful: boolean;
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

/** Where a fresh watch begins. */
export const WATCH_START: WatchState = { at: "list", failures: 0 };

/**
 * The step after an end: what had a meaning for the version goes on from it, what had none lists again, and failures
 * in a row wait longer and longer.
 *
 * @param random between 0 and 1
 */
export function stepAfter(state: WatchState, end: WatchEnd, random: number): WatchStep {
  if (end.ended === "listed") {
    return {
      state: { at: "watch", resourceVersion: end.resourceVersion, failures: 0 },
      delayMs: 0,
    };
  }
  const failures = end.fruitful ? 1 : state.failures + 1;
  const { resourceVersion } = end;
  if (end.ended === "closed") {
    // A watch that ends at once without a word, again and again, must not become a hot loop.
    return {
      state: { at: "watch", resourceVersion, failures: end.fruitful ? 0 : failures },
      delayMs: end.fruitful ? 0 : delay(failures, DELAY_MAX_MS, random),
    };
  }
  const { cause } = end;
  const again = state.at === "list" || cause === "expired" || cause === "not_served" ||
    failures > WATCH_FAILURES_MAX;
  const maxMs = cause === "not_served" ? NOT_SERVED_DELAY_MAX_MS : DELAY_MAX_MS;
  return {
    state: again ? { at: "list", failures } : { at: "watch", resourceVersion, failures },
    // An expired version is no fault of the server: list at once, the first time.
    delayMs: cause === "expired" && failures <= 1 ? 0 : delay(failures, maxMs, random),
  };
}

/** The label for what ended a list or a watch: a closed set, whatever is thrown. */
export function restartCause(error: unknown): RestartCause {
  if (error instanceof StreamError) return error.state;
  if (error instanceof NoAnswerError) return error.timedOut ? "silent" : "network";
  if (!(error instanceof ApiError)) return "network";
  if (isGone(error)) return "expired";
  if (isKindMissing(error)) return "not_served";
  if (error.status === 401 || error.status === 403) return "refused";
  return error.status === 429 ? "throttled" : "server";
}

function delay(failures: number, maxMs: number, random: number): number {
  return grownDelayMs({ failures, firstMs: FIRST_DELAY_MS, maxMs, random });
}
