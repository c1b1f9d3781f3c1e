/**
 * `deno task chaos`: faults that are injected for real, and what the program makes of them. See `HELP`.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { guaranteesWith, QUICK, runChaos } from "../tests/chaos/chaos.ts";
import { killPrograms } from "../tests/support/program_process.ts";
import { say, wholeNumber } from "./command_line.ts";
import { Interruption } from "./control_plane/interruption.ts";
import { durationText, progressOnStderr } from "./control_plane/progress.ts";
import { exitWith } from "./exit.ts";

const HELP =
  `Do the program harm, for real: kill it, stop it, and take away what it needs, on a real control plane.

Usage: deno task chaos [--minutes N] [--seed S] [--only NAME | --quick]

  --minutes  how long, in as many rounds as fit (default: one round, within 10 minutes)
  --seed     all that is left to chance (default: drawn, and printed)
  --only     guarantees whose name holds NAME, or one of NAME,NAME; --only help lists them
  --quick    some of them, in a few minutes; deno run -A scripts/test.ts chaos does that with a fixed seed

Prints a line for each guarantee: whether it held, how often it was tried, what was done and what is claimed. Exits with
1 where one did not hold or was not tried, with the log of the program. What takes root on Linux, or a program that this
machine does not have, says so.
`;

const DEFAULT_MINUTES = 9;
const QUICK_MINUTES = 3;

async function main(words: readonly string[]): Promise<number> {
  const flags = parseArgs([...words], {
    boolean: ["help", "quick"],
    string: ["minutes", "seed", "only"],
    unknown: (word: string) => {
      throw new Error(`Cannot use ${word}: see --help`);
    },
  });
  if (flags.help) return await say(HELP, 0);
  const { only = flags.quick ? QUICK.join() : "" } = flags;
  const wanted = guaranteesWith(only === "help" ? "" : only);
  if (wanted.length === 0) throw new Error(`Cannot find ${only}: see --only help`);
  if (only === "help") {
    return await say(wanted.map(({ name, claim }) => `${name}  ${claim}\n`).join(""), 0);
  }
  const drawn = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
  const seed = flags.seed === undefined ? drawn : wholeNumber("seed", flags.seed);
  const minutes = flags.minutes === undefined
    ? flags.quick ? QUICK_MINUTES : DEFAULT_MINUTES
    : wholeNumber("minutes", flags.minutes);
  using interruption = new Interruption();
  progressOnStderr(`seed ${seed}`);
  const startMs = performance.now();
  const options = { seed, minutes, isRepeated: flags.minutes !== undefined, only };
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

if (import.meta.main) await exitWith(main);
