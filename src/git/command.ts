import { type Clock, type Deadline, deadline, GIT_BUDGETS, isAbort, systemClock } from "#base";
import { GitError, gitErrorFrom } from "./git_error.ts";
import type { MemoryExcess } from "./memory.ts";
import type { BegunCommand } from "./processes.ts";
import { MissingProgramError, OwnPrograms, type ProgramCall, type ProgramEnd } from "./program.ts";

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
/** For commands without turns. */
const OWN_PROGRAMS = new OwnPrograms();

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
  const { action, outputBytesMax, signal, timeoutMs } = command;
  signal?.throwIfAborted();
  using begun = await command.begin?.();
  using limit = deadline(timeoutMs, { clock: command.clock ?? systemClock, signal });
  const end = await ended(command, begun, limit);
  signal?.throwIfAborted();
  if (limit.isExpired || end === undefined) {
    throw new GitError("timeout", `${action}: no answer in ${timeoutMs / 1000} s`);
  }
  const { excess, isSuccess, stderr, stdout } = end;
  if (excess !== undefined) throw memoryError(command, excess);
  if (stdout === undefined) {
    throw tooLarge(command, `${Math.round(outputBytesMax / 1024)} KiB of output`);
  }
  return { isSuccess, stdout, stderr };
}

/** How the program ended; undefined when time was up before it began. */
async function ended(
  command: GitCommand,
  { niceness, programs = OWN_PROGRAMS }: Partial<BegunCommand> = {},
  limit: Deadline,
): Promise<ProgramEnd | undefined> {
  const { action, args, config, directory, outputBytesMax, program = "git", stdin } = command;
  const call: ProgramCall = {
    program,
    args,
    directory,
    env: { ...command.env, ...configEnv(config) },
    outputBytesMax,
    ...(stdin === undefined ? {} : { stdin }),
    ...(niceness === undefined ? {} : { niceness }),
  };
  try {
    return await programs.run(call, limit.signal);
  } catch (cause) {
    if (limit.isExpired) return undefined;
    if (!(cause instanceof MissingProgramError)) throw cause;
    throw new GitError("failed", `${action}: ${cause.message}`, { cause });
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

function configEnv(config: readonly (readonly [string, string])[]): Record<string, string> {
  const entries = config.flatMap(([name, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, name],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(config.length), ...Object.fromEntries(entries) };
}

/** Whether a failure only says that the caller gave up. */
export function isGitAbort(error: unknown, signal?: AbortSignal): boolean {
  return isAbort(error, signal) || (signal?.aborted === true && error instanceof GitError);
}
