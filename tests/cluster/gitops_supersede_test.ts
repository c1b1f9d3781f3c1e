import { assertEquals, assertMatch } from "@std/assert";
import { systemClock } from "#base";
import { reconcileSync } from "#gitops";
import { testCluster } from "../support/control_plane.ts";
import { configMapText, functionText, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

Deno.test("a newer commit ends one that is being applied, with one look at the remote an interval", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "1"),
    "meshes/old.yaml": functionText("old"),
  });
  await story.sync({ interval: "1h" });
  await story.status();
  const working = story.context();
  let aheadMs = 0;
  const applying = {
    ...working.cluster,
    get: working.cluster.get.bind(working.cluster),
    list: working.cluster.list.bind(working.cluster),
    patch: working.cluster.patch.bind(working.cluster),
    remove: working.cluster.remove.bind(working.cluster),
    resourceType: working.cluster.resourceType.bind(working.cluster),
    servedVersion: working.cluster.servedVersion.bind(working.cluster),
    apply: async (...args: Parameters<typeof working.cluster.apply>) => {
      const applied = await working.cluster.apply(...args);
      if (args[1].dryRun === true) return applied;
      await story.repository.commit({
        "meshes/old.yaml": undefined,
        "meshes/new.yaml": functionText("new"),
      });
      // As if applying so much took longer than the interval.
      aheadMs = 2 * 3_600_000;
      return applied;
    },
  };
  const clock = {
    ...systemClock,
    now: () => systemClock.now() + aheadMs,
    monotonicMs: () => systemClock.monotonicMs() + aheadMs,
  };
  await story.git.take();
  const next = await reconcileSync(story.key, { ...working, clock, cluster: applying });
  assertMatch(await story.ready(), /^False Superseded: Stopped applying .* after 1 objects: /);
  assertEquals(next.after === "delay" && next.delayMs < 1_000, true, "and at once the newer one");
  const looks = (await story.git.take()).filter((call) => call.startsWith("ls-remote"));
  assertEquals(looks.length, 2);
  await story.pass();
  const list = await cluster.get<{ items: { metadata: { name: string } }[] }>(
    ["functions", "-n", story.namespace],
  );
  assertEquals(list.items.map((item) => item.metadata.name), ["new"]);
  assertEquals((await story.status()).inventory?.length, 2);
});
