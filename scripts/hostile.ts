/**
 * `deno task hostile [COUNT] [SEED]`: gives hostile inputs to what reads them, and prints how long the event loop waited and
 * how much memory that took.
 *
 * @module
 */
import { readCorpus } from "../tests/hostile/corpus.ts";
import { exitWith } from "./exit.ts";

async function main([count = "10000", seed = "11"]: readonly string[]): Promise<number> {
  const startMs = performance.now();
  const report = await readCorpus(Number(seed), Number(count));
  const lines = [
    `${report.inputs} inputs in ${
      Math.round((performance.now() - startMs) / 1000)
    } s, seed ${seed}`,
    ...[...report.kinds].map(([kind, { count, longestMs }]) =>
      `${kind}: ${count}, the longest took ${Math.round(longestMs)} ms`
    ),
    `the event loop had ${report.turns} turns and waited ${
      Math.round(report.blockedMs)
    } ms at most`,
    `memory: ${Math.round(report.rssBytesMax / 1e6)} MB at most`,
  ];
  await Deno.stdout.write(new TextEncoder().encode(`${lines.join("\n")}\n`));
  return 0;
}

if (import.meta.main) await exitWith(main);
