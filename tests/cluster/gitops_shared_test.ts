import { assertEquals, assertMatch } from "@std/assert";
import { type MeshSync, resourceOf } from "#api";
import { conditionOf, systemClock } from "#base";
import { reconcileSync } from "#gitops";
import { testCluster } from "../support/control_plane.ts";
import { configMapText, onlySync, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

Deno.test("many syncs of one repository look at it once and fetch a commit once", async () => {
  await using story = await syncStory(cluster);
  const names = ["a", "b", "c", "d"];
  await story.repository.commit(
    Object.fromEntries(names.map((name) => [`${name}/x.yaml`, configMapText(name, "1")])),
  );
  const { client, namespace, repository } = story;
  const type = resourceOf("MeshSync");
  for (const name of names) {
    await client.cluster.apply({
      apiVersion: "gitops.functionmesh.io/v1alpha1",
      kind: "MeshSync",
      metadata: { name, namespace },
      spec: { url: repository.url, path: name, interval: "1h" },
    }, { fieldManager: "user" });
  }
  // An hour later, when no sync is so new that it would not trust another one's look.
  const clock = { ...systemClock, now: () => Date.now() + 3_600_000 };
  await story.git.take();
  await Promise.all(names.map(async (name) => {
    const key = { namespace, name };
    const sync = await client.cluster.get(type, key);
    await reconcileSync(key, {
      ...story.context(),
      clock,
      syncs: onlySync(() => sync, client.cluster),
      bootstrap: { key, url: repository.url },
    });
  }));
  const calls = await story.git.take();
  assertEquals(calls.filter((call) => call.startsWith("ls-remote")).length, 1);
  const commits = calls.filter((call) => call.includes(" fetch ") && call.includes("refs/kept/"));
  assertEquals(commits.length, 1);
  for (const name of names) {
    const sync = await client.cluster.get(type, { namespace, name }) as MeshSync;
    assertMatch(conditionOf(sync.status?.conditions, "Ready")?.message ?? "", /: 1 object$/);
  }
});
