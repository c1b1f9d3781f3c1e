/** Half of the histories: processes live as long as nothing ends them. */
import { assertHistories } from "./histories.ts";

Deno.test("whatever happens, the cluster and the status come to what Git says", async () => {
  await assertHistories({ forgets: false, runs: 5_000, seed: 401 });
});
