/** How an answer is to be had. */
export interface LookCall {
  /** An answer from before this call will not do: somebody says that there is something new. */
  readonly isFresh?: boolean;
  readonly signal?: AbortSignal;
  /** Asks the remote; its signal aborts when nobody waits for the answer anymore. */
  look(signal: AbortSignal): Promise<string>;
}

interface Look {
  readonly startMs: number;
  readonly answer: Promise<string>;
  readonly controller: AbortController;
  waiting: number;
  isDone: boolean;
}

/**
 * Questions to remotes, of which many callers share one answer: a hundred syncs of one repository ask once.
 *
 * # Guarantees
 * An answer is not older than the window (milliseconds; 0 shares nothing). Failures are told to those who wait for them and not
 * kept. A caller that gives up does not disturb the others; when all have, the question itself is given up, and has
 * ended when the last of them is told.
 */
export class SharedLooks {
  readonly #windowMs: number;
  readonly #looks = new Map<string, Look>();

  constructor(options: { readonly windowMs: number }) {
    this.#windowMs = options.windowMs;
  }

  /** The answer to a question, which the key names completely: the remote, who asks, and what. */
  async ask(key: string, call: LookCall): Promise<string> {
    call.signal?.throwIfAborted();
    this.#forgetOld();
    const known = call.isFresh === true ? undefined : this.#looks.get(key);
    const look = known ?? this.#start(key, call);
    return await joined(look, call.signal);
  }

  #forgetOld(): void {
    const oldestMs = performance.now() - this.#windowMs;
    for (const [key, look] of this.#looks) {
      if (look.startMs <= oldestMs) this.#looks.delete(key);
    }
  }

  #start(key: string, call: LookCall): Look {
    const controller = new AbortController();
    const startMs = performance.now();
    const look: Look = {
      startMs,
      controller,
      answer: call.look(controller.signal).then(
        (text) => {
          look.isDone = true;
          return text;
        },
        (error) => {
          look.isDone = true;
          if (this.#looks.get(key) === look) this.#looks.delete(key);
          throw error;
        },
      ),
      waiting: 0,
      isDone: false,
    };
    this.#looks.set(key, look);
    return look;
  }
}

async function joined(look: Look, signal: AbortSignal | undefined): Promise<string> {
  look.waiting++;
  const gaveUp = Promise.withResolvers<never>();
  const stop = () => gaveUp.reject(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([look.answer, gaveUp.promise]);
  } finally {
    signal?.removeEventListener("abort", stop);
    look.waiting--;
    if (look.waiting === 0 && !look.isDone) {
      look.controller.abort(signal?.reason);
      // How it ended is of no interest to anybody anymore, only that it did.
      await Promise.allSettled([look.answer]);
    }
  }
}
