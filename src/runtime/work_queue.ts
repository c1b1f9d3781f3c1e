import type { Clock } from "#base";
import { Delays } from "./delays.ts";
import { DueKeys } from "./due_keys.ts";

/** What a person or a change caused goes before what only comes round. */
export type Lane = "change" | "periodic";

/** What a queue tells, and by what time it goes. */
export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Told whenever the number of keys that are due changes. */
  readonly onDepth?: (depth: number) => void;
  /** Told how long a key waited after it was due. */
  readonly onWait?: (waitMs: number) => void;
}

/** A delay that is no number is a mistake somewhere: it must neither become a busy loop nor lose the key. */
const UNKNOWN_DELAY_MS = 600_000;

/** So many keys of the lane `change` are taken in a row while one of the other lane waits. */
const CHANGES_IN_A_ROW_MAX = 8;

/**
 * Keys that want a pass.
 *
 * # Guarantees
 * - A key is in the queue once, however often it is added, and is taken by one worker at a time; added while it is
 *   being worked on, it comes again afterwards.
 * - A delayed key keeps the earliest of its times, and a pass that begins fulfils all of them.
 * - Both lanes move: one periodic key goes after every eight changes. In each of them namespaces take turns.
 * - No timer is left when the queue is closed.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  /** Keys that are due, by lane, with the time since when. */
  readonly #due: Readonly<Record<Lane, DueKeys>> = {
    change: new DueKeys(),
    periodic: new DueKeys(),
  };
  readonly #delays = new Delays<string>();
  readonly #working = new Set<string>();
  /** Keys that were added while being worked on, with the lane that they go to. */
  readonly #again = new Map<string, Lane>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #changesInARow = 0;
  #sleep: { readonly untilMs: number; readonly stop: AbortController } | undefined;
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that are due and not being worked on. */
  get depth(): number {
    return this.#due.change.size + this.#due.periodic.size;
  }

  /** Keys that are being worked on. */
  get working(): number {
    return this.#working.size;
  }

  /** Keys that are due later. */
  get delayed(): number {
    return this.#delays.size;
  }

  /** A key wants a pass now. In both lanes, `change` counts. */
  add(key: string, lane: Lane = "change"): void {
    if (this.#closed) return;
    if (this.#working.has(key)) {
      if (this.#again.get(key) !== "change") this.#again.set(key, lane);
      return;
    }
    if (this.#due.change.since(key) !== undefined) return;
    const sinceMs = this.#due.periodic.since(key);
    if (sinceMs !== undefined) {
      if (lane === "periodic") return;
      this.#due.periodic.delete(key);
    }
    this.#due[lane].add(key, sinceMs ?? this.#options.clock.monotonicMs());
    // Not at once: what is added in one go (a change seen by several watches) is one pass.
    queueMicrotask(() => this.#serve());
    this.#options.onDepth?.(this.depth);
  }

  /** A key wants a pass in a while, however long, or earlier if it already said so. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    if (delayMs <= 0) return this.add(key, "periodic");
    // Never: that takes no entry.
    if (delayMs === Infinity) return;
    const knownMs = Number.isNaN(delayMs) ? UNKNOWN_DELAY_MS : delayMs;
    this.#delays.add(key, this.#options.clock.monotonicMs() + knownMs);
    this.#armSleep();
  }

  /** The next key, when there is one; undefined once the queue is closed. Say {@linkcode done} afterwards. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#serve();
    });
  }

  /** The pass over a key is over. */
  done(key: string): void {
    if (!this.#working.delete(key)) return;
    const lane = this.#again.get(key);
    this.#again.delete(key);
    if (lane !== undefined) this.add(key, lane);
  }

  /** Wakes who waits, drops what is queued, stops the timer. */
  close(): void {
    this.#closed = true;
    this.#sleep?.stop.abort();
    this.#delays.clear();
    this.#due.change.clear();
    this.#due.periodic.clear();
    this.#again.clear();
    for (const resolve of this.#takers.splice(0)) resolve(undefined);
    this.#options.onDepth?.(0);
  }

  #serve(): void {
    while (this.#takers.length > 0) {
      const lane = this.#nextLane();
      if (lane === undefined) return;
      const { key = "", sinceMs = 0 } = this.#due[lane].take() ?? {};
      this.#changesInARow = lane === "change" ? this.#changesInARow + 1 : 0;
      this.#working.add(key);
      // Whatever it waited for: this pass sees the world as it is now.
      this.#delays.remove(key);
      this.#options.onWait?.(this.#options.clock.monotonicMs() - sinceMs);
      this.#options.onDepth?.(this.depth);
      this.#takers.shift()?.(key);
    }
  }

  #nextLane(): Lane | undefined {
    const { change, periodic } = this.#due;
    if (change.size === 0) return periodic.size === 0 ? undefined : "periodic";
    return periodic.size > 0 && this.#changesInARow >= CHANGES_IN_A_ROW_MAX ? "periodic" : "change";
  }

  /** Sleeps until the next delayed key is due; sleeps anew when an earlier one comes. */
  #armSleep(): void {
    const nextMs = this.#delays.nextMs();
    if (nextMs === undefined || this.#closed) return;
    if (this.#sleep !== undefined && this.#sleep.untilMs <= nextMs) return;
    this.#sleep?.stop.abort();
    const sleep = { untilMs: nextMs, stop: new AbortController() };
    this.#sleep = sleep;
    const delayMs = Math.max(0, nextMs - this.#options.clock.monotonicMs());
    this.#options.clock.sleep(delayMs, sleep.stop.signal).then(
      () => this.#wake(sleep),
      (error) => {
        if (!sleep.stop.signal.aborted) throw error;
      },
    );
  }

  #wake(sleep: { readonly untilMs: number }): void {
    if (this.#closed || this.#sleep !== sleep) return;
    this.#sleep = undefined;
    const nowMs = Math.max(this.#options.clock.monotonicMs(), sleep.untilMs);
    for (let key = this.#delays.take(nowMs); key !== undefined; key = this.#delays.take(nowMs)) {
      this.add(key, "periodic");
    }
    this.#armSleep();
  }
}
