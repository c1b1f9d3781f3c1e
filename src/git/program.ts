import { joinedBytes, StreamPieces, systemClock } from "#base";
import { setPriority } from "node:os";
import { GitMemory, type MemoryExcess } from "./memory.ts";
import { ProcessShell } from "./process_shell.ts";

/** A program that is to run, in values that another thread can be told. */
export interface ProgramCall {
  readonly program: "git" | "gpg";
  readonly args: readonly string[];
  readonly directory: string;
  /** All of the environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  readonly outputBytesMax: number;
  /** How much it lets others go first: 0 is as any other program, 19 the most; as this program when left out. */
  readonly niceness?: number;
}

/** How a program ended, and what it wrote. */
export interface ProgramEnd {
  readonly isSuccess: boolean;
  /** Undefined where it was more than allowed, for which the program was ended. */
  readonly stdout: Uint8Array<ArrayBuffer> | undefined;
  /** The end of standard error. */
  readonly stderr: string;
  /** For what it was ended. */
  readonly excess: MemoryExcess | undefined;
}

/** Who starts programs. */
export interface Programs {
  /**
   * Runs a program to its end; when the signal aborts, it and what it started are killed and the end is told as any other.
   *
   * @throws the signal's reason when it aborts before
   * @throws {MissingProgramError} when it is not installed
   */
  run(call: ProgramCall, signal: AbortSignal): Promise<ProgramEnd>;
}

/** A program that is not installed. */
export class MissingProgramError extends Error {
  override readonly name = "MissingProgramError";

  constructor(program: string) {
    super(`the program ${program} is not installed`);
  }
}

const STDERR_BYTES_MAX = 64 * 1024;

/**
 * Starts programs from the thread that it is used in.
 *
 * # Guarantees
 * Bounded output, and bounded memory of each program and of all that one of these started.
 *
 * # Caveats
 * To start a program holds the thread until the new one had a processor: see {@linkcode ThreadedPrograms}.
 */
export class OwnPrograms implements Programs {
  readonly #shell = new ProcessShell();
  readonly #memory = new GitMemory((ids) => this.#shell.bytesOf(ids));
  #running = 0;

  async run(call: ProgramCall, signal: AbortSignal): Promise<ProgramEnd> {
    // To start a program holds this thread until the new one had a processor: of many, one is started in each turn.
    await systemClock.sleep(0);
    signal.throwIfAborted();
    const child = spawned(call);
    this.#running++;
    let killing: Promise<void> | undefined;
    const stop = () => void (killing ??= this.#kill(child));
    signal.addEventListener("abort", stop, { once: true });
    using memory = this.#memory.watch(child.pid, stop);
    try {
      lowerPriority(child, call.niceness);
      const input = writeInput(child, call.stdin);
      const [stdout, stderr, { success }] = await Promise.all([
        readBounded(child.stdout, { bytesMax: call.outputBytesMax, stop }),
        readTail(child.stderr),
        child.status,
      ]);
      await input;
      return { isSuccess: success, stdout, stderr, excess: memory.end() };
    } catch (error) {
      // Nobody waits for it any longer.
      stop();
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
      await killing;
      this.#running--;
      if (this.#running === 0) await this.#shell.close();
    }
  }

  /** Kills git and the transport that it started. */
  async #kill(child: Deno.ChildProcess): Promise<void> {
    try {
      await this.#shell.end(child.pid);
    } finally {
      killChild(child);
    }
  }
}

function spawned({ args, directory, env, program, stdin }: ProgramCall): Deno.ChildProcess {
  try {
    return new Deno.Command(program, {
      args: [...args],
      cwd: directory,
      clearEnv: true,
      env: { ...env },
      stdin: stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      // Not `detached`: for that this program is forked, which takes ten milliseconds for 400 MB of memory.
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new MissingProgramError(program);
    throw error;
  }
}

/**
 * Has a program, and what it will start, let others go first: a hundred of them must not keep this one from its turns.
 * Where that is not allowed, they all take turns as equals.
 */
function lowerPriority({ pid }: Deno.ChildProcess, niceness: number | undefined): void {
  if (niceness === undefined) return;
  try {
    setPriority(pid, niceness);
  } catch (error) {
    // ESRCH: it has ended already.
    const { code } = (error as { readonly info?: { readonly code?: string } }).info ?? {};
    const isHarmless = code === "ESRCH" || code === "EPERM" || code === "EACCES";
    if (!isHarmless && !(error instanceof Deno.errors.NotCapable)) throw error;
  }
}

/** For a shell that did not: where there is no `/proc`, or none can be started. */
function killChild(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // Deno says so of a child that has ended.
    if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function writeInput(child: Deno.ChildProcess, input: ProgramCall["stdin"]): Promise<void> {
  if (input === undefined) return;
  const writer = child.stdin.getWriter();
  try {
    await writer.write(typeof input === "string" ? new TextEncoder().encode(input) : input);
    await writer.close();
  } catch (error) {
    // The program ended before it read everything: its exit code tells why.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** The whole stream, or undefined (and `stop` called) when it is longer than allowed. */
async function readBounded(
  stream: ReadableStream<Uint8Array>,
  limit: { readonly bytesMax: number; readonly stop: () => void },
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const piece of piecesOf(stream)) {
    length += piece.length;
    if (length > limit.bytesMax) {
      limit.stop();
      chunks.length = 0;
    } else {
      chunks.push(piece.slice());
    }
  }
  return length > limit.bytesMax ? undefined : joinedBytes(chunks);
}

/** The end of a stream as text: the reason of a failure comes last. */
async function readTail(stream: ReadableStream<Uint8Array>): Promise<string> {
  let tail = new Uint8Array(0);
  for await (const piece of piecesOf(stream)) {
    const both = joinedBytes([tail, piece]);
    tail = both.slice(Math.max(0, both.length - STDERR_BYTES_MAX));
  }
  return new TextDecoder().decode(tail);
}

async function* piecesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces = new StreamPieces(stream);
  try {
    while (true) {
      const piece = await pieces.next();
      if (piece === undefined) return;
      yield piece;
    }
  } finally {
    // For who leaves early: what nobody reads must not keep the program from its end.
    await pieces.cancel();
  }
}
