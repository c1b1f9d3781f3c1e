import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { formerFieldManagers } from "#manifests";
import { functionObject } from "../support/objects.ts";
import { testCluster } from "../support/control_plane.ts";
import { configMapText, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

const CONFIG_MAPS = {
  apiVersion: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
} as const;

/** Metadata as somebody would write it. */
function withoutStored(metadata: KubeObject["metadata"]): KubeObject["metadata"] {
  const { annotations = {}, labels = {}, name, namespace = "" } = metadata;
  return { annotations, labels, name, namespace };
}

Deno.test("a submodule and files that are no manifests are passed over, and the status says so", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "1"),
    "meshes/README.md": "hello",
    "meshes/.hidden/b.yaml": "not: [yaml",
  });
  const other = "0123456789012345678901234567890123456789";
  await story.repository.git("update-index", "--add", "--cacheinfo", `160000,${other},meshes/lib`);
  await story.repository.git("commit", "--quiet", "--message", "Add a submodule");
  await story.sync();
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: .*: 1 object$/);
  assertEquals((await story.status()).notes, [
    "lib is a submodule, another repository: not read",
    "2 files passed over: not *.yaml, *.yml or *.json, or hidden",
  ]);
});

Deno.test("a Git LFS pointer holds the revision back, as its content is not in Git", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({
    "meshes/a.yaml": `version https://git-lfs.github.com/spec/v1\noid sha256:${
      "4".repeat(64)
    }\nsize 12\n`,
  });
  await story.sync();
  await story.pass();
  assertMatch(
    await story.ready(),
    /^False InvalidManifests: .*meshes\/a\.yaml:1: is a Git LFS pointer/,
  );
});

Deno.test("a symbolic link out of the tree holds the revision back, one within is followed by name", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await Deno.symlink("a.yaml", `${story.repository.directory}/meshes/b.yaml`);
  await story.repository.commit({});
  await story.sync();
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: .*: 1 object$/);
  await Deno.symlink("/etc/passwd", `${story.repository.directory}/meshes/c.yaml`);
  await story.repository.commit({});
  await story.pass();
  assertMatch(
    await story.ready(),
    /^False InvalidManifests: .*meshes\/c\.yaml:1: is a symbolic link to "\/etc\/passwd"/,
  );
});

Deno.test("a path that is a link to a folder in the repository is read, one that leads out is refused", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({ "real/a.yaml": configMapText("a", "1") });
  const link = `${story.repository.directory}/meshes`;
  await Deno.symlink("real", link);
  await story.repository.commit({});
  await story.sync();
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: .*: 1 object$/);
  await Deno.remove(link);
  await Deno.symlink("../elsewhere", link);
  await story.repository.commit({});
  await story.pass();
  assertMatch(
    await story.ready(),
    /^False PathNotFound: .*meshes .*: it is a symbolic link to "\.\.\/elsewhere", which leads out/,
  );
});

Deno.test("members without a value, or that nobody knows, are left out as kubectl apply has them left out", async () => {
  await using story = await syncStory(cluster);
  const spec = { className: "a.B", pulsar: { pulsarConfig: "p" }, java: { jar: "a.jar" } };
  const object = functionObject("odd", { ...spec, logTopic: null, wat: { is: "this" } });
  const metadata = { name: "odd", namespace: story.namespace };
  await story.repository.commit({ "meshes/a.json": JSON.stringify({ ...object, metadata }) });
  await story.sync();
  await story.pass();
  const stored = await cluster.get<KubeObject>(["fn", "odd", "-n", story.namespace]);
  const members = Object.keys(stored.spec as object);
  assertEquals(members.filter((name) => ["className", "logTopic", "wat"].includes(name)), [
    "className",
  ]);
});

Deno.test("a folder that a MeshSync names is read though it is hidden, and what is hidden in it is not", async () => {
  await using story = await syncStory(cluster);
  await story.repository.commit({
    ".k8s/a.yaml": configMapText("a", "1"),
    ".k8s/.github/b.yaml": "not: [yaml",
  });
  for (const path of [".k8s", "./.k8s/"]) {
    await story.sync({ path });
    await story.pass();
    assertMatch(await story.ready(), /^True Healthy: .*: 1 object$/, path);
  }
});

Deno.test("what was applied under the field manager of an earlier version is taken over", async () => {
  await using story = await syncStory(cluster);
  const [former] = formerFieldManagers(story.key);
  const text = configMapText("a", "1");
  await story.repository.commit({ "meshes/a.yaml": text });
  await story.sync();
  await story.pass();
  const live = await story.client.cluster.get(CONFIG_MAPS, { ...story.key, name: "a" });
  const metadata = live?.metadata ?? { name: "a" };
  await cluster.kubectl(["delete", "configmap", "a", "-n", story.namespace]);
  const again = { ...live, metadata: withoutStored(metadata), kind: "ConfigMap", apiVersion: "v1" };
  await story.client.cluster.apply(again, { fieldManager: String(former) });
  await story.repository.commit({ "meshes/a.yaml": configMapText("a", "2") });
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy: .*: 1 object$/);
  const taken = await story.client.cluster.get(CONFIG_MAPS, { ...story.key, name: "a" });
  assertEquals(taken?.["data"], { value: "2" });
});
