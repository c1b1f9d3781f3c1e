import { durationText, type Progress } from "../control_plane/progress.ts";
import { closingTally, endedTally, type Tally, totalTally } from "../test_tally.ts";

/** How the tests of a file ended. */
export interface FileRun {
  readonly file: string;
  readonly tally: Tally;
}

/** Where and how a test file runs. */
export interface FileRunOptions {
  /** Arguments of `deno` before the name of the file. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly progress: Progress;
  /** Takes what the tests of a file said, in one piece; default standard output. */
  readonly show?: (text: string) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** More files than these fail of something that running them again does not tell. */
const AGAIN_MAX = 3;

/** Runs one test file in a process of its own; what it says is shown in one piece when it ends. */
export async function runFile(file: string, options: FileRunOptions): Promise<FileRun> {
  const startMs = performance.now();
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: [...options.args, file],
    env: { NO_COLOR: "1", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  }).output();
  const decoder = new TextDecoder();
  const output = decoder.decode(stdout);
  await (options.show ?? print)(output + decoder.decode(stderr));
  const tally = endedTally(closingTally(output), { success });
  const took = durationText(performance.now() - startMs);
  options.progress(`${file}: ${tally.passed} passed, ${tally.failed} failed (${took})`);
  return { file, tally };
}

/**
 * Checks the types of all files at once, where each process would do it again.
 *
 * @throws {Error} when they do not fit; what is wrong is shown
 */
export async function checkTypes(files: readonly string[], signal?: AbortSignal): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", ...files],
    stdin: "null",
    ...(signal === undefined ? {} : { signal }),
  }).spawn().status;
  if (!success) throw new Error("Cannot run the tests: their types do not fit, see above");
}

/** Takes files one after the other into a number of places, whichever is free first. */
export async function runSideBySide(
  files: readonly string[],
  places: number,
  run: (file: string) => Promise<FileRun>,
): Promise<readonly FileRun[]> {
  const waiting = [...files];
  const runs: FileRun[] = [];
  const place = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      runs.push(await run(file));
    }
  };
  await Promise.all(Array.from({ length: places }, place));
  return runs;
}

/** What the runs come to. */
export function totalOf(runs: readonly FileRun[]): Tally {
  return totalTally(runs.map(({ tally }) => tally));
}

/**
 * What is left of the failures when the files that failed run once more, alone: tests of these stages share few
 * processors with an API server, and what passes alone failed of its neighbours. It is told; more than three files are
 * not tried again.
 *
 * @param runAlone runs one file with nothing beside it
 */
export async function againAlone(
  runs: readonly FileRun[],
  { runAlone, progress }: {
    readonly runAlone: (file: string) => Promise<FileRun>;
    readonly progress: Progress;
  },
): Promise<readonly FileRun[]> {
  const failed = runs.filter(({ tally }) => tally.failed > 0);
  if (failed.length === 0 || failed.length > AGAIN_MAX) return runs;
  const last = new Map(runs.map((run) => [run.file, run]));
  for (const { file } of failed) {
    progress(`${file} failed and runs once more, alone`);
    const run = await runAlone(file);
    last.set(file, run);
    if (run.tally.failed === 0) progress(`${file} PASSED ONLY ALONE: why it failed first is above`);
  }
  return [...last.values()];
}

/** The closing line of many files, as `deno test` writes it for one. */
export function closingLine(runs: readonly FileRun[]): string {
  const { passed, failed, skipped } = totalOf(runs);
  const ignored = skipped === 0 ? "" : ` | ${skipped} ignored`;
  return `${failed === 0 ? "ok" : "FAILED"} | ${passed} passed | ${failed} failed${ignored}\n`;
}

async function print(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) {
    written += await Deno.stdout.write(bytes.subarray(written));
  }
}
