import { assertEquals, assertMatch } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { configMapText, isWrite, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

/** A repository with this many ConfigMaps, applied. */
async function storyWith(count: number, spec: Record<string, unknown> = {}): Promise<SyncStory> {
  const story = await syncStory(cluster);
  await story.repository.commit({ "meshes/all.yaml": configMaps(count) });
  await story.sync(spec);
  await story.pass();
  return story;
}

function configMaps(count: number): string {
  return Array.from({ length: count }, (_, index) => configMapText(`c${index}`, "1"))
    .join("---\n");
}

async function count(story: SyncStory): Promise<number> {
  const selector = ["-n", story.namespace, "-l", "gitops.functionmesh.io/name=shop"];
  return (await cluster.get<{ items: unknown[] }>(["configmaps", ...selector])).items.length;
}

Deno.test("a commit that drops too much is held, until an annotation names it", async () => {
  await using story = await storyWith(14);
  const commit = await story.repository.commit({ "meshes/all.yaml": configMaps(3) });
  story.requests();
  await story.pass();
  assertEquals(
    await story.ready(),
    `False PruneLimit: Held back main@sha1:${commit}, nothing was changed: it deletes 11 of 14 objects, ` +
      "more than 10 and more than 20 %; to let it through, annotate the MeshSync with " +
      `gitops.functionmesh.io/allow-prune=${commit}`,
  );
  const isObjectWrite = (one: string) => isWrite(one) && !one.endsWith("MeshSync");
  assertEquals([await count(story), story.requests().filter(isObjectWrite)], [14, []]);
  const { plan } = await story.status();
  assertEquals([plan?.revision, plan?.counts["pruned"]], [`main@sha1:${commit}`, 11]);
  assertEquals(plan?.changes[0], `pruned ConfigMap ${story.namespace}/c10`);
  assertEquals(story.events.at(-1)?.reason, "PruneLimit");

  await story.sync({}, { "gitops.functionmesh.io/allow-prune": "0".repeat(40) });
  await story.idlePass();
  assertMatch(await story.ready(), /^False PruneLimit: /, "another commit was allowed");
  await story.sync({}, { "gitops.functionmesh.io/allow-prune": commit.slice(0, 12) });
  await story.idlePass();
  assertMatch(await story.ready(), /^True Healthy: .*: 3 objects$/);
  assertEquals(await count(story), 3);
});

Deno.test("a held revision gives way to a newer one that drops less", async () => {
  await using story = await storyWith(14);
  await story.repository.commit({ "meshes/all.yaml": configMaps(1) });
  await story.pass();
  await story.repository.commit({ "meshes/all.yaml": configMaps(12) });
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: .*: 12 objects$/);
  assertEquals(await count(story), 12);
});

Deno.test("spec.pruneLimit is the sync's own measure", async () => {
  await using story = await storyWith(4, { pruneLimit: { objects: 1, percent: 25 } });
  await story.repository.commit({ "meshes/all.yaml": configMaps(2) });
  await story.pass();
  assertMatch(
    await story.ready(),
    /^False PruneLimit: .*deletes 2 of 4 objects, more than 1 and more than 25 %/,
  );
  await story.sync({ pruneLimit: { objects: 2, percent: 25 } });
  await story.idlePass();
  assertEquals(await count(story), 2);
});

Deno.test("what is not there any longer does not count against the limit", async () => {
  await using story = await storyWith(14);
  const names = Array.from({ length: 12 }, (_, index) => `c${index + 2}`);
  await cluster.kubectl(["delete", "configmap", "-n", story.namespace, ...names]);
  await story.repository.commit({ "meshes/all.yaml": configMaps(2) });
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: .*: 2 objects$/);
});
