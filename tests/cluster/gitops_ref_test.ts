import { assertEquals, assertMatch } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { configMapText, functionText, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

Deno.test("a tag, a range of versions and a commit are followed", async () => {
  await using story = await syncStory(cluster);
  const valueOf = async () =>
    (await cluster.get<{ data: { value: string } }>(["configmap", "a", "-n", story.namespace])).data
      .value;
  const one = await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.repository.git("tag", "v1.0.0");
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "2") });
  await story.repository.git("tag", "--annotate", "--message", "two", "v1.1.0");
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "3") });

  await story.sync({ ref: { tag: "v1.0.0" } });
  await story.pass();
  assertEquals(await valueOf(), "1");
  await story.sync({ ref: { semver: ">=1.0.0 <2.0.0" } });
  await story.pass();
  assertEquals(await valueOf(), "2");
  assertMatch(await story.ready(), /^True Healthy: Applied v1\.1\.0@sha1:/);
  await story.repository.git("tag", "v1.2.0");
  await story.pass();
  assertEquals(await valueOf(), "3", "a newer tag in the range");
  await story.sync({ ref: { commit: one } });
  await story.pass();
  assertEquals(await valueOf(), "1");
  assertEquals((await story.status()).lastAppliedRevision, `sha1:${one}`);
});

Deno.test("a newer commit supersedes one that is not healthy yet", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/f.yaml": functionText("exclaim") });
  await story.sync();
  await story.pass();
  assertMatch(await story.ready(), /^False Progressing: /);
  const next = await story.repository.commit({
    "meshes/f.yaml": functionText("exclaim", "  replicas: 2\n"),
  });
  await story.pass();
  const live = await cluster.get<{ spec: { replicas: number } }>(
    ["function", "exclaim", "-n", story.namespace],
  );
  assertEquals(live.spec.replicas, 2);
  assertMatch(await story.ready(), new RegExp(`^False Progressing: Applied main@sha1:${next}`));
  const { text } = await story.metrics.exposition();
  assertMatch(text, /mesh_sync_total{result="superseded"} 1/);
});
