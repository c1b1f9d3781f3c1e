/**
 * Lets only so many pieces of work go on at once; the others wait in the order in which they came.
 *
 * # Guarantees
 * - Fair: a permit goes to the share that holds the fewest, of those to the one that was served least recently; within a
 *   share nobody who comes later is served earlier, also when a permit is free for a moment, but who says so.
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
  /** Who waits, by share. */
  readonly #lines = new Map<string, Line>();
  #waiting = 0;
  /** Permits that shares hold. */
  readonly #held = new Map<string, number>();
  /** Which shares were served while somebody waited, the last one last. */
  readonly #served = new Map<string, number>();
  /** Who waits with which signal. */
  readonly #crowds = new WeakMap<AbortSignal, Crowd>();
  #serial = 0;
  readonly #shareMax: number;

  /**
   * @param permits how many may go on at the same time: a whole number from 1
   * @param options.shareMax how many of them one share may hold; all of them when left out
   */
  constructor(permits: number, { shareMax = permits }: { readonly shareMax?: number } = {}) {
    if (!Number.isSafeInteger(permits) || permits < 1 || !(shareMax >= 1)) {
      throw new RangeError(`Cannot share out ${permits} permits: give a whole number from 1`);
    }
    this.#free = permits;
    this.#shareMax = shareMax;
  }

  /** Permits that nobody has. */
  get free(): number {
    return this.#free;
  }

  /** How many wait for a permit. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Waits for a permit; disposing of it gives it back.
   *
   * @param share whom it is for: of those who wait, the one goes on whose share holds the fewest permits
   * @param order who of a share goes first: the smallest; of the same the one who came first
   * @throws the signal's reason when it aborts first
   */
  async acquire(signal: AbortSignal, share = "", order = 0): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#free > 0 && this.#heldBy(share) < this.#shareMax) {
      this.#free--;
      this.#count(share, 1);
    } else await this.#turn(signal, { share, order });
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#release(share);
        isHeld = false;
      },
    };
  }

  /**
   * Waits for a permit, does the work and gives the permit back, however the work ended.
   *
   * @throws the signal's reason when it aborts before the work began, and what the work throws
   */
  async run<T>(work: () => Promise<T>, signal: AbortSignal, share = ""): Promise<T> {
    using _permit = await this.acquire(signal, share);
    return await work();
  }

  #turn(
    signal: AbortSignal,
    who: { readonly share: string; readonly order: number },
  ): Promise<void> {
    const { promise, reject, resolve } = Promise.withResolvers<void>();
    const crowd = this.#crowds.get(signal) ?? new Crowd(signal);
    this.#crowds.set(signal, crowd);
    const leave = () => {
      this.#leave(begin, who);
      reject(signal.reason);
    };
    const begin = () => {
      crowd.delete(leave);
      resolve();
    };
    crowd.add(leave);
    const line = this.#lines.get(who.share) ?? new Line();
    this.#lines.set(who.share, line);
    line.add(begin, who.order);
    this.#waiting++;
    return promise;
  }

  #leave(begin: () => void, { order, share }: { readonly share: string; readonly order: number }) {
    const line = this.#lines.get(share);
    if (line?.delete(begin, order) !== true) return;
    this.#waiting--;
    if (line.isEmpty) this.#lines.delete(share);
  }

  #release(before: string): void {
    this.#count(before, -1);
    // Who held it was served, even where it did not have to wait.
    this.#serve(before);
    const next = this.#next();
    if (next === undefined) {
      this.#free++;
      return;
    }
    // The permit is handed over, not put back: who comes meanwhile would take it.
    this.#leave(next.begin, next);
    this.#count(next.share, 1);
    this.#serve(next.share);
    next.begin();
  }

  /** Who goes on: it looks at the shares that wait, not at all who wait, who may be thousands. */
  #next(): Waiting | undefined {
    let best: Waiting | undefined;
    let [leastHeld, leastServed] = [Infinity, Infinity];
    for (const [share, line] of this.#lines) {
      const held = this.#heldBy(share);
      if (held >= this.#shareMax || held > leastHeld) continue;
      const served = this.#served.get(share) ?? 0;
      const first = line.first();
      if (first === undefined) continue;
      const isBefore = held < leastHeld || served < leastServed ||
        (served === leastServed && first.order < (best?.order ?? Infinity));
      if (!isBefore) continue;
      best = { ...first, share };
      [leastHeld, leastServed] = [held, served];
    }
    return best;
  }

  /** Remembers who was served, as long as anybody waits. */
  #serve(share: string): void {
    if (this.#waiting === 0) this.#served.clear();
    else this.#served.set(share, ++this.#serial);
  }

  #heldBy(share: string): number {
    return this.#held.get(share) ?? 0;
  }

  #count(share: string, change: 1 | -1): void {
    const held = this.#heldBy(share) + change;
    if (held === 0) this.#held.delete(share);
    else this.#held.set(share, held);
  }
}

/** One who waits: `begin` is called with nothing when its turn has come. */
interface Waiting {
  readonly begin: () => void;
  readonly share: string;
  readonly order: number;
}

/** All who wait for one share. */
class Line {
  /** By `order`, those of the same in the order in which they came. */
  readonly #ranks = new Map<number, Set<() => void>>();

  get isEmpty(): boolean {
    return this.#ranks.size === 0;
  }

  add(begin: () => void, order: number): void {
    const rank = this.#ranks.get(order) ?? new Set();
    this.#ranks.set(order, rank.add(begin));
  }

  /** @returns whether it waited */
  delete(begin: () => void, order: number): boolean {
    const rank = this.#ranks.get(order);
    const waited = rank?.delete(begin) === true;
    if (rank?.size === 0) this.#ranks.delete(order);
    return waited;
  }

  /** Who goes first. */
  first(): Omit<Waiting, "share"> | undefined {
    let order = Infinity;
    for (const one of this.#ranks.keys()) order = Math.min(order, one);
    const [begin] = this.#ranks.get(order) ?? [];
    return begin === undefined ? undefined : { begin, order };
  }
}

/** All who wait with one signal: it has one listener for them, as each one costs all others time. */
class Crowd {
  readonly #signal: AbortSignal;
  readonly #leaving = new Set<() => void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Calls `leave` when the signal aborts. */
  add(leave: () => void): void {
    if (this.#leaving.size === 0) this.#signal.addEventListener("abort", this.#end, { once: true });
    this.#leaving.add(leave);
  }

  /** The signal has nothing to tell it any more. */
  delete(leave: () => void): void {
    this.#leaving.delete(leave);
    if (this.#leaving.size === 0) this.#signal.removeEventListener("abort", this.#end);
  }

  readonly #end = () => {
    for (const leave of this.#leaving) leave();
    this.#leaving.clear();
  };
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
