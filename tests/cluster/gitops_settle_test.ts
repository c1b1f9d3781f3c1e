import { assertEquals, assertMatch } from "@std/assert";
import { conditionOf } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import { runningController } from "../support/running_controller.ts";
import { functionText, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

Deno.test("with onUnhealthy: rollback a revision is healthy once its meshes have stayed ready", async () => {
  await using story = await syncStory(cluster);
  await using _controller = await runningController(cluster, {
    watchedNamespace: story.namespace,
  });
  const commit = await story.repository.commit({ "meshes/orders.yaml": functionText("orders") });
  // However long a pass takes, it sees that the revision settles.
  await story.sync({ onUnhealthy: "rollback", healthTimeout: "2h", settleTime: "1h" });
  const until = (ready: RegExp) =>
    eventually(async () => {
      await story.pass();
      assertMatch(await story.ready(), ready);
      return await story.status();
    }, { timeoutMs: 180_000, intervalMs: 100 });

  const settling = await until(/^False Progressing: .*1 of 1 ready: waiting whether they stay so$/);
  assertEquals(conditionOf(settling.conditions, "Healthy")?.status, "Unknown");
  assertEquals(settling.lastHealthyRevision, undefined, "nothing to go back to yet");
  await story.sync({ onUnhealthy: "rollback", healthTimeout: "2h", settleTime: "1s" });
  const settled = await until(/^True Healthy/);
  assertEquals(settled.lastHealthyRevision, `main@sha1:${commit}`);
});
