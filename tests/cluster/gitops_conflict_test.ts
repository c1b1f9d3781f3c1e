import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { appliedStory, configMapText, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

async function valueOf(story: SyncStory): Promise<string | undefined> {
  const path = ["configmap", "a", "-n", story.namespace];
  return (await cluster.get<{ data: Record<string, string> }>(path)).data["value"];
}

/** Applies ConfigMap `a` as another manager would. */
async function applyAs(story: SyncStory, manager: string, value: string): Promise<void> {
  await story.client.cluster.apply({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: story.namespace, name: "a" },
    data: { value },
  }, { fieldManager: manager });
}

Deno.test("fields of another manager are left, and both names and the fields are told", async () => {
  await using story = await syncStory(cluster);
  await applyAs(story, "helm", "from helm");
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "from git"),
    "meshes/b.yaml": configMapText("b", "1"),
  });
  await story.sync();
  await story.pass();
  const ready = await story.ready();
  assertStringIncludes(ready, "False FieldConflict: ");
  assertStringIncludes(ready, "meshes/a.yaml:1: ConfigMap/a: conflict: .data.value belongs to ");
  assertStringIncludes(ready, `"helm"; "meshwright-sync/${story.namespace}/shop" takes that only`);
  assertEquals(await valueOf(story), "from helm");
  await cluster.kubectl(["get", "configmap", "b", "-n", story.namespace]);
});

Deno.test("spec.force takes the fields", async () => {
  await using story = await syncStory(cluster);
  await applyAs(story, "helm", "from helm");
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "from git") });
  await story.sync();
  await story.pass();
  await story.sync({ force: true });
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: /);
  assertEquals(await valueOf(story), "from git");
});

Deno.test("an annotation on the object in Git takes the fields of that object only", async () => {
  await using story = await syncStory(cluster);
  await applyAs(story, "helm", "from helm");
  const forced = configMapText("a", "from git").replace(
    "  name: a\n",
    '  name: a\n  annotations: {gitops.functionmesh.io/force: "true"}\n',
  );
  await story.repository.commit({ "meshes/a.yaml": forced });
  await story.sync();
  await story.pass();
  assertEquals(await valueOf(story), "from git");
});

Deno.test("what kubectl apply made is adopted", async () => {
  await using story = await syncStory(cluster);
  await cluster.kubectl(["apply", "-n", story.namespace, "-f", "-"], {
    stdin: configMapText("a", "by hand"),
  });
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "from git") });
  await story.sync();
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: /);
  assertEquals(await valueOf(story), "from git");
});

Deno.test("equal values are no conflict", async () => {
  await using story = await syncStory(cluster);
  await applyAs(story, "helm", "the same");
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "the same") });
  await story.sync();
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: /);
});

Deno.test("an edit by hand does not keep a commit from the same field, also after a restart", async () => {
  await using story = await appliedStory(cluster, ["a"]);
  const patch = JSON.stringify({ data: { value: "by hand" } });
  await cluster.kubectl(["patch", "configmap", "a", "-n", story.namespace, "-p", patch]);
  story.restart();
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "2") });
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: /);
  assertEquals(await valueOf(story), "2");
});
