/** Less than this lies between two writes of an object's status only when its readiness changes. */
const STATUS_PACE_MS = 500;

/** The same while many others wait for a pass: what is on its way is told less often, so that theirs come sooner. */
const BUSY_PACE_MS = 3_000;

/** So many new objects within so long are many. */
const MANY = 50;
const MANY_WITHIN_MS = 5_000;

/** For so long at most what nobody's pods need waits until fewer come. */
const NEW_DELAY_MAX_MS = 30_000;
/** What has no status by then is gone, or nobody can write it. */
const NEW_KEPT_MS = 600_000;
/** Whether fewer come is looked at the less often, the more there are. */
const LOOK_LATER_EACH_MS = 50;

/**
 * Remembers when the status of which object was written, so that a pod that goes through five states in half a second
 * does not cost five writes; and which objects are new, so that of very many all get their pods before the first of them
 * gets what can wait.
 */
export class StatusPace {
  readonly #isBusy: () => boolean;
  /** By uid, the oldest first. */
  readonly #writtenMs = new Map<string, number>();
  /** When objects without a status were seen first, by uid, the oldest first. */
  readonly #cameMs = new Map<string, number>();
  /** When the last so many that are many were. */
  #lastCameMs: readonly number[] = [];

  /** @param isBusy whether many objects wait for a pass */
  constructor(isBusy: () => boolean = () => false) {
    this.#isBusy = isBusy;
  }

  /** Objects that are remembered: those of the last moments. */
  get size(): number {
    return this.#writtenMs.size + this.#cameMs.size;
  }

  /** How long to wait with the next write; 0 for not at all. */
  delayMs(uid: string, nowMs: number): number {
    const paceMs = this.#isBusy() || this.#isRush(nowMs) ? BUSY_PACE_MS : STATUS_PACE_MS;
    const writtenMs = this.#writtenMs.get(uid);
    return writtenMs === undefined ? 0 : Math.max(0, writtenMs + paceMs - nowMs);
  }

  /**
   * How long an object of which nothing was said yet waits with what its pods do not need, until it asks again: not at all,
   * unless many are as new as it is.
   */
  newDelayMs(uid: string, nowMs: number): number {
    this.#forgetOld(nowMs);
    const cameMs = this.#cameMs.get(uid) ?? nowMs;
    if (!this.#cameMs.has(uid)) {
      this.#cameMs.set(uid, nowMs);
      this.#lastCameMs = [...this.#lastCameMs.slice(1 - MANY), nowMs];
    }
    if (!this.#isRush(nowMs)) return 0;
    const lookMs = MANY_WITHIN_MS + this.#cameMs.size * LOOK_LATER_EACH_MS;
    return Math.max(0, Math.min(lookMs, cameMs + NEW_DELAY_MAX_MS - nowMs));
  }

  /** A status was written. What no longer delays anything is forgotten. */
  wrote(uid: string, nowMs: number): void {
    this.#cameMs.delete(uid);
    for (const [other, writtenMs] of this.#writtenMs) {
      if (writtenMs + BUSY_PACE_MS > nowMs) break;
      this.#writtenMs.delete(other);
    }
    this.#writtenMs.delete(uid);
    this.#writtenMs.set(uid, nowMs);
  }

  #isRush(nowMs: number): boolean {
    const [first = -Infinity] = this.#lastCameMs;
    return this.#lastCameMs.length === MANY && first + MANY_WITHIN_MS > nowMs;
  }

  #forgetOld(nowMs: number): void {
    for (const [uid, cameMs] of this.#cameMs) {
      if (cameMs + NEW_KEPT_MS > nowMs) break;
      this.#cameMs.delete(uid);
    }
  }
}
