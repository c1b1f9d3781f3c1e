import { type Clock, type Deadline, deadline, GIT_BUDGETS } from "#base";
import {
  MissingProgramError,
  type ProgramCall,
  type ProgramEnd,
  type Programs,
} from "./program.ts";
import type { ProgramAnswer, ProgramRequest } from "./programs_worker.ts";
import { PROGRAMS_WORKER } from "./worker_url.ts";

/** What a {@linkcode ThreadedPrograms} needs. */
export interface ThreadedProgramsOptions {
  readonly clock: Clock;
  /** The module of the thread; the program's own when left out. */
  readonly worker?: string;
}

/** The thread starts git, looks at its memory and lets others go first: it calls nobody and writes nothing. */
const OPTIONS = {
  type: "module",
  name: "git",
  deno: {
    permissions: { read: "inherit", run: "inherit", sys: "inherit", net: false, write: false },
  },
} as WorkerOptions;

interface Running {
  readonly program: string;
  readonly ending: PromiseWithResolvers<ProgramEnd>;
}

/**
 * Starts programs from a thread of its own: whoever starts one waits until it had a processor, and of a hundred
 * repositories' programs that is long. The thread ends when nobody needs it for a while.
 */
export class ThreadedPrograms implements Programs, AsyncDisposable {
  readonly #clock: Clock;
  readonly #module: string;
  readonly #running = new Map<number, Running>();
  #thread: Worker | undefined;
  #serial = 0;
  /** When the thread ends that nobody needs. */
  #rest: Deadline | undefined;

  constructor({ clock, worker = PROGRAMS_WORKER }: ThreadedProgramsOptions) {
    this.#clock = clock;
    this.#module = worker;
  }

  /** Whether the thread is there. */
  get isAwake(): boolean {
    return this.#thread !== undefined;
  }

  async run(call: ProgramCall, signal: AbortSignal): Promise<ProgramEnd> {
    signal.throwIfAborted();
    const id = this.#serial++;
    const thread = this.#awake();
    const ending = Promise.withResolvers<ProgramEnd>();
    this.#running.set(id, { program: call.program, ending });
    const stop = () => ask(thread, { tag: "stop", id });
    signal.addEventListener("abort", stop, { once: true });
    try {
      ask(thread, { tag: "run", id, call });
      return await ending.promise;
    } catch (error) {
      // Given up before the thread came to start it.
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#running.delete(id);
      if (this.#running.size === 0) this.#endLater();
    }
  }

  /** Ends the thread, and before it what still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ends = [...this.#running].map(([id, { ending }]) => {
      if (this.#thread !== undefined) ask(this.#thread, { tag: "stop", id });
      return ending.promise;
    });
    // How each ended is told to who started it.
    await Promise.allSettled(ends);
    this.#rest?.[Symbol.dispose]();
    this.#end();
  }

  #awake(): Worker {
    this.#rest?.[Symbol.dispose]();
    this.#thread ??= this.#started();
    return this.#thread;
  }

  #started(): Worker {
    const thread = new Worker(this.#module, OPTIONS);
    thread.onmessage = ({ data }: MessageEvent<ProgramAnswer>) => {
      const { ending, program = "" } = this.#running.get(data.id) ?? {};
      if (data.tag === "ended") ending?.resolve(data.end);
      else if (data.tag === "missing") ending?.reject(new MissingProgramError(program));
      else ending?.reject(new Error(data.message));
    };
    thread.onerror = (event) => {
      // Otherwise the error would end the program.
      event.preventDefault();
      this.#fail(`the thread that starts programs ended: ${event.message}`);
    };
    thread.onmessageerror = () => this.#fail("an answer cannot be understood");
    return thread;
  }

  /** Nobody gets an answer of this thread any more; the next program gets another one. */
  #fail(message: string): void {
    this.#end();
    for (const { ending } of this.#running.values()) ending.reject(new Error(message));
  }

  #endLater(): void {
    this.#rest?.[Symbol.dispose]();
    this.#rest = deadline(GIT_BUDGETS.threadIdleMs, { clock: this.#clock });
    this.#rest.signal.addEventListener("abort", () => this.#end());
  }

  #end(): void {
    this.#thread?.terminate();
    this.#thread = undefined;
  }
}

function ask(thread: Worker, request: ProgramRequest): void {
  thread.postMessage(request);
}
