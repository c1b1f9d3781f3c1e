/**
 * `deno task hostile [COUNT] [SEED]`: gives hostile inputs to what reads them, and prints how long the main thread
 * worked between two turns of the event loop, in processor time, and how much memory that took.
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
      `${kind}: ${count}, ${Math.round(longestMs)} ms of the main thread at most`
    ),
    `the event loop had ${report.turns} turns, and the main thread worked ${
      Math.round(report.blockedMs)
    } ms at most between two of them`,
    `memory: ${Math.round(report.rssBytesMax / 1e6)} MB at most`,
  ];
  await Deno.stdout.write(new TextEncoder().encode(`${lines.join("\n")}\n`));
  return 0;
}

if (import.meta.main) await exitWith(main);
