import type { Clock } from "#base";

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #wallMs: number;
  /** Another number than the wall's, so that who mixes the two up fails. */
  #monotonicMs = 5_000_000;
  #sleepers: Sleeper[] = [];

  constructor(startMs = 0) {
    this.#wallMs = startMs;
  }

  now(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** How many wait: none when everything was stopped in order. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (Number.isNaN(delayMs)) return Promise.reject(new RangeError("Cannot sleep for NaN ms"));
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const remove = () => this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
      const stop = () => {
        remove();
        reject(signal?.reason);
      };
      const sleeper = {
        dueMs: this.#monotonicMs + delayMs,
        wake: () => {
          remove();
          signal?.removeEventListener("abort", stop);
          resolve();
        },
      };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", stop, { once: true });
    });
  }

  /** Moves the time on and wakes who is due, in order, each before the next. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#monotonicMs + byMs;
    await settled();
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#pass(Math.max(0, next.dueMs - this.#monotonicMs));
      next.wake();
      await settled();
    }
    this.#pass(untilMs - this.#monotonicMs);
  }

  /** When the next one is due, in monotonic time; `Infinity` when nobody waits. */
  get nextDueMs(): number {
    return this.#sleepers.reduce((due, sleeper) => Math.min(due, sleeper.dueMs), Infinity);
  }

  /** Moves the time to a moment and wakes the first one who is due by then, if any: for who drives time by hand. */
  wakeNext(untilMs: number): boolean {
    const next = this.#next(untilMs);
    this.#pass(Math.max(0, (next?.dueMs ?? untilMs) - this.#monotonicMs));
    next?.wake();
    return next !== undefined;
  }

  /** Forgets who waits: their process is no more. */
  dropSleepers(): void {
    this.#sleepers = [];
  }

  /** Sets the wall clock forward or back, as an administrator or NTP does: timers and durations do not notice. */
  setWall(byMs: number): void {
    this.#wallMs += byMs;
  }

  /**
   * Time goes by while nothing of the process runs, as after SIGSTOP: no timer fires before {@linkcode advance} is
   * called, which then finds all of them late.
   */
  stopFor(byMs: number): void {
    this.#pass(byMs);
  }

  #pass(byMs: number): void {
    this.#wallMs += byMs;
    this.#monotonicMs += byMs;
  }

  #next(untilMs: number): Sleeper | undefined {
    return this.#sleepers
      .filter((sleeper) => sleeper.dueMs <= untilMs)
      .sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}

/** Resolves after everything that only waits for promises has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
