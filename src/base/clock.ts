/**
 * Time, as a dependency: pure code gets `now` as a value, effects get a clock that a test can move. The only file of
 * `src` that asks the system for the time or sets a timer.
 */
export interface Clock {
  /** Milliseconds since 1970: for what people read and what is stored. Jumps when somebody sets the machine's clock. */
  now(): number;
  /** Milliseconds since some fixed point of this process: for durations and deadlines. Never goes back, never jumps. */
  monotonicMs(): number;
  /**
   * Resolves after `delayMs` of monotonic time, or rejects with the signal's reason when it aborts first. Any length;
   * `Infinity` sleeps until the signal aborts; 0 lets everything else have a turn, see {@linkcode systemClock}.
   */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** Timers of more than 2^31 - 1 ms fire at once; shorter steps also come back to the monotonic clock in between. */
const STEP_MS_MAX = 3_600_000;

/**
 * The real clock. Who works for long sleeps for 0 ms now and then: of all those one goes on in each turn of the event loop, so
 * that a hundred of them hold it no longer than one.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (delayMs, signal) =>
    delayMs === 0 && signal === undefined
      ? turn()
      : sleepUntil(performance.now() + delayMs, signal),
};

/** Who waits for a turn of the event loop, the first one first. */
const waiting: (() => void)[] = [];

function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setTimeout(nextTurn, 0);
  });
}

function nextTurn(): void {
  waiting.shift()?.();
  // What else became due since then comes first, requests among it.
  if (waiting.length > 0) setTimeout(nextTurn, 0);
}

function sleepUntil(dueMs: number, signal?: AbortSignal): Promise<void> {
  if (Number.isNaN(dueMs)) return Promise.reject(new RangeError("Cannot sleep for NaN ms"));
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout>;
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const wait = (leftMs: number) => {
      timer = setTimeout(step, Math.min(Math.max(0, Math.ceil(leftMs)), STEP_MS_MAX));
    };
    const step = () => {
      const leftMs = dueMs - performance.now();
      if (leftMs > 0) return wait(leftMs);
      signal?.removeEventListener("abort", stop);
      resolve();
    };
    signal?.addEventListener("abort", stop, { once: true });
    wait(dueMs - performance.now());
  });
}

/** How a {@linkcode deadline} is set. */
export interface DeadlineOptions {
  readonly clock: Pick<Clock, "sleep">;
  /** Aborts the deadline's signal as well, with its own reason. */
  readonly signal?: AbortSignal | undefined;
  /** Others that do the same. */
  readonly signals?: readonly (AbortSignal | undefined)[];
  /** What the signal aborts with when time is up; a `TimeoutError` when left out. */
  readonly reason?: unknown;
}

/** A reason that is made once: an exception for each of many deadlines would cost more than all the rest. */
const ENDED = "the deadline is of no interest any more";

/** A signal that aborts when time is up. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** Whether it was the time that aborted the signal. */
  readonly isExpired: boolean;
}

/**
 * A signal that aborts after `delayMs`, or with another signal. Leaving its scope ends it: no timer and no listener
 * stays behind, and the signal never aborts afterwards.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { deadline, systemClock } from "#base";
 * {
 *   using limit = deadline(60_000, { clock: systemClock });
 *   assertEquals(limit.signal.aborted, false); // work(limit.signal)
 * }
 * ```
 */
export function deadline(delayMs: number, options: DeadlineOptions): Deadline {
  const { clock, signal, signals = [], reason } = options;
  const outer = [signal, ...signals].filter((one) => one !== undefined);
  const stop = new AbortController();
  const over = new AbortController();
  let isExpired = false;
  const end = (how?: () => void) => {
    if (over.signal.aborted) return;
    for (const one of outer) one.removeEventListener("abort", follow);
    over.abort(ENDED);
    how?.();
  };
  const follow = () => end(() => stop.abort(outer.find((one) => one.aborted)?.reason));
  const expire = () => {
    isExpired = true;
    stop.abort(reason ?? new DOMException(`no end within ${delayMs} ms`, "TimeoutError"));
  };
  if (outer.some((one) => one.aborted)) {
    follow();
  } else {
    for (const one of outer) one.addEventListener("abort", follow, { once: true });
    clock.sleep(delayMs, over.signal).then(
      () => end(expire),
      // A clock that cannot sleep must not give work all the time of the world.
      (error) => end(() => stop.abort(error)),
    );
  }
  return {
    signal: stop.signal,
    get isExpired() {
      return isExpired;
    },
    [Symbol.dispose]: () => end(),
  };
}

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

/**
 * What a function makes of all items, some at a time: after `each` of them everything else has a turn.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mappedInTurns, systemClock } from "#base";
 * const options = { each: 2, clock: systemClock };
 * assertEquals(await mappedInTurns([1, 2, 3], (item) => item * 2, options), [2, 4, 6]);
 * ```
 */
export async function mappedInTurns<T, R>(
  items: readonly T[],
  work: (item: T) => R,
  { clock, each }: { readonly each: number; readonly clock: Pick<Clock, "sleep"> },
): Promise<R[]> {
  const results: R[] = [];
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % each === 0) await clock.sleep(0);
    results.push(work(item));
  }
  return results;
}

/**
 * The first ones of many in an order, as sorting all of them would give them, in a time in proportion to how many there are;
 * after `each` of them everything else has a turn.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { firstInTurns, systemClock } from "#base";
 * const options = { each: 2, clock: systemClock, count: 2, compare: (a: number, b: number) => a - b };
 * assertEquals(await firstInTurns([5, 3, 9, 1], options), [1, 3]);
 * ```
 */
export async function firstInTurns<T>(
  items: readonly T[],
  { compare, count, ...turns }: {
    readonly count: number;
    readonly compare: (a: T, b: T) => number;
    readonly each: number;
    readonly clock: Pick<Clock, "sleep">;
  },
): Promise<T[]> {
  const first: T[] = [];
  await mappedInTurns(items, (item) => {
    let at = first.length;
    for (; at > 0; at--) {
      const before = first[at - 1];
      if (before !== undefined && compare(item, before) >= 0) break;
    }
    if (at >= count) return;
    first.splice(at, 0, item);
    if (first.length > count) first.pop();
  }, turns);
  return first;
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
  const text = new Date(timeMs).toISOString();
  return `${text.slice(0, text.lastIndexOf("."))}Z`;
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
