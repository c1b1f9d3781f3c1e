/** Takes one line of text for a person to read. */
export type Progress = (line: string) => void;

/** A duration as a person reads it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { durationText } from "./progress.ts";
 * assertEquals(durationText(1_240), "1.2 s");
 * assertEquals(durationText(80_000), "1 m 20 s");
 * ```
 */
export function durationText(durationMs: number): string {
  if (durationMs < 10_000) return `${(durationMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
}

/** Runs `work` and says what is going on: at the start, every 15 seconds, and at the end. */
export async function reported<T>(
  what: string,
  work: () => Promise<T>,
  progress: Progress,
): Promise<T> {
  const startMs = performance.now();
  progress(`${what} ...`);
  const timer = setInterval(
    () => progress(`${what} ... ${durationText(performance.now() - startMs)} so far`),
    15_000,
  );
  try {
    const result = await work();
    progress(`${what} (${durationText(performance.now() - startMs)})`);
    return result;
  } finally {
    clearInterval(timer);
  }
}

/** Shows progress to a person: each line on the standard error stream, which leaves standard output to results. */
export function progressOnStderr(line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  for (let written = 0; written < bytes.length;) {
    written += Deno.stderr.writeSync(bytes.subarray(written));
  }
}
