/** Time, as a dependency: pure code gets `now` as a value, effects get a clock that a test can move. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after `delayMs`, or rejects with the signal's reason when it aborts first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep(delayMs, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, delayMs);
      signal?.addEventListener("abort", stop, { once: true });
    });
  },
};

/** A time as Kubernetes writes it: RFC 3339, whole seconds.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { timestamp } from "#base";
 * assertEquals(timestamp(1_500), "1970-01-01T00:00:01Z");
 * ```
 */
export function timestamp(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, "Z");
}
