import type { MeshSync } from "#api";
import { byText, idText, keyOf, type KubeObject, type ObjectId } from "#base";
import { belongsTo } from "#manifests";
import { entryKey, objectHealth } from "#plan";
import type { SyncContext } from "./context.ts";
import { expressedHealth, isMesh, meshHealth, saysUncounted } from "./health_rules.ts";
import { appliedJob, isDone, isJob } from "./plan/jobs.ts";

/** An object that is not as it should be. */
export interface Unhealthy {
  /** As in the inventory. */
  readonly key: string;
  /** `Kind namespace/name: what is wrong`. */
  readonly words: string;
  /** When it ceased to be ready, in milliseconds since 1970; 0 where nobody says. */
  readonly sinceMs: number;
}

/** How the objects of a revision are. */
export interface Health {
  /** Objects with a health of their own that are ready for their current generation. */
  readonly ready: number;
  readonly total: number;
  readonly unhealthy: readonly Unhealthy[];
  /** Objects that could not be looked at, in words: not known is neither healthy nor unhealthy. */
  readonly unknown: readonly string[];
  /** When the last of the meshes became ready, in milliseconds since 1970; 0 where any is not, or there is none. */
  readonly readySinceMs: number;
  /** Whether watches tell when any of that becomes something else: else it is looked at again now and then. */
  readonly isWatched: boolean;
}

/** Nothing that could be anything but healthy. */
export const NO_HEALTH: Health = {
  ready: 0,
  total: 0,
  unhealthy: [],
  unknown: [],
  readySinceMs: 0,
  isWatched: true,
};

/** An object whose health counts. */
export interface HealthObject {
  readonly id: ObjectId;
  /** What Git says, where that is known. */
  readonly object?: KubeObject;
  /** What of it was written last, where that is known: nothing older tells how it is. */
  readonly resourceVersion: string | undefined;
  /**
   * Whether it is not known to be applied. Of what is only announced, or to be deleted, counts what is there and carries the
   * labels of the sync: who proved more and who proved less of it say the same.
   */
  readonly isAnnounced?: boolean;
}

/**
 * Counts how objects are, one after the other: thousands are looked at in each pass, and nothing is kept of those that are
 * well.
 */
export class HealthTally {
  readonly #sync: MeshSync;
  readonly #proofs: SyncContext["proofs"];
  readonly #unhealthy: Unhealthy[] = [];
  readonly #unknown: string[] = [];
  #total = 0;
  #readySinceMs = 0;
  #isWatched = true;

  constructor(sync: MeshSync, { proofs }: Pick<SyncContext, "proofs">) {
    this.#sync = sync;
    this.#proofs = proofs;
  }

  /** An object as it was answered; undefined where it is not there. */
  found(one: HealthObject, live: KubeObject | undefined): void {
    if (live === undefined) this.absent(one);
    else this.seen(one, live);
  }

  /** An object that was seen. */
  seen(one: HealthObject, live: KubeObject): void {
    if (!this.#counts(one, live)) return;
    this.#total++;
    if (isJob(one.id)) this.#proofs.setFinished(keyOf(this.#sync), live);
    if (isMesh(one.id)) {
      const { readySinceMs, unreadySinceMs, words } = meshHealth(live);
      this.#readySinceMs = Math.max(this.#readySinceMs, readySinceMs);
      if (words !== undefined) this.#note(one, words, unreadySinceMs);
      return;
    }
    const expressed = expressedHealth(live, this.#sync);
    if (expressed !== undefined) this.unwatched();
    const { message, state } = expressed ?? objectHealth(live);
    if (state !== "current") this.#note(one, `${idText(one.id)}: ${message}`);
  }

  /** An object that is not there. */
  absent(one: HealthObject): void {
    if (one.isAnnounced) return;
    this.#total++;
    const words = this.#absence(one.id);
    if (words !== undefined) this.#note(one, words);
  }

  /** An object of which nobody can say how it is. */
  unknown({ id }: HealthObject, cause: string): void {
    this.#total++;
    this.#unknown.push(`${idText(id)}: ${cause}`);
  }

  /** Objects that are as they were when they were asked about last, and were well. */
  wellBefore(count: number): void {
    this.#total += count;
  }

  /** Of some of it no watch tells when it changes. */
  unwatched(): void {
    this.#isWatched = false;
  }

  /** What was counted so far, in the order of counting. */
  health(): Health {
    const [unhealthy, unknown] = [this.#unhealthy, this.#unknown];
    return {
      ready: this.#total - unhealthy.length - unknown.length,
      total: this.#total,
      unhealthy,
      unknown,
      readySinceMs: this.#readySinceMs,
      isWatched: this.#isWatched,
    };
  }

  #counts(one: HealthObject, live: KubeObject): boolean {
    if (saysUncounted(live)) return false;
    return one.isAnnounced !== true ||
      (belongsTo(this.#sync, live) && live.metadata.deletionTimestamp === undefined);
  }

  #note({ id }: HealthObject, words: string, sinceMs = 0): void {
    this.#unhealthy.push({ key: entryKey(id), words, sinceMs });
  }

  /** What is wrong about an object that is not there; undefined of a Job that ran well, or whose end nobody saw. */
  #absence(id: ObjectId): string | undefined {
    const { status } = this.#sync;
    const key = keyOf(this.#sync);
    const proof = this.#proofs.of(key).get(entryKey(id));
    const missing = `${idText(id)}: not there`;
    if (!isJob(id)) return missing;
    const finished = this.#proofs.finished(key);
    const job = proof === undefined
      ? status?.jobs?.find((one) => one.id === entryKey(id))
      : appliedJob(proof, { finished, status });
    const isWatched = proof?.resourceVersion !== undefined;
    if (!isDone(job, { isWatched, object: proof?.object })) return missing;
    return job?.result === "Failed" ? `${idText(id)}: failed, and was removed since` : undefined;
  }
}

/** How objects of several kinds are. */
export function joinedHealth(parts: readonly Health[]): Health {
  const sum = (of: (part: Health) => number) => parts.reduce((all, part) => all + of(part), 0);
  const unhealthy = parts.flatMap((part) => part.unhealthy);
  return {
    ready: sum(({ ready }) => ready),
    total: sum(({ total }) => total),
    unhealthy: unhealthy.sort((a, b) => byText(a.key, b.key)),
    unknown: parts.flatMap(({ unknown }) => unknown).sort(),
    readySinceMs: unhealthy.length > 0
      ? 0
      : Math.max(0, ...parts.map(({ readySinceMs }) => readySinceMs)),
    isWatched: parts.every(({ isWatched }) => isWatched),
  };
}
