import { GuardedProcess } from "./guarded_process.ts";

/** Somebody else took a port between the choice and the use of it: choose others. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError";
}

/** What to wait for, and who has to live for it. */
export interface WaitOptions {
  /** What is waited for, after "Cannot start the control plane: ". */
  readonly what: string;
  readonly processes: readonly GuardedProcess[];
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const INTERVAL_MS = 25;
const LOG_LINES = 12;

/**
 * Resolves with the first value of `look` that is not undefined.
 *
 * @throws {PortTakenError} when a process ended because a port was taken
 * @throws {Error} when a process ended or the time is up, with the last lines of the log
 */
export async function waitFor<T>(
  look: () => Promise<T | undefined>,
  options: WaitOptions,
): Promise<T> {
  const deadlineMs = performance.now() + options.timeoutMs;
  while (true) {
    options.signal?.throwIfAborted();
    for (const process of options.processes) await assertAlive(process);
    const value = await look();
    if (value !== undefined) return value;
    if (performance.now() > deadlineMs) {
      throw new Error(
        `Cannot start the control plane: ${options.what} after ${options.timeoutMs / 1000} s` +
          await logsText(options.processes),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}

async function assertAlive(process: GuardedProcess): Promise<void> {
  if (process.exitCode === undefined) return;
  const tail = await process.logTail(LOG_LINES);
  const message = `Cannot start ${process.name}: it exited with code ${process.exitCode}:\n${tail}`;
  if (/address already in use/i.test(tail)) throw new PortTakenError(message);
  throw new Error(message);
}

async function logsText(processes: readonly GuardedProcess[]): Promise<string> {
  const tails = await Promise.all(
    processes.map(async (process) => `\n--- ${process.name}\n${await process.logTail(LOG_LINES)}`),
  );
  return tails.join("");
}
