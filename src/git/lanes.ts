import { type Clock, GIT_BUDGETS, pause, Semaphore, systemClock } from "#base";

/** How many commands go on at the same time. */
export interface LaneLimits {
  /** Commands to remotes of which nothing bad is known. */
  readonly fast: number;
  /** Of those, for one share: what a remote sends takes processors to unpack. */
  readonly fastOfShare: number;
  /** Commands to remotes that kept somebody waiting in vain. */
  readonly slow: number;
  /** After this time a command gives its place in the fast lane away and goes on beside it. */
  readonly patienceMs: number;
  /** Commands that may go on beside the fast lane; more keep their place in it. */
  readonly besides: number;
  /** How much of each of these one share may take, so that there is a place for others at once. */
  readonly shareMax: number;
}

/** Of looks: who waits for an answer takes no processor. */
export const LOOK_LIMITS: LaneLimits = {
  fast: GIT_BUDGETS.looks,
  fastOfShare: GIT_BUDGETS.looks,
  slow: GIT_BUDGETS.slowRemotes,
  patienceMs: 3_000,
  besides: GIT_BUDGETS.waitingLooks,
  shareMax: 0.75,
};

/** Of fetches: each takes a process and what it fetches. */
const FETCH_LIMITS: LaneLimits = {
  fast: GIT_BUDGETS.remotes,
  fastOfShare: Math.min(GIT_BUDGETS.remotesOfShare, 2 * navigator.hardwareConcurrency),
  slow: GIT_BUDGETS.slowRemotes,
  patienceMs: 3_000,
  besides: GIT_BUDGETS.waitingRemotes,
  shareMax: 0.5,
};
/** Places that are remembered as slow. */
const SLOW_PLACES_MAX = 4_096;
/** For who never gives up. */
const NEVER = new AbortController().signal;

/**
 * Who talks to remotes at the same time. A remote that does not answer must not keep others from theirs: who waits longer
 * than a moment gives its place away, and next time stands in a line of its own kind.
 *
 * # Guarantees
 * - A command to a healthy remote waits for commands to healthy remotes, and for each of the others a moment at most, once.
 * - One share never has all places: whatever its remotes do, others find one.
 */
export class Lanes {
  readonly #limits: LaneLimits;
  readonly #clock: Pick<Clock, "monotonicMs" | "sleep">;
  readonly #fast: Semaphore;
  readonly #slow: Semaphore;
  /** Remotes whose last command failed late, or goes on for long. */
  readonly #slowPlaces = new Set<string>();
  /** How many go on beside the fast lane, by share. */
  readonly #besides = new Map<string, number>();

  constructor(
    limits: Partial<LaneLimits> = {},
    clock: Pick<Clock, "monotonicMs" | "sleep"> = systemClock,
  ) {
    this.#limits = { ...FETCH_LIMITS, ...limits };
    this.#clock = clock;
    const { fast, fastOfShare, slow } = this.#limits;
    this.#fast = new Semaphore(fast, { shareMax: Math.min(fastOfShare, this.#ofShare(fast)) });
    this.#slow = new Semaphore(slow, { shareMax: this.#ofShare(slow) });
  }

  #ofShare(places: number): number {
    return Math.ceil(places * this.#limits.shareMax);
  }

  /**
   * Runs a command when there is a place for it.
   *
   * @param options.place the remote that it talks to
   * @param options.share for whom: shares take turns
   * @param options.order who of a share goes first: the smallest
   * @throws the signal's reason when it aborts before, and what the command throws
   */
  async take<T>(
    work: () => Promise<T>,
    { order = 0, place, share = "", signal = NEVER }: {
      readonly order?: number;
      readonly place: string;
      readonly share?: string;
      readonly signal?: AbortSignal;
    },
  ): Promise<T> {
    if (!this.#slowPlaces.has(place)) {
      using permit = await this.#fast.acquire(signal, share, order);
      using _beside = this.#movingBeside(permit, { place, share });
      return await this.#judged(work, place);
    }
    using _permit = await this.#slow.acquire(signal, share, order);
    return await this.#judged(work, place);
  }

  /** After a moment gives the permit back, if there is room beside the lane. */
  #movingBeside(
    permit: Disposable,
    { place, share }: { readonly place: string; readonly share: string },
  ): Disposable {
    const done = new AbortController();
    let isBeside = false;
    const move = async () => {
      await pause(this.#limits.patienceMs, { clock: this.#clock, signal: done.signal });
      if (done.signal.aborted) return;
      this.#remember(place);
      if (!this.#hasRoomBeside(share)) return;
      isBeside = true;
      this.#besides.set(share, (this.#besides.get(share) ?? 0) + 1);
      permit[Symbol.dispose]();
    };
    // Never rejects: a pause ends with its signal.
    move();
    return {
      [Symbol.dispose]: () => {
        done.abort();
        if (isBeside) this.#leaveBeside(share);
      },
    };
  }

  #hasRoomBeside(share: string): boolean {
    const { besides } = this.#limits;
    const all = [...this.#besides.values()].reduce((sum, count) => sum + count, 0);
    return all < besides && (this.#besides.get(share) ?? 0) < this.#ofShare(besides);
  }

  #leaveBeside(share: string): void {
    const left = (this.#besides.get(share) ?? 0) - 1;
    if (left > 0) this.#besides.set(share, left);
    else this.#besides.delete(share);
  }

  /** A remote that answered in the end is no slow one, however large it is; one that failed at once held up nobody. */
  async #judged<T>(work: () => Promise<T>, place: string): Promise<T> {
    const startMs = this.#clock.monotonicMs();
    try {
      const result = await work();
      this.#slowPlaces.delete(place);
      return result;
    } catch (error) {
      if (this.#clock.monotonicMs() - startMs >= this.#limits.patienceMs) this.#remember(place);
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
