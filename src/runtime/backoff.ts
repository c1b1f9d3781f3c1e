import { grownDelayMs } from "#kube";

/** How delays of a key grow. */
export interface BackoffOptions {
  /** The first delay; 200 ms when left out. */
  readonly firstMs?: number;
  /** No delay is longer; 5 min when left out. */
  readonly maxMs?: number;
  /** Between 0 and 1. */
  readonly random: () => number;
}

/**
 * Counts the failures of keys and says how long each has to wait.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Backoff } from "#runtime";
 * const backoff = new Backoff({ random: () => 1 });
 * assertEquals([backoff.nextDelayMs("a"), backoff.nextDelayMs("a"), backoff.nextDelayMs("b")], [200, 400, 200]);
 * backoff.reset("a");
 * assertEquals(backoff.failures("a"), 0);
 * ```
 */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #failures = new Map<string, number>();

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Counts a failure and answers the delay after it. */
  nextDelayMs(key: string): number {
    const failures = this.failures(key) + 1;
    this.#failures.set(key, failures);
    const { firstMs = 200, maxMs = 300_000, random } = this.#options;
    return grownDelayMs({ failures, firstMs, maxMs, random: random() });
  }

  /** Failures in a row. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** Forgets the failures of a key: it succeeded, or is gone. */
  reset(key: string): void {
    this.#failures.delete(key);
  }
}
