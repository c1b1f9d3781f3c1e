/** `deno task chaos` without its command line: chapters, rounds and the table. */
import type { Progress } from "../../scripts/control_plane.ts";
import { chanceOf, type Chaos, type Chapter, type Guarantee, Report } from "./guarantee.ts";
import { LEADERS } from "./leaders.ts";
import { PROCESSES } from "./processes.ts";
import { SERVER } from "./server.ts";
import { openStage } from "./stage.ts";

/** Chapters of one step run side by side, steps one after the other. */
const STEPS: readonly (readonly Chapter[])[] = [[SERVER], [LEADERS, PROCESSES]];

/** All that is claimed. */
export const GUARANTEES: readonly Guarantee[] = STEPS.flat().flatMap(({ guarantees }) =>
  guarantees
);

/** Which run. */
export interface ChaosOptions {
  readonly seed: number;
  readonly minutes: number;
  /** Rounds follow each other until the time is over; one round when false. */
  readonly isRepeated: boolean;
  /** Guarantees whose name holds this. */
  readonly only: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Those whose name holds a text. */
export function guaranteesWith(text: string): readonly Guarantee[] {
  return GUARANTEES.filter(({ name }) => name.includes(text));
}

/** Does the program all harm that there is, on a control plane of its own. */
export async function runChaos(options: ChaosOptions): Promise<Report> {
  const { seed, minutes, isRepeated, only, progress, signal } = options;
  const wanted = guaranteesWith(only);
  const names = new Set(wanted.map(({ name }) => name));
  const report = new Report(wanted, progress);
  const endMs = performance.now() + minutes * 60_000;
  await using stage = await openStage({ progress, signal });
  const leftMs = () => signal.aborted ? 0 : endMs - performance.now();
  for (let round = 1; round === 1 || (isRepeated && leftMs() > 0); round++) {
    if (round > 1) progress(`round ${round}`);
    const chance = (name: string) => chanceOf(seed, round, name);
    const chaos: Chaos = { stage, report, chance, leftMs };
    for (const chapters of STEPS) {
      await Promise.all(chapters.map((chapter) => chapter.run(chaos, names)));
      signal.throwIfAborted();
    }
  }
  return report;
}
