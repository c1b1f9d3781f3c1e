/**
 * Histories by chance. The seed is fixed, so that a change and not chance turns the test red; for chance there is
 * `deno task simulate`, with any number of histories and a seed that it prints.
 */
import { assertEquals } from "@std/assert";
import { simulate } from "./simulation.ts";

const RUNS = 1_000;
const SEED = 401;

Deno.test("whatever happens, the cluster and the status come to what Git says", async () => {
  const { failure = "", runs } = await simulate({ runs: RUNS, seed: SEED });
  const again = `deno task simulate --runs ${RUNS} --seed ${SEED}`;
  assertEquals(failure, "", `\n${failure}\nAgain: ${again}`);
  assertEquals(runs, RUNS);
});
