/**
 * `deno task hostile-neighbours [COUNT] [SEED]`: follows a healthy repository alone and then beside hostile ones, on a real
 * control plane, and prints how long `/healthz` took at most and how long changes of the healthy one took.
 *
 * @module
 */
import { shortText } from "#base";
import { followNeighbours, type Seen, type Verdict } from "../tests/hostile/neighbours.ts";
import { startedCluster } from "../tests/support/control_plane.ts";
import { exitWith } from "./exit.ts";

const ROUNDS = 5;
const MESSAGE_MAX = 400;

async function main(
  [count = "100", seed = "11", place = "as-pods"]: readonly string[],
): Promise<number> {
  const asPods = place === "as-pods";
  const options = { asPods, count: Number(count), rounds: ROUNDS, seed: Number(seed) };
  const { alone, beside, verdicts } = await followNeighbours(
    await startedCluster(),
    options,
  );
  const lines = [
    seenText("alone", alone),
    seenText(`beside ${count} hostile ones`, beside),
    `${verdicts.length} of them were judged`,
    ...verdictLines(verdicts),
  ];
  await Deno.stdout.write(new TextEncoder().encode(`${lines.join("\n")}\n`));
  return 0;
}

/** A line for each kind of repository and reason: how often, and one of the messages. */
function verdictLines(verdicts: readonly Verdict[]): string[] {
  const groups = Map.groupBy(verdicts, ({ kind, reason }) => `${reason}, ${kind}`);
  return [...groups].sort().map(([name, members]) =>
    `  ${name} (${members.length}): ${shortText(members[0]?.message ?? "", MESSAGE_MAX)}`
  );
}

function seenText(name: string, seen: Seen): string {
  const sorted = [...seen.changesMs].sort((a, b) => a - b);
  const { tookMs, waitedMs, workedMs } = seen.longestAnswer;
  const { commands, mainThread, mainThreadWaited, program, server } = seen.processor;
  const ms = (value = 0) => `${Math.round(value)} ms`;
  return [
    `${name}: ${seen.answers} answers of /healthz, ${seen.bad.length} of them not ok`,
    `the longest took ${ms(tookMs)}, of which the first thread worked ${ms(workedMs)} and waited ${
      ms(waitedMs)
    } for a processor`,
    `a change took ${ms(sorted[sorted.length >> 1])} (median), ${ms(sorted.at(-1))} at most`,
    `memory ${Math.round(seen.rssBytes / 1e6)} MB at most`,
    `of each second the program worked ${ms(program)}, its first thread ${
      ms(mainThread)
    } (which waited ${ms(mainThreadWaited)} for a processor, ${
      ms(seen.longestWaitMs)
    } at most), its git commands ${ms(commands)}, the hostile server ${ms(server)}`,
  ].join("; ");
}

if (import.meta.main) await exitWith(main);
