import type { WakeUp } from "./wake_up.ts";

/** Less than this lies between two writes of an object's status only when its readiness changes. */
const STATUS_PACE_MS = 500;

/** The same while many others wait for a pass: what is on its way is told less often, so that theirs come sooner. */
const BUSY_PACE_MS = 3_000;

/** So many new objects within so long are many. */
const MANY = 50;
const MANY_WITHIN_MS = 5_000;

/** For so long at most what nobody's pods need waits until fewer come: some 10,000 on a small API server. */
const NEW_DELAY_MAX_MS = 180_000;
/** What has no status by then is gone, or nobody can write it. */
const NEW_KEPT_MS = 600_000;

/** An object without a status. */
interface NewObject {
  readonly cameMs: number;
  readonly woken: WakeUp;
  /** Released: it waits no second time. */
  state: "seen" | "waiting" | "released";
}

/**
 * Remembers when the status of which object was written, so that a pod that goes through five states in half a second
 * does not cost five writes; and which objects are new, so that of very many all get their pods before the first of them
 * gets what can wait.
 */
export class StatusPace {
  readonly #isBusy: () => boolean;
  /** By uid, the oldest first. */
  readonly #writtenMs = new Map<string, number>();
  /** Objects without a status, by uid, those seen first first. */
  readonly #new = new Map<string, NewObject>();
  /** When the last so many that are many were seen first. */
  readonly #came = new Lately();
  /** When something happened to the last so many that wait. */
  readonly #stirred = new Lately();
  #isRushing = false;

  /** @param isBusy whether many objects wait for a pass */
  constructor(isBusy: () => boolean = () => false) {
    this.#isBusy = isBusy;
  }

  /** Objects that are remembered: those of the last moments. */
  get size(): number {
    return this.#writtenMs.size + this.#new.size;
  }

  /** How long to wait with the next write; 0 for not at all. */
  delayMs(uid: string, nowMs: number): number {
    const paceMs = this.#isBusy() || this.#isRush(nowMs) ? BUSY_PACE_MS : STATUS_PACE_MS;
    const writtenMs = this.#writtenMs.get(uid);
    return writtenMs === undefined ? 0 : Math.max(0, writtenMs + paceMs - nowMs);
  }

  /**
   * How long an object of which nothing was said yet waits at most with what its pods do not need: not at all, unless many
   * are as new as it is. It is among the {@linkcode released} ones when fewer come, and little happens to those that wait:
   * what would be said of them is another thing a moment later.
   */
  newDelayMs(uid: string, woken: WakeUp, nowMs: number): number {
    this.#forgetOld(nowMs);
    const known = this.#new.get(uid);
    const object: NewObject = known ?? { cameMs: nowMs, state: "seen", woken };
    const leftMs = object.cameMs + NEW_DELAY_MAX_MS - nowMs;
    if (known === undefined) {
      this.#new.set(uid, object);
      this.#came.add(nowMs);
    } else if (object.state === "waiting" && leftMs > 0) this.#stirred.add(nowMs);
    if (object.state === "released" || leftMs <= 0 || !this.#isRush(nowMs)) return 0;
    object.state = "waiting";
    return leftMs;
  }

  /** Who need not wait any longer; each is told once. */
  released(nowMs: number): WakeUp[] {
    if (this.#isRush(nowMs)) return [];
    const waiting = [...this.#new.values()].filter(({ state }) => state === "waiting");
    for (const object of waiting) object.state = "released";
    return waiting.map(({ woken }) => woken);
  }

  /** A status was written. What no longer delays anything is forgotten. */
  wrote(uid: string, nowMs: number): void {
    this.#new.delete(uid);
    for (const [other, writtenMs] of this.#writtenMs) {
      if (writtenMs + BUSY_PACE_MS > nowMs) break;
      this.#writtenMs.delete(other);
    }
    this.#writtenMs.delete(uid);
    this.#writtenMs.set(uid, nowMs);
  }

  /** It begins with many new objects, and lasts until nothing happens to many. */
  #isRush(nowMs: number): boolean {
    this.#isRushing = this.#came.areMany(nowMs) ||
      (this.#isRushing && this.#stirred.areMany(nowMs));
    return this.#isRushing;
  }

  #forgetOld(nowMs: number): void {
    for (const [uid, { cameMs }] of this.#new) {
      if (cameMs + NEW_KEPT_MS > nowMs) break;
      this.#new.delete(uid);
    }
  }
}

/** When the last so many that are many were. */
class Lately {
  readonly #timesMs: number[] = [];

  add(nowMs: number): void {
    this.#timesMs.push(nowMs);
    if (this.#timesMs.length > MANY) this.#timesMs.shift();
  }

  areMany(nowMs: number): boolean {
    const [first = -Infinity] = this.#timesMs;
    return this.#timesMs.length === MANY && first + MANY_WITHIN_MS > nowMs;
  }
}
