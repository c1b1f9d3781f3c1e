/**
 * Lets only so many pieces of work go on at once; the others wait in the order in which they came.
 *
 * # Guarantees
 * - Fair: nobody who comes later is served earlier, also when a permit is free for a moment.
 * - A permit that is given back goes to the next one who waits; giving it back twice does nothing.
 * - Who stops waiting, because its signal aborts, takes no permit and leaves nothing behind.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Semaphore } from "#base";
 * const semaphore = new Semaphore(1);
 * const { signal } = new AbortController();
 * {
 *   using _permit = await semaphore.acquire(signal);
 *   assertEquals(semaphore.free, 0);
 * }
 * assertEquals(await semaphore.run(() => Promise.resolve("done"), signal), "done");
 * assertEquals(semaphore.free, 1);
 * ```
 */
export class Semaphore {
  #free: number;
  /** Who waits, in order: each is called with nothing when its turn has come. */
  readonly #waiting = new Set<() => void>();

  /** @param permits how many may go on at the same time: a whole number from 1 */
  constructor(permits: number) {
    if (!Number.isSafeInteger(permits) || permits < 1) {
      throw new RangeError(`Cannot share out ${permits} permits: give a whole number from 1`);
    }
    this.#free = permits;
  }

  /** Permits that nobody has. */
  get free(): number {
    return this.#free;
  }

  /** How many wait for a permit. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for a permit; disposing of it gives it back.
   *
   * @throws the signal's reason when it aborts first
   */
  async acquire(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#release();
        isHeld = false;
      },
    };
  }

  /**
   * Waits for a permit, does the work and gives the permit back, however the work ended.
   *
   * @throws the signal's reason when it aborts before the work began, and what the work throws
   */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    using _permit = await this.acquire(signal);
    return await work();
  }

  #turn(signal: AbortSignal): Promise<void> {
    const { promise, reject, resolve } = Promise.withResolvers<void>();
    const leave = () => {
      this.#waiting.delete(begin);
      reject(signal.reason);
    };
    const begin = () => {
      signal.removeEventListener("abort", leave);
      resolve();
    };
    signal.addEventListener("abort", leave, { once: true });
    this.#waiting.add(begin);
    return promise;
  }

  #release(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    // The permit is handed over, not put back: who comes meanwhile would take it.
    this.#waiting.delete(next);
    next();
  }
}

/**
 * Works on all items, at most `limit` at a time, in order; answers the results in the order of the items. After the
 * first failure no other item is begun; it is thrown when everything that was under way has ended.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { pooled } from "#base";
 * assertEquals(await pooled([1, 2, 3], 2, (item) => Promise.resolve(item * 2)), [2, 4, 6]);
 * ```
 */
export async function pooled<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const all = [...items];
  const results = new Array<R>(all.length);
  const rest = all.entries();
  let failure: { readonly error: unknown } | undefined;
  const worker = async () => {
    for (const [index, item] of rest) {
      if (failure !== undefined) return;
      try {
        results[index] = await work(item, index);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, all.length) }, worker));
  if (failure !== undefined) throw failure.error;
  return results;
}
