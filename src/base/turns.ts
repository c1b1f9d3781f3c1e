import type { Clock } from "./clock.ts";

/** So long work that waits for nothing goes on before everything else has a turn. */
const TURN_MS = 5;

/**
 * Lets everything else have a turn now and then, for work on many things of which each may wait for nothing: thousands of
 * passes that find nothing to do would hold up probes, leases and watches for seconds.
 */
export class Turns {
  readonly #clock: Pick<Clock, "monotonicMs" | "sleep">;
  #sinceMs: number;

  constructor(clock: Pick<Clock, "monotonicMs" | "sleep">) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
  }

  /** Goes on at once, or after a turn of everything else where the last one is some time ago. */
  async next(): Promise<void> {
    if (this.#clock.monotonicMs() - this.#sinceMs < TURN_MS) return;
    await this.#clock.sleep(0);
    this.#sinceMs = this.#clock.monotonicMs();
  }
}
