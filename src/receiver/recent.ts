import type { Clock } from "#base";

interface Kept<T> {
  readonly value: Promise<T>;
  readonly atMs: number;
}

/**
 * What was read a moment ago, by name: many who ask at once cost one read. A read that failed is not kept.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Recent } from "#receiver";
 * const recent = new Recent<number>({ monotonicMs: () => 0 });
 * let reads = 0;
 * const read = () => Promise.resolve(++reads);
 * const found = await Promise.all([1, 2].map(() => recent.of("a", { keptMs: 10, read })));
 * assertEquals(found, [1, 1]);
 * ```
 */
export class Recent<T> {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #kept = new Map<string, Kept<T>>();

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** What a name has: what was read less than `keptMs` ago, or what is read now. */
  of(
    name: string,
    { keptMs, read }: { readonly keptMs: number; readonly read: () => Promise<T> },
  ): Promise<T> {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#kept.get(name);
    if (known !== undefined && nowMs - known.atMs < keptMs) return known.value;
    const asked = { value: read(), atMs: nowMs };
    this.#kept.set(name, asked);
    asked.value.catch(() => {
      if (this.#kept.get(name) === asked) this.#kept.delete(name);
    });
    return asked.value;
  }

  /** Forgets what was read longer ago. */
  sweep(keptMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [name, { atMs }] of this.#kept) {
      if (nowMs - atMs >= keptMs) this.#kept.delete(name);
    }
  }
}
