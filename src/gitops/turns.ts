/** One that works now. */
export interface Turn {
  /**
   * Waits for somebody else in it. Where that takes longer than a moment the turn is given on, and another one is waited for
   * before this answers.
   *
   * @throws the signal's reason when it aborts while a turn is waited for, and what `wait` throws
   */
  lend<T>(wait: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/** After this time somebody who waits for others gives the turn on. */
const PATIENCE_MS = 3_000;

/**
 * Lets only so many pieces of work go on at once; the others wait in the order in which they came.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Turns } from "#gitops";
 * const turns = new Turns(1);
 * const { signal } = new AbortController();
 * const first = Promise.withResolvers<string>();
 * const ends: string[] = [];
 * const one = turns.take(() => first.promise, signal).then((text) => ends.push(text));
 * const two = turns.take(() => Promise.resolve("two"), signal).then((text) => ends.push(text));
 * first.resolve("one");
 * await Promise.all([one, two]);
 * assertEquals(ends, ["one", "two"]);
 * ```
 */
export class Turns {
  #free: number;
  readonly #waiting = new Set<() => void>();
  readonly #patienceMs: number;

  /** @param atOnce how many may go on at the same time */
  constructor(atOnce: number, { patienceMs = PATIENCE_MS }: { readonly patienceMs?: number } = {}) {
    this.#free = atOnce;
    this.#patienceMs = patienceMs;
  }

  /**
   * Waits for a turn, does the work and gives the turn on, however the work ended.
   *
   * @throws the signal's reason when it aborts before the turn came, and what the work throws
   */
  async take<T>(work: (turn: Turn) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (!this.#takeFree()) await this.#turn(signal);
    const turn = { isHeld: true };
    try {
      return await work({ lend: (wait, stop) => this.#lend(wait, { turn, signal: stop }) });
    } finally {
      if (turn.isHeld) this.#pass();
    }
  }

  /** Takes a free turn, if there is one. */
  #takeFree(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  async #lend<T>(
    wait: () => Promise<T>,
    { turn, signal }: { readonly turn: { isHeld: boolean }; readonly signal: AbortSignal },
  ): Promise<T> {
    // Two at once in one turn: the first one that goes on for long gives it on.
    const timer = setTimeout(() => {
      if (!turn.isHeld) return;
      turn.isHeld = false;
      this.#pass();
    }, this.#patienceMs);
    try {
      return await wait();
    } finally {
      clearTimeout(timer);
      if (!turn.isHeld) {
        signal.throwIfAborted();
        if (!this.#takeFree()) await this.#turn(signal);
        turn.isHeld = true;
      }
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    const { promise, reject, resolve } = Promise.withResolvers<void>();
    const leave = () => {
      this.#waiting.delete(start);
      reject(signal.reason);
    };
    const start = () => {
      signal.removeEventListener("abort", leave);
      resolve();
    };
    signal.addEventListener("abort", leave, { once: true });
    this.#waiting.add(start);
    return promise;
  }

  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
