import type { Clock } from "#base";

/** An object may have so many events at once … */
const BURST = 25;
/** … and one more every so often; both are what Kubernetes' own components allow. */
const REFILL_MS = 5 * 60_000;
/** Objects that are remembered; the one that was quiet for longest is forgotten first. */
const OBJECTS_MAX = 4_096;

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** How many events each object may still have: one that goes wrong in ever new words does not flood the server. */
export class EventBudget {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether an object may have one more event now; counts it if so. */
  take(object: string): boolean {
    const now = this.#clock.monotonicMs();
    const { tokens, atMs } = this.#buckets.get(object) ?? { tokens: BURST, atMs: now };
    const filled = Math.min(BURST, tokens + (now - atMs) / REFILL_MS);
    const granted = filled >= 1;
    this.#buckets.delete(object);
    this.#buckets.set(object, { tokens: granted ? filled - 1 : filled, atMs: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > OBJECTS_MAX && oldest !== undefined) this.#buckets.delete(oldest);
    return granted;
  }
}
