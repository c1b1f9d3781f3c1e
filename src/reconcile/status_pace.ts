/** Less than this lies between two writes of an object's status only when its readiness changes. */
const STATUS_PACE_MS = 500;

/** The same while many others wait for a pass: what is on its way is told less often, so that theirs come sooner. */
const BUSY_PACE_MS = 3_000;

/**
 * Remembers when the status of which object was written, so that a pod that goes through five states in half a second
 * does not cost five writes.
 */
export class StatusPace {
  readonly #isBusy: () => boolean;
  /** By uid, the oldest first. */
  readonly #writtenMs = new Map<string, number>();

  /** @param isBusy whether many objects wait for a pass */
  constructor(isBusy: () => boolean = () => false) {
    this.#isBusy = isBusy;
  }

  /** Objects that are remembered: those of the last moments. */
  get size(): number {
    return this.#writtenMs.size;
  }

  /** How long to wait with the next write; 0 for not at all. */
  delayMs(uid: string, nowMs: number): number {
    const paceMs = this.#isBusy() ? BUSY_PACE_MS : STATUS_PACE_MS;
    const writtenMs = this.#writtenMs.get(uid);
    return writtenMs === undefined ? 0 : Math.max(0, writtenMs + paceMs - nowMs);
  }

  /**
   * How long to wait with the first status of an object whose pods are about to be made, and change it: not at all, unless
   * many others wait. Both times by the wall clock.
   */
  firstDelayMs({ madeMs, nowMs }: { readonly madeMs: number; readonly nowMs: number }): number {
    const ageMs = nowMs - madeMs;
    return this.#isBusy() && ageMs >= 0 && ageMs < BUSY_PACE_MS ? BUSY_PACE_MS - ageMs : 0;
  }

  /** A status was written. What no longer delays anything is forgotten. */
  wrote(uid: string, nowMs: number): void {
    for (const [other, writtenMs] of this.#writtenMs) {
      if (writtenMs + BUSY_PACE_MS > nowMs) break;
      this.#writtenMs.delete(other);
    }
    this.#writtenMs.delete(uid);
    this.#writtenMs.set(uid, nowMs);
  }
}
