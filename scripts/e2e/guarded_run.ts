import { GuardedProcess } from "../control_plane/guarded_process.ts";

/** A program that is to run to its end. */
export interface GuardedRun {
  readonly program: string;
  readonly args: readonly string[];
  /** Its output is appended to this file. */
  readonly logPath: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

const LOG_LINES = 15;

/**
 * Runs a program that may take long, and that ends with this process at the latest.
 *
 * @param what what it does, after "Cannot"
 * @throws {Error} with the last lines of its output when it fails
 */
export async function runGuarded(what: string, run: GuardedRun): Promise<void> {
  const { signal, ...options } = run;
  signal?.throwIfAborted();
  await using process = new GuardedProcess(what, options);
  const code = await Promise.race([process.exited, aborted(signal)]);
  signal?.throwIfAborted();
  if (code === 0) return;
  throw new Error(
    `Cannot ${what}: ${run.program} exited with code ${code}:\n${await process.logTail(LOG_LINES)}`,
  );
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal?.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
