/** Histories by chance, as tests. */
import { assertEquals, AssertionError } from "@std/assert";
import { rareEvents } from "./coverage.ts";
import { EVERYTHING } from "./history.ts";
import { simulate } from "./simulation.ts";

/** How often each kind of fault and each reason has to come about, so that none of them is left out. */
const LEAST_COUNT = 10;

/**
 * Has histories happen. The seed is fixed, so that a change and not chance turns the test red; for chance there is
 * `deno task simulate`, with any number of histories and a seed that it prints.
 */
export async function assertHistories(
  { forgets, runs, seed }: {
    readonly forgets: boolean;
    readonly runs: number;
    readonly seed: number;
  },
): Promise<void> {
  const scope = { ...EVERYTHING, forgets };
  const { counts, failure, ...ended } = await simulate({ runs, seed, scope });
  if (failure !== undefined) throw new AssertionError(failure);
  assertEquals(ended.runs, runs);
  assertEquals(rareEvents(counts, LEAST_COUNT), []);
}
