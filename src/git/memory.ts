import { GIT_BUDGETS, pause, systemClock } from "#base";

/** How often it is looked: from a fast network some tens of MiB come meanwhile. */
const LOOK_MS = 250;

/** Why a program was ended: it took too much, or all did and it most of all. */
export type MemoryExcess = "of one" | "of all";

/** Looks at a program until it is disposed of. */
export interface MemoryWatch extends Disposable {
  /** Looks no more. @returns what there was too much of. @throws where it could not be looked at */
  end(): MemoryExcess | undefined;
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
  readonly id: number;
  readonly stop: () => void;
  bytes: number;
  excess?: MemoryExcess;
  failure?: { readonly error: unknown };
}

/**
 * The memory that git programs take with what they start, where the system tells: git keeps much of what a server sends, and
 * has no limit for all of it.
 */
export class GitMemory {
  readonly #bytesOf: (ids: readonly number[]) => Promise<readonly number[]>;
  readonly #limits: MemoryLimits;
  readonly #watched = new Set<Watched>();
  /** Ends looking. */
  #enough: AbortController | undefined;

  constructor(
    bytesOf: (ids: readonly number[]) => Promise<readonly number[]>,
    limits: MemoryLimits = LIMITS,
  ) {
    this.#bytesOf = bytesOf;
    this.#limits = limits;
  }

  /** @param stop called once, when a program takes too much or cannot be looked at */
  watch(id: number, stop: () => void): MemoryWatch {
    const one: Watched = { id, stop, bytes: 0 };
    this.#watched.add(one);
    this.#enough ??= this.#looking();
    const end = () => {
      this.#watched.delete(one);
      if (this.#watched.size > 0) return;
      this.#enough?.abort();
      this.#enough = undefined;
    };
    return {
      end: () => {
        end();
        if (one.failure !== undefined) throw one.failure.error;
        return one.excess;
      },
      [Symbol.dispose]: end,
    };
  }

  #looking(): AbortController {
    const enough = new AbortController();
    const look = async () => {
      while (!enough.signal.aborted) {
        await pause(LOOK_MS, { clock: systemClock, signal: enough.signal });
        if (!enough.signal.aborted) await this.#look();
      }
    };
    // Never rejects: what fails is told to who ends a watch.
    void look();
    return enough;
  }

  async #look(): Promise<void> {
    const going = [...this.#watched].filter(isGoing);
    if (going.length === 0) return;
    try {
      const bytes = await this.#bytesOf(going.map(({ id }) => id));
      going.forEach((one, index) => one.bytes = bytes[index] ?? Infinity);
    } catch (error) {
      for (const one of going) one.failure = { error };
    }
    for (const one of going) {
      if (one.bytes > this.#limits.ofOne) one.excess = "of one";
    }
    const left = going.filter(isGoing).sort((a, b) => b.bytes - a.bytes);
    const sum = left.reduce((bytes, one) => bytes + one.bytes, 0);
    const [largest] = left;
    if (largest !== undefined && sum > this.#limits.ofAll) largest.excess = "of all";
    for (const one of going) {
      if (!isGoing(one)) one.stop();
    }
  }
}

/** Whether nothing speaks against a program, as far as was looked. */
function isGoing({ excess, failure }: Watched): boolean {
  return excess === undefined && failure === undefined;
}
