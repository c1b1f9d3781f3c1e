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

/**
 * Sleeps until it is time or the signal aborts: for loops that look at the signal themselves.
 *
 * @example
 * ```ts
 * import { pause, systemClock } from "#base";
 * const stop = new AbortController();
 * const pausing = pause(60_000, { clock: systemClock, signal: stop.signal });
 * stop.abort();
 * await pausing;
 * ```
 */
export async function pause(
  delayMs: number,
  { clock, signal }: { readonly clock: Pick<Clock, "sleep">; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await clock.sleep(delayMs, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/**
 * A delay that is up to a tenth shorter or longer, so that many who wait for the same time do not go on together.
 *
 * @param random from 0 to 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { spread } from "#base";
 * assertEquals([spread(1_000, 0), spread(1_000, 0.5), spread(1_000, 1)], [900, 1_000, 1_100]);
 * ```
 */
export function spread(delayMs: number, random: number): number {
  return delayMs * (0.9 + random / 5);
}

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
