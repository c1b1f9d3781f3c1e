import { type Clock, GIT_BUDGETS, systemClock, unlessAborted } from "#base";

/** How an answer is to be had. */
export interface LookCall {
  /** How long ago the question may have been asked; 0, which shares nothing, when left out. */
  readonly maxAgeMs?: number;
  readonly signal?: AbortSignal;
  /** Asks the remote; its signal aborts when nobody waits for the answer anymore. */
  look(signal: AbortSignal): Promise<Uint8Array>;
}

interface Look {
  readonly startMs: number;
  readonly answer: Promise<Uint8Array>;
  readonly controller: AbortController;
  waiting: number;
  isDone: boolean;
  /** Of the answer, once it is here. */
  bytes: number;
}

/** No caller wants an answer that is older. */
const KEPT_MS = 60_000;

/**
 * Questions to remotes, of which many callers share one answer: a hundred syncs of one repository ask once.
 *
 * # Guarantees
 * An answer is not older than its caller allows. Failures are told to those who wait for them and not kept. What is kept
 * together has its budget: the oldest answers go first. A caller that gives up does not disturb the others; when all have,
 * the question itself is given up, and has ended when the last of them is told.
 */
export class SharedLooks {
  readonly #looks = new Map<string, Look>();
  readonly #clock: Pick<Clock, "monotonicMs">;

  constructor(clock: Pick<Clock, "monotonicMs"> = systemClock) {
    this.#clock = clock;
  }

  /** The answer to a question, which the key names completely: the remote, who asks, and what. */
  async ask(key: string, call: LookCall): Promise<Uint8Array> {
    call.signal?.throwIfAborted();
    const nowMs = this.#clock.monotonicMs();
    this.#forgetOld(nowMs);
    const known = this.#looks.get(key);
    const isUsable = known !== undefined && nowMs - known.startMs < (call.maxAgeMs ?? 0);
    return await joined(isUsable ? known : this.#start(key, call), call.signal);
  }

  #forgetOld(nowMs: number): void {
    for (const [key, look] of this.#looks) {
      if (nowMs - look.startMs > KEPT_MS) this.#looks.delete(key);
    }
  }

  /** Remotes name as many refs as they like. */
  #bound(): void {
    let bytes = [...this.#looks.values()].reduce((sum, look) => sum + look.bytes, 0);
    for (const [key, look] of this.#looks) {
      if (bytes <= GIT_BUDGETS.refsKeptBytes) return;
      if (look.isDone) this.#looks.delete(key);
      bytes -= look.bytes;
    }
  }

  #start(key: string, call: LookCall): Look {
    const controller = new AbortController();
    const startMs = this.#clock.monotonicMs();
    const look: Look = {
      startMs,
      controller,
      answer: call.look(controller.signal).then(
        (answer) => {
          look.isDone = true;
          look.bytes = answer.length;
          this.#bound();
          return answer;
        },
        (error) => {
          look.isDone = true;
          if (this.#looks.get(key) === look) this.#looks.delete(key);
          throw error;
        },
      ),
      waiting: 0,
      isDone: false,
      bytes: 0,
    };
    // The last one asked stands last.
    this.#looks.delete(key);
    this.#looks.set(key, look);
    return look;
  }
}

async function joined(look: Look, signal: AbortSignal | undefined): Promise<Uint8Array> {
  look.waiting++;
  try {
    return await unlessAborted(look.answer, signal);
  } finally {
    look.waiting--;
    if (look.waiting === 0 && !look.isDone) {
      look.controller.abort(signal?.reason);
      // How it ended is of no interest to anybody anymore, only that it did.
      await Promise.allSettled([look.answer]);
    }
  }
}
