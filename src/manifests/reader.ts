import {
  type Clock,
  type Deadline,
  deadline,
  MANIFEST_BUDGETS,
  Semaphore,
  systemClock,
} from "#base";
import type { Manifest, ManifestFile, ManifestProblem } from "./manifest.ts";
import { manifestsWith, type ReadingCall, type ReadInputs, type ReadManifests } from "./read.ts";
import type { ReadingAnswer, ReadingRequest } from "./reading_worker.ts";
import { filePortions, manifestMaker, STATE } from "./wire.ts";
import { READING_WORKER } from "./worker_url.ts";

/** Reading took too long, and was ended. */
export class ReadingEndedError extends Error {
  override readonly name = "ReadingEndedError";
  /** Where it was. */
  readonly problem: ManifestProblem;

  constructor(file: string) {
    const seconds = MANIFEST_BUDGETS.readingMs / 1000;
    const message =
      `reading the revision took more than ${seconds} s and was ended in this file; ` +
      "make it smaller, or give parts of the folder to MeshSyncs of their own";
    super(`Cannot read ${file}: ${message}`);
    this.problem = { file, line: 0, message };
  }
}

/** What a {@linkcode ManifestReader} needs. */
export interface ReaderOptions {
  readonly clock: Clock;
  /** The module of the worker; the program's own when left out. */
  readonly worker?: string;
  /** For tests: other limits than those of `MANIFEST_BUDGETS`. */
  readonly limits?: Partial<ReaderLimits>;
}

/** See `MANIFEST_BUDGETS`. */
export interface ReaderLimits {
  readonly readingMs: number;
  readonly readingIdleMs: number;
  readonly readingEndMs: number;
  readonly readingInPlaceBytes: number;
}

/** The thread turns texts into objects: for that it needs no file, no network and no environment. */
export const READING_OPTIONS = {
  type: "module",
  name: "reading",
  deno: { permissions: "none" },
} as WorkerOptions;

/** Threads at the same time: one share leaves one for others, and each takes memory. */
const THREADS_MAX = 2;
/** Contents whose reading was ended that are remembered. */
const REMEMBERED_MAX = 1_000;
/** Threads that do not end: with so many nothing is read any more. */
const LOST_MAX = 2;
const AGAIN_FIRST_MS = 600_000;
const AGAIN_MAX_MS = 24 * 3_600_000;
/** For who never gives up. */
const NEVER = new AbortController().signal;

/**
 * Turns files into objects in threads of their own, a revision at a time in each: whatever is in them, the rest of the program
 * goes on. What is so small that it cannot take long is read where one is.
 *
 * # Guarantees
 * - Reading ends after {@linkcode MANIFEST_BUDGETS}.readingMs. The same content is not tried again for ten minutes, and for
 *   longer each time.
 * - Namespaces take turns, and one never has all threads: what another one reads waits for none that takes long.
 * - A thread may do nothing: no file, no network, no environment. It ends when nobody needs it for a while.
 *
 * # Caveats
 * Deno does not stop a thread that is in the middle of a computation. The thread looks between two documents whether it
 * is to end; one that does not look is given up, and too many of those are a problem that only a restart ends.
 */
export class ManifestReader implements Disposable {
  readonly #clock: Clock;
  readonly #limits: ReaderLimits;
  readonly #module: string;
  readonly #turns = new Semaphore(THREADS_MAX, { shareMax: THREADS_MAX - 1 });
  readonly #ended = new Map<string, { readonly file: string; failures: number; untilMs: number }>();
  readonly #workers = new Set<ReadingWorker>();
  /** Threads without anything to do, the last one last, and when each ends. */
  readonly #resting = new Map<ReadingWorker, Deadline>();
  #lost = 0;

  constructor({ clock, limits, worker = READING_WORKER }: ReaderOptions) {
    this.#clock = clock;
    this.#limits = { ...MANIFEST_BUDGETS, ...limits };
    this.#module = worker;
  }

  /** Whether a thread runs. */
  get isRunning(): boolean {
    return this.#workers.size > 0;
  }

