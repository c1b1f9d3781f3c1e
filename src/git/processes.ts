import { GIT_BUDGETS, Semaphore } from "#base";
import type { GitCall } from "./call.ts";
import { OwnPrograms, type Programs } from "./program.ts";

/** How many commands that talk to nobody go on at the same time: they do nothing but use processors. */
export interface ProcessLimits {
  readonly local: number;
  readonly localOfShare: number;
}

/** A command that may run. Dispose it when it has ended. */
export interface BegunCommand extends Disposable {
  /** How much it lets others go first: 0 is as any other program, 19 the most. */
  readonly niceness: number;
  /** Who starts it, and keeps within bounds what all take together. */
  readonly programs: Programs;
}

/** Of a share's only command: the program itself, which answers probes, goes first. */
const NICENESS = 5;
/** Of a share's further commands: those of others go first. */
const NICENESS_OF_MORE = 15;

/**
 * The limits for so many processors.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { processLimits } from "./processes.ts";
 * assertEquals(processLimits(2), { local: 4, localOfShare: 2 });
 * assertEquals(processLimits(64), { local: 8, localOfShare: 4 });
 * ```
 */
export function processLimits(processors: number): ProcessLimits {
  const localOfShare = Math.min(GIT_BUDGETS.commandsOfShare, Math.max(1, processors));
  return { local: Math.min(GIT_BUDGETS.commands, 2 * localOfShare), localOfShare };
}

/**
 * Who uses the processors with git: each share as many at a time as there are processors, so that whatever one follows,
 * another one's command waits for its own and for few.
 *
 * # Guarantees
 * - One share never has all places. Of those who wait, the share goes first that has the fewest.
 * - Within a share who began first goes first: what is begun ends, however many begin.
 */
export class GitProcesses {
  readonly #local: Semaphore;
  readonly #programs: Programs;
  /** Commands of each share that run. */
  readonly #running = new Map<string, number>();
  /** In which order those came who wait: a pass has one signal. */
  readonly #orders = new WeakMap<AbortSignal, number>();
  #serial = 0;

  constructor(
    limits: ProcessLimits = processLimits(navigator.hardwareConcurrency),
    programs: Programs = new OwnPrograms(),
  ) {
    this.#programs = programs;
    this.#local = new Semaphore(limits.local, { shareMax: limits.localOfShare });
  }

  /** Waits until a command may run that talks to nobody. @throws the signal's reason when it aborts first */
  async local({ share = "", signal = NEVER }: GitCall): Promise<BegunCommand> {
    const permit = await this.#local.acquire(signal, share, this.order(signal));
    const begun = this.remote({ share });
    return {
      ...begun,
      [Symbol.dispose]: () => {
        begun[Symbol.dispose]();
        permit[Symbol.dispose]();
      },
    };
  }

  /** That a command begins which talks to a remote: it has its place in the lanes. */
  remote({ share = "" }: GitCall): BegunCommand {
    const others = this.#running.get(share) ?? 0;
    this.#running.set(share, others + 1);
    return {
      niceness: others === 0 ? NICENESS : NICENESS_OF_MORE,
      programs: this.#programs,
      [Symbol.dispose]: () => {
        const left = (this.#running.get(share) ?? 0) - 1;
        if (left > 0) this.#running.set(share, left);
        else this.#running.delete(share);
      },
    };
  }

  /** Who came first has the smaller number; all that one caller asks for has the same. */
  order(signal: AbortSignal = NEVER): number {
    if (signal === NEVER) return ++this.#serial;
    const known = this.#orders.get(signal) ?? ++this.#serial;
    this.#orders.set(signal, known);
    return known;
  }
}

/** For who never gives up. */
const NEVER = new AbortController().signal;
