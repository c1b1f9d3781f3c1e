import type { Clock } from "#base";

/** Names that are counted apart; the oldest is forgotten for a new one. */
const NAMES_MAX = 1_000;

/** How much is let in. */
export interface RateLimitOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly burst: number;
  /** How long it takes until one more is let in. */
  readonly intervalMs: number;
}

/**
 * So much in a burst, and then one each interval: for each name apart, in a bounded amount of memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { RateLimit } from "#receiver";
 * const limit = new RateLimit({ clock: { monotonicMs: () => 0 }, burst: 1, intervalMs: 1_000 });
 * assertEquals([limit.take("a"), limit.take("a"), limit.take("b")], [true, false, true]);
 * ```
 */
export class RateLimit {
  readonly #options: RateLimitOptions;
  readonly #left = new Map<string, { readonly amount: number; readonly atMs: number }>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Whether one more is let in, which is then counted. */
  take(name: string): boolean {
    const isIn = this.has(name);
    if (isIn) this.spend(name, 1);
    return isIn;
  }

  /** Whether one more would be let in. */
  has(name: string): boolean {
    return this.#amount(name) >= 1;
  }

  /** Counts what a name has cost, more than it had left if need be: that is to be made up for first. */
  spend(name: string, amount: number): void {
    const { burst, clock } = this.#options;
    const left = Math.max(this.#amount(name) - amount, -burst);
    this.#left.delete(name);
    this.#left.set(name, { amount: left, atMs: clock.monotonicMs() });
    const [oldest] = this.#left.keys();
    if (this.#left.size > NAMES_MAX && oldest !== undefined) this.#left.delete(oldest);
  }

  #amount(name: string): number {
    const { burst, clock, intervalMs } = this.#options;
    const known = this.#left.get(name);
    if (known === undefined) return burst;
    return Math.min(burst, known.amount + (clock.monotonicMs() - known.atMs) / intervalMs);
  }
}
