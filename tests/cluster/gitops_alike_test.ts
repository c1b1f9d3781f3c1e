/**
 * The stories of `tests/simulation/stories.ts` on a real API server, with the real loop and Git over HTTP: every object and
 * every word of a status is as in memory, at every moment of rest.
 */
import { fakeStage } from "../support/sync_stage.ts";
import { realStage } from "../support/sync_stage_real.ts";
import { TALES } from "../simulation/stories.ts";
import { testCluster } from "../support/control_plane.ts";

const cluster = testCluster();

for (const { name, tell } of TALES) {
  Deno.test(`as in memory: ${name}`, async () => {
    const fake = await fakeStage();
    await tell(fake);
    await using stage = await realStage(cluster, fake.views);
    await tell(stage);
  });
}
