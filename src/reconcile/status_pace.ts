/** Less than this lies between two writes of an object's status only when its readiness changes. */
const STATUS_PACE_MS = 500;

/**
 * Remembers when the status of which object was written, so that a pod that goes through five states in half a second
 * does not cost five writes.
 */
export class StatusPace {
  /** By uid, the oldest first. */
  readonly #writtenMs = new Map<string, number>();

  /** Objects that are remembered: those of the last moments. */
  get size(): number {
    return this.#writtenMs.size;
  }

  /** How long to wait with the next write; 0 for not at all. */
  delayMs(uid: string, nowMs: number): number {
    const writtenMs = this.#writtenMs.get(uid);
    return writtenMs === undefined ? 0 : Math.max(0, writtenMs + STATUS_PACE_MS - nowMs);
  }

  /** A status was written. What no longer delays anything is forgotten. */
  wrote(uid: string, nowMs: number): void {
    for (const [other, writtenMs] of this.#writtenMs) {
      if (writtenMs + STATUS_PACE_MS > nowMs) break;
      this.#writtenMs.delete(other);
    }
    this.#writtenMs.delete(uid);
    this.#writtenMs.set(uid, nowMs);
  }
}
