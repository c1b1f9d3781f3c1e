import { GIT_BUDGETS, pause, systemClock } from "#base";
import { ownBytes, startedBy } from "./started.ts";

/** How often it is looked: from a fast network some tens of MiB come meanwhile. */
const LOOK_MS = 250;

/** Why a program was ended: it took too much, or all did and it most of all. */
export type MemoryExcess = "of one" | "of all";

/** Looks at a program until it is disposed of. */
export interface MemoryWatch extends Disposable {
  /** Looks no more. @returns what there was too much of. @throws where it could not be looked at */
  end(): Promise<MemoryExcess | undefined>;
}

/** How much memory programs may take. */
export interface MemoryLimits {
  readonly ofOne: number;
  readonly ofAll: number;
}

const LIMITS: MemoryLimits = {
  ofOne: GIT_BUDGETS.commandMemoryBytes,
  ofAll: GIT_BUDGETS.commandsMemoryBytes,
};

interface Watched {
  bytes: number;
  excess: MemoryExcess | undefined;
}

/**
 * The memory that git programs take with what they start, where the system tells: git keeps much of what a server sends, and
 * has no limit for all of it.
 */
export class GitMemory {
  readonly #limits: MemoryLimits;
  readonly #watched = new Set<Watched>();

  constructor(limits: MemoryLimits = LIMITS) {
    this.#limits = limits;
  }

  /** @param stop called once, when a program takes too much or cannot be looked at */
  watch(id: number, stop: () => void): MemoryWatch {
    const enough = new AbortController();
    const one: Watched = { bytes: 0, excess: undefined };
    this.#watched.add(one);
    const looking = this.#look(id, one, enough.signal).finally(() => {
      this.#watched.delete(one);
      if (!enough.signal.aborted) stop();
    });
    // Told to who ends it.
    looking.catch(() => {});
    return {
      end: () => {
        enough.abort();
        return looking;
      },
      [Symbol.dispose]: () => enough.abort(),
    };
  }

  async #look(id: number, one: Watched, signal: AbortSignal): Promise<MemoryExcess | undefined> {
    for (;;) {
      await pause(LOOK_MS, { clock: systemClock, signal });
      if (signal.aborted || one.excess !== undefined) return one.excess;
      one.bytes = [id, ...startedBy(id)].reduce((sum, each) => sum + ownBytes(each), 0);
      if (one.bytes > this.#limits.ofOne) return "of one";
      this.#endLargest();
    }
  }

  /** Where all take too much, the largest is told, and ends with its next look. */
  #endLargest(): void {
    const going = [...this.#watched].filter(({ excess }) => excess === undefined);
    const sum = going.reduce((bytes, each) => bytes + each.bytes, 0);
    if (sum <= this.#limits.ofAll) return;
    const [first] = going.sort((a, b) => b.bytes - a.bytes);
    if (first !== undefined) first.excess = "of all";
  }
}
