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

Deno.test("one bad file holds back the revision with file and line, and leaves alone what runs", async () => {
  await using story = await syncStory(cluster);
  const good = await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.sync();
  await story.pass();
  story.requests();
  const bad = await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "2"),
    "meshes/f.yaml": functionText("exclaim", "  replicas: many\n"),
  });
  await story.pass();
  const ready = await story.ready();
  assertStringIncludes(
    ready,
    `False InvalidManifests: Held back main@sha1:${bad}, nothing was applied`,
  );
  assertMatch(ready, /meshes\/f\.yaml:16: Function\/exclaim spec\.replicas: /);
  assertEquals(story.requests(), ["patch MeshSync"]);
  const live = await cluster.get<{ data: unknown }>(["configmap", "a", "-n", story.namespace]);
  assertEquals(live.data, { value: "1" });
  const status = await story.status();
  assertEquals([status.lastAttemptedRevision, status.lastAppliedRevision], [
    `main@sha1:${bad}`,
    `main@sha1:${good}`,
  ]);
  assertEquals(status.conditions?.find((one) => one.type === "Stalled")?.status, "True");

  await story.idlePass();
  story.requests();
  await story.git.take();
  await story.pass();
  assertEquals(story.requests(), [], "a revision that was refused is not read again");
  assertEquals((await story.git.take()).length, 1);

  await story.repository.commit({ "meshes/f.yaml": functionText("exclaim") });
  await story.pass();
  assertMatch(await story.ready(), /^False Progressing: .*Function .*\/exclaim: not looked at yet/);
});

Deno.test("a missing or empty folder prunes nothing and says so", async () => {
  await using story = await appliedStory(cluster, ["a"]);
  await story.repository.commit({ "meshes/a.yaml": undefined, "meshes/README.md": "empty" });
  await story.pass();
  assertMatch(await story.ready(), /^False NothingToApply: .*folder meshes holds no manifests/);
  await story.repository.commit({ "meshes/README.md": undefined, "README.md": "gone" });
  await story.pass();
  assertMatch(await story.ready(), /^False PathNotFound: .*no folder meshes/);
  await cluster.kubectl(["get", "configmap", "a", "-n", story.namespace]);
  assertEquals((await story.status()).inventory?.length, 1);
});

Deno.test("a missing branch names those that are there, and a repaired one is seen", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await story.sync({ ref: { branch: "release" } });
  await story.pass();
  assertMatch(await story.ready(), /^False RefNotFound: .*release does not exist; .*branches main/);
  await story.repository.git("branch", "release");
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: Applied release@sha1:/);
});

Deno.test("an object that the API server refuses is named with its place, and nothing is applied", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "1"),
    "meshes/bad.yaml": configMapText("bad", "1").replace("\ndata:", "\n  labels: {l: '!'}\ndata:"),
    "meshes/f.yaml": functionText("exclaim"),
  });
  await story.sync();
  await story.pass();
  const ready = await story.ready();
  assertMatch(ready, /^False ApplyFailed: .*meshes\/bad\.yaml:1: ConfigMap\/bad: /);
  for (const one of [["configmap", "a"], ["function", "exclaim"]]) {
    const found = await cluster.tryKubectl(["get", ...one, "-n", story.namespace]);
    assertEquals(found.code, 1, one.join(" "));
  }
});

Deno.test("a reverted commit is applied again after a failed one", async () => {
  await using story = await appliedStory(cluster, ["a", "b"]);
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "2"),
    "meshes/b.yaml": configMapText("b", "2").replace("\ndata:", "\n  labels: {l: '!'}\ndata:"),
  });
  await story.pass();
  assertMatch(await story.ready(), /^False ApplyFailed/);
  await story.repository.git("revert", "--no-edit", "HEAD");
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy/);
  const live = await cluster.get<{ data: unknown }>(["configmap", "a", "-n", story.namespace]);
  assertEquals(live.data, { value: "1" });
});

Deno.test("a suspended sync does nothing, and takes up what it missed when it is resumed", async () => {
  await using story = await appliedStory(cluster, ["a"]);
  await story.sync({ suspend: true });
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "2") });
  story.requests();
  await story.git.take();
  assertEquals(await story.pass(), { after: "change" });
  assertMatch(await story.ready(), /^True Suspended: /);
  assertEquals(story.requests(), ["patch MeshSync"]);
  assertEquals(await story.git.take(), []);
  await story.sync({ suspend: false });
  await story.idlePass();
  const live = await cluster.get<{ data: unknown }>(["configmap", "a", "-n", story.namespace]);
  assertEquals(live.data, { value: "2" });
});

Deno.test("a file: url is refused where no flag names it", async () => {
  await using story = await syncStory(cluster);
  await story.sync({ url: "file:///etc" });
  await story.git.take();
  await story.pass();
  assertMatch(await story.ready(), /^False InvalidSpec: spec\.url: /);
  assertEquals(await story.git.take(), []);
});

Deno.test("a request by annotation is answered once, before its time", async () => {
  await using story = await appliedStory(cluster, ["a"]);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "2") });
  await story.sync({}, { "reconcile.functionmesh.io/requestedAt": "now-1" });
  await story.idlePass();
  assertEquals((await story.status()).lastHandledReconcileAt, "now-1");
  const live = await cluster.get<{ data: unknown }>(["configmap", "a", "-n", story.namespace]);
  assertEquals(live.data, { value: "2" });
  await story.idlePass();
  await story.git.take();
  story.requests();
  await story.idlePass();
  assertEquals(await story.git.take(), []);
  assertEquals(story.requests().filter(isWrite), []);
});
