import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import {
  appliedStory,
  configMapText,
  functionText,
  isWrite,
  syncStory,
} from "../support/sync_story.ts";

const cluster = testCluster();

Deno.test("a commit is applied: objects, inventory, revisions and an event tell so", async () => {
  await using story = await syncStory(cluster);
  const commit = await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "1"),
    "meshes/deep/b.yml": configMapText("b", "1"),
    "elsewhere/c.yaml": configMapText("c", "1"),
  }, "Add two");
  await story.sync();
  await story.pass();
  const names = await cluster.get<{ items: { metadata: { name: string } }[] }>([
    "configmaps",
    "-n",
    story.namespace,
    "-l",
    "gitops.functionmesh.io/name=shop",
  ]);
  assertEquals(names.items.map((item) => item.metadata.name), ["a", "b"]);
  const status = await story.status();
  assertEquals(status.lastAppliedRevision, `main@sha1:${commit}`);
  assertEquals(status.lastAttemptedRevision, `main@sha1:${commit}`);
  assertEquals(status.inventory, [
    { id: `${story.namespace}_a__ConfigMap`, version: "v1" },
    { id: `${story.namespace}_b__ConfigMap`, version: "v1" },
  ]);
  assertEquals(status.counts, { configured: 0, created: 2, pruned: 0, skipped: 0, unchanged: 0 });
  assertEquals(await story.ready(), `True Healthy: Applied main@sha1:${commit}: 2 objects`);
  assertEquals(story.events.map((event) => event.reason), ["Applied", "Healthy"]);
  assertStringIncludes(story.events[0]?.message ?? "", "(Add two, by Ada Author): 2 created");
});

Deno.test("an unchanged remote costs one ls-remote and no request to the API server", async () => {
  await using story = await appliedStory(cluster, ["a"]);
  story.requests();
  await story.git.take();
  await story.pass();
  assertEquals(story.requests(), []);
  const calls = await story.git.take();
  assertEquals(calls.length, 1);
  assertMatch(calls[0] ?? "", /^ls-remote /);
  await story.idlePass();
  assertEquals(
    [story.requests(), await story.git.take()],
    [[], []],
    "before its time: nothing at all",
  );
});

Deno.test("a changed file is applied by writing that one object", async () => {
  await using story = await appliedStory(cluster, ["a", "b"]);
  story.requests();
  const commit = await story.repository.commit({ "meshes/b.yaml": configMapText("b", "2") });
  await story.pass();
  assertEquals(story.requests(), [
    "apply ConfigMap",
    "dry-run ConfigMap",
    "get ConfigMap",
    "patch MeshSync",
  ]);
  const live = await cluster.get<{ data: unknown }>(["configmap", "b", "-n", story.namespace]);
  assertEquals(live.data, { value: "2" });
  assertEquals((await story.status()).lastAppliedRevision, `main@sha1:${commit}`);
});

Deno.test("a commit outside the path is noted and applies nothing", async () => {
  await using story = await appliedStory(cluster, ["a"]);
  story.requests();
  const commit = await story.repository.commit({ "README.md": "hello" });
  await story.pass();
  assertEquals(story.requests(), ["patch MeshSync"]);
  assertEquals((await story.status()).lastAppliedRevision, `main@sha1:${commit}`);
});

Deno.test("a restarted program writes nothing, with functions and with ordinary objects", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "1"),
    "meshes/f.yaml": functionText("exclaim"),
  });
  await story.sync({ timeout: "1h" });
  await story.pass();
  const before = await story.status();
  story.requests();
  story.restart();
  await story.pass();
  assertEquals(
    story.requests().filter(isWrite),
    [],
  );
  assertEquals(await story.status(), before);
});

Deno.test("a field that Git drops is dropped in the cluster, also over a restart", async () => {
  await using story = await syncStory(cluster);
  const withLabel = configMapText("a", "1").replace("  name: a\n", "  name: a\n  labels: {x: y}\n");
  await story.repository.commit({ "meshes/a.yaml": withLabel });
  await story.sync();
  await story.pass();
  story.restart();
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.pass();
  const live = await cluster.get<{ metadata: { labels: Record<string, string> } }>(
    ["configmap", "a", "-n", story.namespace],
  );
  assertEquals(live.metadata.labels["x"], undefined);
});

Deno.test("namespaces, definitions and their objects arrive in one commit and one pass, in order", async () => {
  await using story = await syncStory(cluster);
  const other = `${story.namespace}-other`;
  const plural = `things${story.namespace.replace("test-", "")}`;
  await story.repository.commit({
    "meshes/1-thing.yaml":
      `apiVersion: example.org/v1\nkind: T${plural}\nmetadata: {name: one, namespace: ${other}}\n`,
    "meshes/2-map.yaml": configMapText("a", "1").replace(
      "name: a",
      `name: a\n  namespace: ${other}`,
    ),
    "meshes/3-namespace.yaml": `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${other}}\n`,
    "meshes/4-definition.yaml": `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${plural}.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: T${plural}, plural: ${plural}, singular: t${plural}}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
`,
  });
  await story.sync();
  try {
    await story.pass();
    assertMatch(await story.ready(), /^True Healthy: .*4 objects/);
    await cluster.kubectl(["get", `${plural}.example.org`, "one", "-n", other]);
  } finally {
    await cluster.kubectl(["delete", "namespace", other, "--wait=false", "--ignore-not-found"]);
    await cluster.kubectl([
      "delete",
      "crd",
      `${plural}.example.org`,
      "--wait=false",
      "--ignore-not-found",
    ]);
  }
});

Deno.test("targetNamespace wins over the namespace of a manifest", async () => {
  await using story = await syncStory(cluster);
  await using target = await cluster.namespace();
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "1").replace("name: a", "name: a\n  namespace: default"),
  });
  await story.sync({ targetNamespace: target.name });
  await story.pass();
  const live = await cluster.get<{ data: unknown }>(["configmap", "a", "-n", target.name]);
  assertEquals(live.data, { value: "1" });
  const stray = await cluster.tryKubectl(["get", "configmap", "a", "-n", "default"]);
  assertEquals(stray.code, 1);
});
