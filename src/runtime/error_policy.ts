import { type Next, StalledError, WaitingError } from "#base";
import { isConflict } from "#kube";
import type { ReconcileResult } from "#telemetry";

/** How a pass ended, and when its object wants to be looked at again. */
export interface Verdict {
  readonly result: ReconcileResult;
  /** Not before a change, after a delay, or after a delay that grows with every failure. */
  readonly retry: "change" | "backoff" | { readonly delayMs: number };
  readonly error?: unknown;
  /** CamelCase word of the error, when it has one. */
  readonly reason?: string;
}

/**
 * The one place that decides what an error means.
 *
 * - `StalledError`: a person has to act; nothing is retried until the object changes.
 * - `WaitingError`: not yet; look again after its delay, without alarm.
 * - a conflict: somebody else was faster; look again soon, without alarm (W-59). Later and later when it does not end:
 *   two programs that fight over a field must not do it at full speed.
 * - everything else: try again, later and later.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AWAIT_CHANGE, WaitingError } from "#base";
 * import { verdictOn } from "#runtime";
 * assertEquals(verdictOn({ next: AWAIT_CHANGE }), { result: "success", retry: "change" });
 * assertEquals(verdictOn({ error: new WaitingError("NoSecret", "not yet", 5_000) }).retry, { delayMs: 5_000 });
 * assertEquals(verdictOn({ error: new Error("broken") }).retry, "backoff");
 * ```
 */
export function verdictOn(outcome: { readonly next: Next } | { readonly error: unknown }): Verdict {
  if ("next" in outcome) {
    const { next } = outcome;
    return next.after === "change"
      ? { result: "success", retry: "change" }
      : { result: "requeue", retry: { delayMs: next.delayMs } };
  }
  const { error } = outcome;
  if (error instanceof StalledError) {
    return { result: "stalled", retry: "change", error, reason: error.reason };
  }
  if (error instanceof WaitingError) {
    return { result: "requeue", retry: { delayMs: error.delayMs }, error, reason: error.reason };
  }
  if (isConflict(error)) {
    return { result: "conflict", retry: "backoff", error };
  }
  return { result: "error", retry: "backoff", error };
}