  /** That nothing can be read any more, for the liveness check. */
  problem(): string | undefined {
    if (this.#lost < LOST_MAX) return undefined;
    return `${this.#lost} threads that read manifests do not end`;
  }

  /**
   * Reads files with the variables and keys that were found for a MeshSync.
   *
   * @throws {ReadingEndedError} when it takes too long
   */
  async read(
    inputs: ReadInputs,
    files: readonly ManifestFile[],
    call: ReadingCall = {},
  ): Promise<ReadManifests> {
    const { key, share = "", signal = NEVER } = call;
    const before = key === undefined ? undefined : this.#ended.get(key);
    if (before !== undefined && before.untilMs > this.#clock.monotonicMs()) {
      throw new ReadingEndedError(before.file);
    }
    if (this.#isSmall(inputs, files)) {
      // Small ones of many come one in each turn.
      await systemClock.sleep(0);
      return await manifestsWith(inputs, files);
    }
    using _turn = await this.#turns.acquire(signal, share);
    try {
      const read = await this.#readInWorker(inputs, files, signal);
      if (key !== undefined) this.#ended.delete(key);
      return read;
    } catch (error) {
      if (key !== undefined && error instanceof ReadingEndedError) this.#remember(key, error);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const rest of this.#resting.values()) rest[Symbol.dispose]();
    for (const worker of this.#workers) this.#drop(worker);
  }

  #isSmall({ identities, variables }: ReadInputs, files: readonly ManifestFile[]): boolean {
    if (identities !== undefined) return false;
    const values = [...variables?.values() ?? []].map(({ value }) => value);
    const texts = [...files.map(({ text }) => text), ...values];
    const length = texts.reduce((sum, text) => sum + text.length, 0);
    return length <= this.#limits.readingInPlaceBytes;
  }

  async #readInWorker(
    inputs: ReadInputs,
    files: readonly ManifestFile[],
    signal: AbortSignal,
  ): Promise<ReadManifests> {
    const problem = this.problem();
    if (problem !== undefined) throw new Error(`Cannot read manifests: ${problem}`);
    const sorted = [...files].sort((a, b) => a.path < b.path ? -1 : 1);
    const worker = this.#awake();
    using limit = deadline(this.#limits.readingMs, { clock: this.#clock, signal });
    const answer = worker.ask(sorted, inputs);
    const stopped = Promise.withResolvers<"stopped">();
    const stop = () => stopped.resolve("stopped");
    limit.signal.addEventListener("abort", stop, { once: true });
    try {
      if (limit.signal.aborted) stop();
      const read = await Promise.race([answer, stopped.promise]);
      if (read !== "stopped") return read;
      const file = await this.#stop(worker, answer);
      signal.throwIfAborted();
      throw new ReadingEndedError(file);
    } catch (error) {
      // What it was asked it does not answer any more: it is of no use for the next question.
      if (worker.isBroken) this.#drop(worker);
      throw error;
    } finally {
      limit.signal.removeEventListener("abort", stop);
      if (this.#workers.has(worker)) this.#rest(worker);
    }
  }

  #awake(): ReadingWorker {
    const [worker, rest] = [...this.#resting].at(-1) ?? [];
    rest?.[Symbol.dispose]();
    if (worker !== undefined) this.#resting.delete(worker);
    const awake = worker ?? new ReadingWorker(this.#module);
    this.#workers.add(awake);
    return awake;
  }

  /** A thread takes memory: it ends when nobody asks it for a while. */
  #rest(worker: ReadingWorker): void {
    const rest = deadline(this.#limits.readingIdleMs, { clock: this.#clock });
    rest.signal.addEventListener("abort", () => this.#drop(worker));
    this.#resting.set(worker, rest);
  }

  /** Has a worker end what it does, or gives it up. @returns the file that it was reading */
  async #stop(worker: ReadingWorker, answer: Promise<unknown>): Promise<string> {
    worker.stop();
    using limit = deadline(this.#limits.readingEndMs, { clock: this.#clock });
    const late = Promise.withResolvers<"late">();
    limit.signal.addEventListener("abort", () => late.resolve("late"), { once: true });
    const ended = answer.then(() => "ended", () => "ended");
    if (await Promise.race([ended, late.promise]) === "late") {
      this.#lost++;
      this.#drop(worker);
    }
    return worker.file;
  }

  #drop(worker: ReadingWorker): void {
    worker.end();
    this.#workers.delete(worker);
    this.#resting.delete(worker);
  }

  #remember(key: string, { problem: { file } }: ReadingEndedError): void {
    const failures = (this.#ended.get(key)?.failures ?? 0) + 1;
    const waitMs = Math.min(AGAIN_MAX_MS, AGAIN_FIRST_MS * 2 ** (failures - 1));
    this.#ended.delete(key);
    this.#ended.set(key, { file, failures, untilMs: this.#clock.monotonicMs() + waitMs });
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > REMEMBERED_MAX && oldest !== undefined) this.#ended.delete(oldest);
  }
}

/** Reads files once, as {@linkcode ManifestReader} does: that it takes too long is a problem of the files. */
export async function manifestsOnce(
  inputs: ReadInputs,
  files: readonly ManifestFile[],
): Promise<ReadManifests> {
  using reader = new ManifestReader({ clock: systemClock });
  try {
    return await reader.read(inputs, files);
  } catch (error) {
    if (!(error instanceof ReadingEndedError)) throw error;
    return { documents: [], problems: [error.problem], warnings: [] };
  }
}

/** The program's side of one thread. */
class ReadingWorker {
  readonly #worker: Worker;
  readonly #state = new Int32Array(new SharedArrayBuffer(STATE.bytes));
  #files: readonly ManifestFile[] = [];
  /** Whether it cannot answer any more. */
  isBroken = false;

  constructor(module: string) {
    this.#worker = new Worker(module, READING_OPTIONS);
  }

  /** Where it is. */
  get file(): string {
    return this.#files[Atomics.load(this.#state, STATE.file)]?.path ?? "";
  }

  stop(): void {
    Atomics.store(this.#state, STATE.stop, 1);
  }

  end(): void {
    this.#worker.terminate();
  }

  async ask(files: readonly ManifestFile[], inputs: ReadInputs): Promise<ReadManifests> {
    const { promise, reject, resolve } = Promise.withResolvers<ReadManifests>();
    this.#files = files;
    Atomics.store(this.#state, STATE.stop, 0);
    Atomics.store(this.#state, STATE.file, 0);
    const secrets: (readonly string[])[] = [];
    const made = manifestMaker(files, (index) => secrets[index] ?? []);
    const documents: Manifest[] = [];
    const failed = (message: string) => {
      this.isBroken = true;
      reject(new Error(`Cannot read manifests: ${message}`));
    };
    this.#worker.onmessage = ({ data }: MessageEvent<ReadingAnswer>) => {
      if (data.tag === "secrets") secrets.push(data.values);
      else if (data.tag === "manifests") documents.push(...data.manifests.map(made));
      else if (data.tag === "done") {
        const { nodes, problems, warnings } = data;
        resolve({ documents, problems, warnings, nodes });
      } else if (data.tag === "ended") reject(new Error("Cannot read manifests: it was ended"));
      else failed(data.message);
    };
    this.#worker.onerror = (event) => {
      // Otherwise the error would end the program.
      event.preventDefault();
      failed(`the thread ended: ${event.message}`);
    };
    this.#worker.onmessageerror = () => failed("an answer cannot be understood");
    const [read] = await Promise.all([promise, this.#send(files, inputs)]);
    return read;
  }

  async #send(
    files: readonly ManifestFile[],
    { identities, variables }: ReadInputs,
  ): Promise<void> {
    for (const portion of filePortions(files)) {
      this.#post({ tag: "files", files: portion });
      await systemClock.sleep(0);
    }
    const inputs: ReadInputs = {
      ...(variables === undefined ? {} : { variables }),
      ...(identities === undefined ? {} : { identities }),
    };
    this.#post({ tag: "read", inputs, state: this.#state.buffer as SharedArrayBuffer });
  }

  #post(request: ReadingRequest): void {
    this.#worker.postMessage(request);
  }
}
