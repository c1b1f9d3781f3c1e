/** The other half: what a process remembers is no more than a proof that it can get again. */
import { assertHistories } from "./histories.ts";

Deno.test("to lose all memory before every step changes nothing", async () => {
  await assertHistories({ forgets: true, runs: 5_000, seed: 401 });
});
