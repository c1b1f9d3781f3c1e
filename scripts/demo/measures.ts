import { apiRequests, type Sample } from "./exposition.ts";
import type { Stage } from "./stage.ts";

/** What the program asked of the API server in one second in which nothing happened. */
export interface QuietSecond {
  readonly reads: number;
  readonly writes: number;
}

/** Names of metrics that are shown, and how many lines of each. */
const SHOWN: readonly (readonly [RegExp, number])[] = [
  [/^function_mesh_reconcile_count$/, 3],
  [/^function_mesh_reconcile_latency_(sum|count)$/, 4],
  [/^mesh_commit_to_ready_seconds_(sum|count)$/, 2],
  [/^mesh_git_fetch_duration_seconds_count$/, 3],
  [/^mesh_(pruned|drift_corrected|quarantine)_total$/, 4],
];

/**
 * A few lines of what the program measures, as it serves them; what is left out is counted.
 */
export function metricLines(all: readonly Sample[]): readonly string[] {
  return SHOWN.flatMap(([name, linesMax]) => {
    const found = all.filter((sample) => name.test(sample.name));
    const rest = found.length - linesMax;
    return [
      ...found.slice(0, linesMax).map(({ line }) => line),
      ...(rest > 0 ? [`  and ${rest} more like these`] : []),
    ];
  });
}

/** Shows a few metrics. */
export async function showMetrics({ program, screen }: Stage): Promise<void> {
  screen.line(`  GET ${program.url}/metrics`);
  for (const line of metricLines(await program.samples())) screen.line(`    ${line}`, "dim");
}

const POLL_MS = 250;
const CALM_MS = 1_000;
const CALM_TIMEOUT_MS = 60_000;

/**
 * Counts requests of a second in which nobody asks for anything: the first one after a second without a write (the last
 * events are on their way until then), or after a minute at the latest. On a busy machine what is on its way takes longer
 * than a second, so that a second with writes is no quiet one while there is time.
 */
export async function quietSecond(stage: Stage): Promise<QuietSecond> {
  const deadlineMs = performance.now() + CALM_TIMEOUT_MS;
  let second = await calmSecond(stage, deadlineMs);
  while (second.writes > 0 && performance.now() < deadlineMs) {
    second = await calmSecond(stage, deadlineMs);
  }
  return second;
}

async function calmSecond({ program }: Stage, deadlineMs: number): Promise<QuietSecond> {
  let last = apiRequests(await program.samples());
  let calmSinceMs = performance.now();
  while (performance.now() - calmSinceMs < CALM_MS && performance.now() < deadlineMs) {
    await pause(POLL_MS, program.signal);
    const now = apiRequests(await program.samples());
    if (now.writes !== last.writes) calmSinceMs = performance.now();
    last = now;
  }
  await pause(1_000, program.signal);
  const after = apiRequests(await program.samples());
  return { reads: after.reads - last.reads, writes: after.writes - last.writes };
}

async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  signal.throwIfAborted();
}
