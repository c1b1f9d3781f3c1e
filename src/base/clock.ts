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

/**
 * What a promise resolves to, unless the signal aborts first: then its reason is thrown. The work behind the promise
 * goes on.
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { unlessAborted } from "#base";
 * const stop = new AbortController();
 * stop.abort(new Error("stopped"));
 * await assertRejects(() => unlessAborted(Promise.resolve(1), stop.signal), Error, "stopped");
 * ```
 */
export async function unlessAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
