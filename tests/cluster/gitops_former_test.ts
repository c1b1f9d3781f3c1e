import { assertEquals, assertMatch } from "@std/assert";
import { LABELS } from "#api";
import type { JsonObject, ObjectKey } from "#base";
import { formerFieldManagers } from "#manifests";
import { meshwright } from "../support/cli.ts";
import { testCluster } from "../support/control_plane.ts";
import { isWrite, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();

const text = (data: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {tier: web}}\ndata: {${data}}\n`;

function id(story: SyncStory) {
  return { apiVersion: "v1", kind: "ConfigMap", namespace: story.namespace, name: "a" };
}

/** Makes what the loop applied look as if an earlier version of the program had. */
async function asBeforeUpgrade(
  story: SyncStory,
  changed: { readonly labels?: Record<string, string> } = {},
): Promise<void> {
  const managed = await story.client.cluster.managedFields(id(story));
  const [former = ""] = formerFieldManagers(story.key);
  const managedFields = (managed?.fields ?? []).map((entry) => ({ ...entry, manager: former }));
  const metadata = { ...changed, managedFields };
  await story.client.cluster.patch(id(story), { metadata }, { fieldManager: "a test" });
  story.restart();
}

async function stored(story: SyncStory) {
  const managed = await story.client.cluster.managedFields(id(story));
  const live = await cluster.get<{ data: JsonObject }>(["cm", "a", "-n", story.namespace]);
  const appliers = managed?.fields.filter(({ operation }) => operation === "Apply")
    .map(({ manager }) => String(manager)).sort();
  return { data: live.data, appliers };
}

async function upgradedStory(data: string): Promise<SyncStory> {
  await using stack = new AsyncDisposableStack();
  const story = stack.use(await syncStory(cluster));
  await story.repository.commit({ "meshes/a.yaml": text(data) });
  await story.sync();
  await story.pass();
  stack.move();
  return story;
}

for (const [how, data] of [["alone", "kept: x"], ["with a change", "kept: z"]] as const) {
  Deno.test(`after an upgrade from the former field manager a key that leaves Git ${how} leaves the cluster`, async () => {
    await using story = await upgradedStory("kept: x, gone: x");
    await asBeforeUpgrade(story);
    await story.repository.commit({ "meshes/a.yaml": text(data) });
    await story.pass();
    assertMatch(await story.ready(), /^True Healthy/);
    assertEquals(await stored(story), {
      data: { kept: data.slice(-1) },
      appliers: [`meshwright-sync/${story.namespace}/shop`],
    });
    story.requests();
    await story.pass();
    story.restart();
    await story.pass();
    assertEquals(story.requests().filter(isWrite), []);
  });
}

Deno.test("a key leaves with a change that somebody else's edit meets, after an upgrade too", async () => {
  await using story = await upgradedStory("kept: x, gone: x");
  await asBeforeUpgrade(story);
  const patch = JSON.stringify({ data: { kept: "by hand" } });
  await cluster.kubectl(["patch", "configmap", "a", "-n", story.namespace, "-p", patch]);
  await story.repository.commit({ "meshes/a.yaml": text("kept: z") });
  await story.pass();
  const { data } = await stored(story);
  assertEquals([data, (await story.ready()).slice(0, 12)], [{ kept: "z" }, "True Healthy"]);
});

Deno.test("diff --sync shows the key that leaves with the first change after an upgrade as the loop then has it", async () => {
  await using story = await upgradedStory("kept: x, gone: x, theirs: x");
  await asBeforeUpgrade(story);
  const hand = JSON.stringify({ data: { theirs: "by hand" } });
  await cluster.kubectl(["patch", "configmap", "a", "-n", story.namespace, "-p", hand]);
  await story.repository.commit({ "meshes/a.yaml": text("kept: z") });
  const where = ["--kubeconfig", cluster.kubeconfigPath, "--namespace", story.namespace];
  const meshes = `${story.repository.directory}/meshes`;
  const { code, out } = await meshwright(["diff", meshes, "--sync", "shop", ...where]);
  const changed = out.filter((line) => /^[-+] /.test(line) && !line.includes("hash"));
  assertEquals([code, changed], [1, ["-  gone: x", "-  kept: x", "+  kept: z"]]);
  await story.pass();
  assertEquals((await stored(story)).data, { kept: "z", theirs: "by hand" });
});

Deno.test("what is of today's field manager costs no request more", async () => {
  await using story = await upgradedStory("kept: x, gone: x");
  await story.repository.commit({ "meshes/a.yaml": text("kept: z") });
  story.requests();
  await story.pass();
  const about = story.requests().filter((one) => one.endsWith(" ConfigMap"));
  assertEquals(about.filter((one) => !one.startsWith("list")), [
    "apply ConfigMap",
    "dry-run ConfigMap",
    "get ConfigMap",
  ]);
});

/** A namespace and a sync in it whose former field manager is the story's as well. */
async function namesake(story: SyncStory): Promise<ObjectKey & AsyncDisposable> {
  const at = story.namespace.indexOf("-");
  const namespace = story.namespace.slice(0, at);
  const key = { namespace, name: `${story.namespace.slice(at + 1)}-${story.key.name}` };
  assertEquals(formerFieldManagers(key), formerFieldManagers(story.key));
  await cluster.kubectl(["create", "namespace", namespace]);
  await story.client.cluster.apply({
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: key,
    spec: { url: story.repository.url, path: "other", interval: "1h", suspend: true },
  }, { fieldManager: "user" });
  const dispose = () => cluster.kubectl(["delete", "namespace", namespace, "--wait=false"]);
  return { ...key, [Symbol.asyncDispose]: async () => void await dispose() };
}

async function hold(story: SyncStory, key: ObjectKey): Promise<void> {
  const inventory = [{ id: `${story.namespace}_a__ConfigMap`, v: "v1" }];
  const target = { apiVersion: "gitops.functionmesh.io/v1alpha1", kind: "MeshSync", ...key };
  const call = { fieldManager: "a test", subresource: "status" };
  await story.client.cluster.patch(target, { status: { inventory } }, call);
}

Deno.test("fields of a sync that had the same former field manager stay its own while it holds the object", async () => {
  await using story = await upgradedStory("kept: x, theirs: x");
  await using other = await namesake(story);
  await hold(story, other);
  const labels = { [LABELS.syncName]: other.name, [LABELS.syncNamespace]: other.namespace };
  await asBeforeUpgrade(story, { labels });
  await story.repository.commit({ "meshes/a.yaml": text("kept: x") });
  await story.pass();
  assertMatch(await story.ready(), /^False FieldConflict/);
  assertEquals((await stored(story)).data, { kept: "x", theirs: "x" });
  await story.sync({ force: true });
  await story.pass();
  await story.repository.commit({ "meshes/a.yaml": text("kept: z") });
  await story.pass();
  assertMatch(await story.ready(), /^True Healthy/);
  assertEquals((await stored(story)).data, { kept: "z", theirs: "x" });
});
