/**
 * `deno task chaos`: faults that are injected for real, and what the program makes of them. See `HELP`.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { type ChaosOptions, guaranteesWith, QUICK, runChaos } from "../tests/chaos/chaos.ts";
import { soak, type SoakOptions } from "../tests/chaos/soak.ts";
import { killPrograms } from "../tests/support/program_process.ts";
import { say, wholeNumber } from "./command_line.ts";
import { Interruption } from "./control_plane/interruption.ts";
import { durationText, progressOnStderr } from "./control_plane/progress.ts";
import { exitWith } from "./exit.ts";

const HELP =
  `Do the program harm, for real: kill it, stop it, and take away what it needs, on a real control plane.

Usage: deno task chaos [--minutes N] [--seed S] [--only NAME | --quick] [--resources N]
       deno task chaos --soak [--minutes N] [--seed S] [--resources N]

  --minutes  how long, in as many rounds as fit (default: one round, within 10 minutes)
  --seed     all that is left to chance (default: drawn, and printed)
  --only     guarantees whose name holds NAME, or one of NAME,NAME; --only help lists them
  --quick    some of them, in a few minutes; deno run -A scripts/test.ts chaos does that with a fixed seed
  --soak     random edits, commits and faults (default: for 120 minutes), in which memory, file descriptors, connections
             and clones have to stay flat: a picture of each is in dist/soak; on Linux
  --resources  so many in Git while it soaks, and Functions among replicas that share the work (default: 500)

Prints a line for each guarantee: whether it held, how often it was tried, what was done and what is claimed. Exits with
1 where one did not hold or was not tried, with the log of the program. What takes root on Linux, or a program that this
machine does not have, says so.
`;

const DEFAULT_MINUTES = 9;
const QUICK_MINUTES = 3;
const SOAK_MINUTES = 120;
const RESOURCES = 500;
const SOAK_FOLDER = "dist/soak";

async function main(words: readonly string[]): Promise<number> {
  const flags = parseArgs([...words], {
    boolean: ["help", "quick", "soak"],
    string: ["minutes", "seed", "only", "resources"],
    unknown: (word: string) => {
      throw new Error(`Cannot use ${word}: see --help`);
    },
  });
  if (flags.help) return await say(HELP, 0);
  const drawn = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
  const numberOf = (name: "minutes" | "seed" | "resources", otherwise: number) =>
    flags[name] === undefined ? otherwise : wholeNumber(name, flags[name]);
  const seed = numberOf("seed", drawn);
  if (flags.soak) {
    const minutes = numberOf("minutes", SOAK_MINUTES);
    return await soaked({ seed, minutes, resources: numberOf("resources", RESOURCES) });
  }
  const { only = flags.quick ? QUICK.join() : "" } = flags;
  const wanted = guaranteesWith(only === "help" ? "" : only);
  if (wanted.length === 0) throw new Error(`Cannot find ${only}: see --only help`);
  if (only === "help") {
    return await say(wanted.map(({ name, claim }) => `${name}  ${claim}\n`).join(""), 0);
  }
  const minutes = numberOf("minutes", flags.quick ? QUICK_MINUTES : DEFAULT_MINUTES);
  const resources = numberOf("resources", RESOURCES);
  return await tried({ seed, minutes, resources, isRepeated: flags.minutes !== undefined, only });
}

/** Tries guarantees, and tells what held. */
async function tried(
  options: Pick<ChaosOptions, "seed" | "minutes" | "isRepeated" | "only" | "resources">,
): Promise<number> {
  using interruption = new Interruption();
  const { seed } = options;
  progressOnStderr(`seed ${seed}`);
  const startMs = performance.now();
  const { signal } = interruption;
  const run = runChaos({ ...options, progress: progressOnStderr, signal });
  // What is under way may take minutes to notice: nobody who interrupts waits for that.
  const report = await Promise.race([run, interruption.happened()]);
  if (report === undefined) {
    killPrograms();
    return interruption.exitCode;
  }
  const took = durationText(performance.now() - startMs);
  // As tests close, for who counts them.
  const last = `seed ${seed}, ${report.faultCount} faults, ${took} | ${report.tally()}`;
  return await say(`${report.table()}\n${report.failures()}\n${last}\n`, report.isGood ? 0 : 1);
}

/** Soaks, and tells what stayed flat. */
async function soaked(
  options: Pick<SoakOptions, "seed" | "minutes" | "resources">,
): Promise<number> {
  using interruption = new Interruption();
  const { seed } = options;
  progressOnStderr(`seed ${seed}`);
  const { signal } = interruption;
  const run = soak({ ...options, folder: SOAK_FOLDER, progress: progressOnStderr, signal });
  const report = await Promise.race([run, interruption.happened()]);
  if (report === undefined) {
    killPrograms();
    return interruption.exitCode;
  }
  return await say(`${report.table}\nseed ${seed}\n`, report.isGood ? 0 : 1);
}

if (import.meta.main) await exitWith(main);
