/** Runs many histories and says how that went: for the test, and for `deno task simulate`. */
import * as fc from "fast-check";
import { Coverage, type CoverageCounts } from "./coverage.ts";
import { EVERYTHING, historiesOf, type HistoryScope } from "./history.ts";
import { runHistory } from "./history_run.ts";

/** How many histories, and which. */
export interface SimulationOptions {
  readonly runs: number;
  /** Equal seeds give equal histories. */
  readonly seed: number;
  /** What may happen; everything when left out. */
  readonly scope?: HistoryScope;
  /** Told now and then how many are done. */
  readonly onProgress?: (runs: number) => void;
}

/** How a simulation ended. */
export interface SimulationResult {
  readonly runs: number;
  readonly seed: number;
  /** What happened in them. */
  readonly counts: CoverageCounts;
  /** What was wrong, with the shortest history that shows it; absent when nothing was. */
  readonly failure?: string;
}

const PROGRESS_RUNS = 1_000;

/** Runs histories until one fails or all are done. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { onProgress, runs, scope = EVERYTHING, seed } = options;
  let done = 0;
  const coverage = new Coverage();
  const property = fc.asyncProperty(historiesOf(scope), async (history) => {
    await runHistory(history, coverage);
    if (++done % PROGRESS_RUNS === 0) onProgress?.(done);
  });
  const details = await fc.check(property, { numRuns: runs, seed });
  const { errorInstance, failed, numRuns } = details;
  const { counts } = coverage;
  if (!failed) return { runs: numRuns, seed, counts };
  const words = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const failure = `history ${numRuns} of seed ${seed}:\n${words}`;
  return { runs: numRuns, seed, counts, failure };
}
