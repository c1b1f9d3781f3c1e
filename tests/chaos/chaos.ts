/** `deno task chaos` without its command line: chapters, rounds and the table. */
import type { Progress } from "../../scripts/control_plane.ts";
import { BROKERS } from "./brokers.ts";
import { CERTIFICATES } from "./certificates.ts";
import {
  chanceOf,
  type Chaos,
  type Chapter,
  chapterOf,
  type Guarantee,
  inTurn,
  Report,
} from "./guarantee.ts";
import { DEFINITIONS } from "./definitions.ts";
import { FIRST_SYNC } from "./first_sync.ts";
import { GIT } from "./git.ts";
import { INVENTORIES } from "./inventories.ts";
import { LEADERS } from "./leaders.ts";
import { LIMITS } from "./limits.ts";
import { OTHERS } from "./others.ts";
import { PROCESSES } from "./processes.ts";
import { SHARDS } from "./shards.ts";
import { SERVER } from "./server.ts";
import { openStage } from "./stage.ts";
import { SURROUNDINGS } from "./surroundings.ts";
import { UPGRADES } from "./upgrades.ts";

/**
 * Chapters that share a control plane run side by side; the API server of the first fails and loses its definitions, and
 * only there. Programs of the last look at all namespaces.
 */
const PLANES: readonly (readonly Chapter[])[] = [[
  chapterOf([...SERVER, ...DEFINITIONS, ...UPGRADES]),
], [
  LEADERS,
  GIT,
  inTurn([OTHERS, LIMITS]),
  BROKERS,
  SURROUNDINGS,
  PROCESSES,
  inTurn([CERTIFICATES, INVENTORIES]),
], [inTurn([SHARDS, FIRST_SYNC])]];

/** All that is claimed. */
export const GUARANTEES: readonly Guarantee[] = PLANES.flat().flatMap(({ guarantees }) =>
  guarantees
);

/** Some of each chapter, which together take a few minutes. */
export const QUICK: readonly string[] = [
  "server/restarted",
  "server/watches-cut",
  "leaders/handed-over",
  "git/half",
  "git/rewritten",
  "others/policy",
  "limits/configs",
  "brokers/flapping",
  "surroundings/disk-full",
  "surroundings/clock",
  "processes/quarantine",
  "processes/prune",
];

/** Which run. */
export interface ChaosOptions {
  readonly seed: number;
  readonly minutes: number;
  /** Rounds follow each other until the time is over; one round when false. */
  readonly isRepeated: boolean;
  /** Guarantees whose name holds this. */
  readonly only: string;
  /** See {@linkcode Chaos.resources}. */
  readonly resources: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Those whose name holds a text, or one of several with commas between them. */
export function guaranteesWith(text: string): readonly Guarantee[] {
  const texts = text.split(",");
  return GUARANTEES.filter(({ name }) => texts.some((one) => name.includes(one)));
}

/** Does the program all harm that there is, on control planes of its own. */
export async function runChaos(options: ChaosOptions): Promise<Report> {
  const { minutes, only, progress } = options;
  const wanted = guaranteesWith(only);
  const report = new Report(wanted, progress);
  const endMs = performance.now() + minutes * 60_000;
  const leftMs = () => options.signal.aborted ? 0 : endMs - performance.now();
  const names = new Set(wanted.map(({ name }) => name));
  const planes = PLANES.map((chapters) => chapters.filter((chapter) => isWanted(chapter, names)))
    .filter((chapters) => chapters.length > 0);
  await Promise.all(
    planes.map((chapters) => runPlane(chapters, { options, report, leftMs, names })),
  );
  return report;
}

function isWanted({ guarantees }: Chapter, names: ReadonlySet<string>): boolean {
  return guarantees.some(({ name }) => names.has(name));
}

/** All rounds of the chapters of one control plane. */
async function runPlane(chapters: readonly Chapter[], run: {
  readonly options: ChaosOptions;
  readonly report: Report;
  readonly leftMs: () => number;
  readonly names: ReadonlySet<string>;
}): Promise<void> {
  const { options, report, leftMs, names } = run;
  const { seed, isRepeated, resources, signal } = options;
  await using stage = await openStage({ progress: () => {}, signal });
  for (let round = 1; round === 1 || (isRepeated && leftMs() > 0); round++) {
    const chance = (name: string) => chanceOf(seed, round, name);
    const chaos: Chaos = { stage, report, chance, resources, leftMs };
    await Promise.all(chapters.map((chapter) => chapter.run(chaos, names)));
    signal.throwIfAborted();
  }
}
