/**
 * `deno task simulate`: any number of histories of the GitOps loop, on as many threads as wanted. See `HELP`.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { countsText, totalCounts } from "../tests/simulation/coverage.ts";
import {
  simulate,
  type SimulationOptions,
  type SimulationResult,
} from "../tests/simulation/simulation.ts";
import { say, wholeNumber } from "./command_line.ts";

const HELP = `Let histories happen to the GitOps loop in a world in memory, until one goes wrong.

Usage: deno task simulate [--runs N] [--seed S] [--workers W]

  --runs     how many histories (default 10000)
  --seed     which ones: equal seeds give equal histories (default: drawn)
  --workers  on how many threads (default 1); each takes a part of the runs with a seed of its own

Prints the seed, how many a second, what happened in them (faults by kind, reasons that were told), and of a failure the
shortest history that shows it. Exits with 1 then.
`;

const SECOND_MS = 1_000;

interface Answer {
  readonly progress?: number;
  readonly result?: SimulationResult;
}

async function main(words: readonly string[]): Promise<number> {
  const flags = parseArgs([...words], {
    boolean: ["help"],
    string: ["runs", "seed", "workers"],
    unknown: (word: string) => {
      throw new Error(`Cannot use ${word}: there are --runs, --seed and --workers`);
    },
  });
  if (flags.help) return say(HELP, 0);
  const runs = wholeNumber("runs", flags.runs ?? "10000");
  const workers = wholeNumber("workers", flags.workers ?? "1");
  const drawn = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const seed = flags.seed === undefined ? drawn : wholeNumber("seed", flags.seed);
  await say(`seed ${seed}, ${runs} histories on ${workers} thread${workers === 1 ? "" : "s"}\n`, 0);
  const startMs = performance.now();
  const share = Math.ceil(runs / workers);
  const parts = Array.from({ length: workers }, (_, index) => ({
    runs: Math.min(share, runs - index * share),
    seed: seed + index,
  })).filter((part) => part.runs > 0);
  const results = await Promise.all(parts.map((part) => runPart(part, startMs)));
  const done = results.reduce((sum, result) => sum + result.runs, 0);
  const rate = Math.round(done / ((performance.now() - startMs) / SECOND_MS));
  for (const { failure } of results) if (failure !== undefined) await say(`\n${failure}\n`, 1);
  await say(countsText(totalCounts(results.map(({ counts }) => counts))), 0);
  const failed = results.filter(({ failure }) => failure !== undefined).length;
  return await say(`${done} histories, ${rate} a second, ${failed} failed\n`, failed === 0 ? 0 : 1);
}

/** One thread's part. */
async function runPart(part: SimulationOptions, startMs: number): Promise<SimulationResult> {
  const worker = new Worker(import.meta.url, { type: "module" });
  const ended = Promise.withResolvers<SimulationResult>();
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    if (data.result !== undefined) return ended.resolve(data.result);
    const rate = Math.round((data.progress ?? 0) / ((performance.now() - startMs) / SECOND_MS));
    say(`  seed ${part.seed}: ${data.progress} so far, ${rate} a second\n`, 0);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    ended.reject(new Error(`Cannot simulate seed ${part.seed}: ${event.message}`));
  };
  worker.postMessage(part);
  const result = await ended.promise;
  worker.terminate();
  return result;
}

/** What a thread does: takes one message with options, sends progress and one result. */
function serve(): void {
  const scope = self as unknown as {
    onmessage: (event: MessageEvent<SimulationOptions>) => void;
    postMessage(answer: Answer): void;
  };
  scope.onmessage = async ({ data }) => {
    const onProgress = (progress: number) => scope.postMessage({ progress });
    try {
      scope.postMessage({ result: await simulate({ ...data, onProgress }) });
    } catch (error) {
      const failure = error instanceof Error ? error.stack ?? error.message : String(error);
      scope.postMessage({ result: { runs: 0, seed: data.seed, counts: {}, failure } });
    }
  };
}

if ("WorkerGlobalScope" in globalThis) serve();
else if (import.meta.main) Deno.exit(await main(Deno.args));
