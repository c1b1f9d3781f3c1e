import { deadline, systemClock } from "#base";

/** How many commands go on at the same time. */
export interface LaneLimits {
  /** Commands to remotes of which nothing bad is known. */
  readonly fast: number;
  /** Commands to remotes that kept somebody waiting in vain. */
  readonly slow: number;
  /** After this time a command gives its place in the fast lane away and goes on beside it. */
  readonly patienceMs: number;
  /** Commands that may go on beside the fast lane; more keep their place in it. */
  readonly besides: number;
}

const LIMITS: LaneLimits = { fast: 32, slow: 8, patienceMs: 3_000, besides: 64 };
/** Places that are remembered as slow. */
const SLOW_PLACES_MAX = 4_096;

/**
 * Who talks to remotes at the same time. A remote that does not answer must not keep others from theirs: who waits longer
 * than a moment gives its place away, and next time stands in a line of its own kind.
 *
 * # Guarantees
 * A command to a healthy remote waits for commands to healthy remotes, and for each of the others a moment at most, once.
 */
export class Lanes {
  readonly #limits: LaneLimits;
  readonly #fast: Line;
  readonly #slow: Line;
  /** Remotes whose last command failed late, or goes on for long. */
  readonly #slowPlaces = new Set<string>();
  #besides = 0;

  constructor(limits: Partial<LaneLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
    this.#fast = new Line(this.#limits.fast);
    this.#slow = new Line(this.#limits.slow);
  }

  /**
   * Runs a command when there is a place for it.
   *
   * @param options.place the remote that it talks to
   * @throws the signal's reason when it aborts before, and what the command throws
   */
  async take<T>(
    work: () => Promise<T>,
    options: { readonly place: string; readonly signal?: AbortSignal },
  ): Promise<T> {
    const { place, signal } = options;
    if (!this.#slowPlaces.has(place)) return await this.#inFastLane(work, options);
    await this.#slow.enter(signal);
    try {
      return await this.#judged(work, place);
    } finally {
      this.#slow.leave();
    }
  }

  async #inFastLane<T>(
    work: () => Promise<T>,
    { place, signal }: { readonly place: string; readonly signal?: AbortSignal },
  ): Promise<T> {
    await this.#fast.enter(signal);
    let isBeside = false;
    using patience = deadline(this.#limits.patienceMs, { clock: systemClock });
    patience.signal.addEventListener("abort", () => {
      this.#remember(place);
      if (this.#besides >= this.#limits.besides) return;
      isBeside = true;
      this.#besides++;
      this.#fast.leave();
    });
    try {
      return await this.#judged(work, place);
    } finally {
      patience[Symbol.dispose]();
      if (isBeside) this.#besides--;
      else this.#fast.leave();
    }
  }

  /** A remote that answered in the end is no slow one, however large it is; one that failed at once held up nobody. */
  async #judged<T>(work: () => Promise<T>, place: string): Promise<T> {
    const startMs = systemClock.monotonicMs();
    try {
      const result = await work();
      this.#slowPlaces.delete(place);
      return result;
    } catch (error) {
      if (systemClock.monotonicMs() - startMs >= this.#limits.patienceMs) this.#remember(place);
      else this.#slowPlaces.delete(place);
      throw error;
    }
  }

  #remember(place: string): void {
    this.#slowPlaces.delete(place);
    this.#slowPlaces.add(place);
    const [oldest] = this.#slowPlaces;
    if (this.#slowPlaces.size > SLOW_PLACES_MAX && oldest !== undefined) {
      this.#slowPlaces.delete(oldest);
    }
  }
}

/** So many at once, the others in the order in which they came. */
class Line {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  async enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const { promise, reject, resolve } = Promise.withResolvers<void>();
    const give = () => resolve();
    const leave = () => {
      this.#waiting.delete(give);
      reject(signal?.reason);
    };
    this.#waiting.add(give);
    signal?.addEventListener("abort", leave, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
