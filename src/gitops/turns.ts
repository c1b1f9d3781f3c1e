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

  /** @param atOnce how many may go on at the same time */
  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /**
   * Waits for a turn, does the work and gives the turn on, however the work ended.
   *
   * @throws the signal's reason when it aborts before the turn came, and what the work throws
   */
  async take<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#pass();
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
