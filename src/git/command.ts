import { type Clock, deadline, GIT_BUDGETS, isAbort, joinedBytes, systemClock } from "#base";
import { setPriority } from "node:os";
import { GitError, gitErrorFrom } from "./git_error.ts";
import { GitMemory, type MemoryExcess } from "./memory.ts";
import type { BegunCommand } from "./processes.ts";
import { isGone, startedBy } from "./started.ts";

/** One run of the `git` program, or of one that it works with. */
export interface GitCommand {
  /** `git` when left out. */
  readonly program?: "git" | "gpg";
  readonly args: readonly string[];
  /** What is tried, for messages: `Cannot fetch https://host/path`. */
  readonly action: string;
  /** Where it runs: a folder that is no repository. */
  readonly directory: string;
  /** All of the environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Configuration, which reaches Git through the environment so that no process list shows it. */
  readonly config: readonly (readonly [string, string])[];
  /** Texts that must not appear in messages. */
  readonly secrets?: readonly string[];
  readonly stdin?: string | Uint8Array;
  readonly timeoutMs: number;
  readonly outputBytesMax: number;
  readonly signal?: AbortSignal;
  readonly clock?: Pick<Clock, "sleep">;
  /** Waits until it may begin; at once when left out. */
  readonly begin?: () => Promise<BegunCommand>;
  /** The address that is asked; absent for a command that talks to nobody. */
  readonly url?: string;
}

const MIB = 1024 * 1024;
const STDERR_BYTES_MAX = 64 * 1024;

/** How a program ended, and what it wrote. */
export interface GitOutcome {
  readonly isSuccess: boolean;
  readonly stdout: Uint8Array;
  /** The end of standard error. */
  readonly stderr: string;
}

/**
 * Runs `git` without a shell and answers what it wrote on standard output.
 *
 * # Guarantees
 * Bounded time, output and memory; on a timeout, too much of one or an abort the program and what it started are killed.
 *
 * @throws {GitError} when it fails, takes too long or writes too much
 */
export async function runGit(command: GitCommand): Promise<Uint8Array> {
  const { isSuccess, stderr, stdout } = await gitOutcome(command);
  if (!isSuccess) throw gitErrorFrom({ ...command, stderr });
  return stdout;
}

/**
 * The same, for a program that says with its exit code what it found out.
 *
 * @throws {GitError} when it takes too long or writes too much
 */
export async function gitOutcome(command: GitCommand): Promise<GitOutcome> {
  command.signal?.throwIfAborted();
  using begun = await command.begin?.();
  // To start a program holds this thread until the new one had a processor: of many, one is started in each turn.
  await systemClock.sleep(0);
  command.signal?.throwIfAborted();
  using limit = deadline(command.timeoutMs, {
    clock: command.clock ?? systemClock,
    signal: command.signal,
  });
  const child = spawnGit(command);
  lowerPriority(child, begun?.niceness);
  const stop = () => killAll(child);
  limit.signal.addEventListener("abort", stop, { once: true });
  using memory = (begun?.memory ?? new GitMemory()).watch(child.pid, stop);
  try {
    const input = writeInput(child, command.stdin);
    const [stdout, stderr, status] = await Promise.all([
      readBounded(child.stdout, { bytesMax: command.outputBytesMax, stop }),
      readTail(child.stderr),
      child.status,
    ]);
    await input;
    const excess = await memory.end();
    command.signal?.throwIfAborted();
    if (limit.isExpired) {
      throw new GitError(
        "timeout",
        `${command.action}: no answer in ${command.timeoutMs / 1000} s`,
      );
    }
    if (excess !== undefined) throw memoryError(command, excess);
    if (stdout === undefined) {
      throw tooLarge(command, `${Math.round(command.outputBytesMax / 1024)} KiB of output`);
    }
    return { isSuccess: status.success, stdout, stderr };
  } finally {
    limit.signal.removeEventListener("abort", stop);
  }
}

/** Who took most of what is for all may find enough the next time. */
function memoryError(command: GitCommand, excess: MemoryExcess): GitError {
  const { commandMemoryBytes, commandsMemoryBytes } = GIT_BUDGETS;
  if (excess === "of one") return tooLarge(command, `${commandMemoryBytes / MIB} MiB of memory`);
  const most = `all git programs take more than ${commandsMemoryBytes / MIB} MiB of memory`;
  return new GitError("failed", `${command.action}: ${most}, and it took most of it`);
}

function tooLarge({ action }: GitCommand, what: string): GitError {
  return new GitError("too_large", `${action}: it takes more than ${what}`);
}

function spawnGit(command: GitCommand): Deno.ChildProcess {
  const program = command.program ?? "git";
  try {
    return new Deno.Command(program, {
      args: [...command.args],
      cwd: command.directory,
      clearEnv: true,
      env: { ...command.env, ...configEnv(command.config) },
      stdin: command.stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      // Not `detached`: for that this program is forked, which takes ten milliseconds of its main thread for 400 MB of
      // memory, and that thread waits until the new one had a processor. Without, it takes less than one.
    }).spawn();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new GitError("failed", `${command.action}: the program ${program} is not installed`, {
        cause,
      });
    }
    throw cause;
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

function configEnv(config: readonly (readonly [string, string])[]): Record<string, string> {
  const entries = config.flatMap(([name, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, name],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(config.length), ...Object.fromEntries(entries) };
}

/**
 * Kills git and the transport that it started. To kill another program than its own child takes the whole `run` permission;
 * where only `git` may be run, its transport ends by `http.lowSpeedTime` or ssh's keep-alive (see environment.ts).
 */
function killAll(child: Deno.ChildProcess): void {
  const started = startedBy(child.pid);
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // Deno says so of a child that has ended.
    if (!(error instanceof TypeError) && !isGone(error)) throw error;
  }
  for (const id of started) {
    try {
      Deno.kill(id, "SIGKILL");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotCapable) && !isGone(error)) throw error;
    }
  }
}

async function writeInput(
  child: Deno.ChildProcess,
  input: GitCommand["stdin"],
): Promise<void> {
  if (input === undefined) return;
  const writer = child.stdin.getWriter();
  try {
    await writer.write(typeof input === "string" ? new TextEncoder().encode(input) : input);
    await writer.close();
  } catch (error) {
    // Git ended before it read everything: its exit code tells why.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** The whole stream, or undefined (and `stop` called) when it is longer than allowed. */
async function readBounded(
  stream: ReadableStream<Uint8Array>,
  limit: { readonly bytesMax: number; readonly stop: () => void },
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > limit.bytesMax) {
      limit.stop();
      chunks.length = 0;
    } else {
      chunks.push(chunk);
    }
  }
  return length > limit.bytesMax ? undefined : joinedBytes(chunks);
}

/** The end of a stream as text: the reason of a failure comes last. */
async function readTail(stream: ReadableStream<Uint8Array>): Promise<string> {
  let tail = new Uint8Array(0);
  for await (const chunk of stream) {
    const both = joinedBytes([tail, chunk]);
    tail = both.slice(Math.max(0, both.length - STDERR_BYTES_MAX));
  }
  return new TextDecoder().decode(tail);
}

/** Whether a failure only says that the caller gave up. */
export function isGitAbort(error: unknown, signal?: AbortSignal): boolean {
  return isAbort(error, signal) || (signal?.aborted === true && error instanceof GitError);
}
