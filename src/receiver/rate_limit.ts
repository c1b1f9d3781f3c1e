import type { Clock } from "#base";

/** Names that are counted apart; the oldest is forgotten for a new one. */
const NAMES_MAX = 1_000;

/** How many calls are let in. */
export interface RateLimitOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly burst: number;
  readonly intervalMs: number;
}

/**
 * So many calls in a burst, and then one each interval: for each name apart, in a bounded amount of memory.
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
  readonly #left = new Map<string, { readonly calls: number; readonly atMs: number }>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Whether one more call is let in. */
  take(name: string): boolean {
    const { burst, clock, intervalMs } = this.#options;
    const nowMs = clock.monotonicMs();
    const known = this.#left.get(name) ?? { calls: burst, atMs: nowMs };
    const calls = Math.min(burst, known.calls + (nowMs - known.atMs) / intervalMs);
    this.#left.delete(name);
    this.#left.set(name, { calls: calls >= 1 ? calls - 1 : calls, atMs: nowMs });
    const [oldest] = this.#left.keys();
    if (this.#left.size > NAMES_MAX && oldest !== undefined) this.#left.delete(oldest);
    return calls >= 1;
  }
}
