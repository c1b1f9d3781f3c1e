/** How long somebody who stays silent is left alone at most. */
const DELAY_MAX_MS = 10 * 60_000;

interface Silence {
  readonly problem: string;
  readonly times: number;
  readonly untilMs: number;
}

/**
 * Remembers who did not answer, and leaves it alone for longer and longer: somebody who is out of reach costs a deadline
 * now and then, not one a round.
 */
export class PollBackoff {
  readonly #intervalMs: number;
  readonly #silences = new Map<string, Silence>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** What was said last of somebody who is left alone now; undefined when it may be asked. */
  problem(key: string, nowMs: number): string | undefined {
    const silence = this.#silences.get(key);
    return silence !== undefined && nowMs < silence.untilMs ? silence.problem : undefined;
  }

  /**
   * It did not answer. The first time that changes nothing for the next round. Several who ask at the same time count
   * as one.
   */
  failed(key: string, problem: string, nowMs: number): void {
    const known = this.#silences.get(key);
    if (known !== undefined && nowMs < known.untilMs) return;
    const times = (known?.times ?? 0) + 1;
    const rounds = 2 ** Math.min(times - 1, 20) - 0.5;
    const untilMs = nowMs + Math.min(DELAY_MAX_MS, rounds * this.#intervalMs);
    this.#silences.set(key, { problem, times, untilMs });
  }

  /** It answered: all is forgotten. */
  answered(key: string): void {
    this.#silences.delete(key);
  }

  /** Forgets whom nobody asks any more. */
  forgetExcept(keys: ReadonlySet<string>): void {
    for (const key of this.#silences.keys()) {
      if (!keys.has(key)) this.#silences.delete(key);
    }
  }
}
