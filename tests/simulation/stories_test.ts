/** The stories in memory; `gitops_alike_test.ts` of the cluster tests tells them on a real API server as well. */
import { assertEquals } from "@std/assert";
import { conditionOf } from "#base";
import { fakeStage } from "../support/sync_stage.ts";
import { TALES } from "./stories.ts";

for (const { ends, name, tell } of TALES) {
  Deno.test(`in memory: ${name}`, async () => {
    const stage = await fakeStage();
    await tell(stage);
    const syncs = Object.keys(ends).map((sync) => {
      const ready = conditionOf(stage.world.status(sync).conditions, "Ready");
      return [sync, `${ready?.status} ${ready?.reason}`];
    });
    assertEquals(Object.fromEntries(syncs), ends, JSON.stringify(stage.views.at(-1), null, 2));
    assertEquals(stage.world.errors, []);
  });
}
