import { assert, assertEquals, assertMatch } from "@std/assert";
import { resourceOf } from "#api";
import { systemClock } from "#base";
import { reconcileSync } from "#gitops";
import { testCluster } from "../support/control_plane.ts";
import {
  configMapText,
  functionText,
  onlySync,
  type SyncStory,
  syncStory,
} from "../support/sync_story.ts";

const cluster = testCluster();

async function applied(spec: Record<string, unknown> = {}): Promise<SyncStory> {
  const story = await syncStory(cluster);
  const kept = configMapText("kept", "1").replace(
    "  name: kept\n",
    "  name: kept\n  annotations: {gitops.functionmesh.io/prune: disabled}\n",
  );
  await story.repository.commit({
    "meshes/a.yaml": configMapText("a", "1"),
    "meshes/f.yaml": functionText("exclaim"),
    "meshes/kept.yaml": kept,
  });
  await story.sync(spec);
  await story.pass();
  return story;
}

async function deleteSync(story: SyncStory): Promise<void> {
  await cluster.kubectl(["delete", "msync", "shop", "-n", story.namespace, "--wait=false"]);
}

async function left(story: SyncStory): Promise<string[]> {
  const list = await cluster.get<{ items: { kind: string; metadata: { name: string } }[] }>([
    "configmaps,functions,meshsyncs",
    "-n",
    story.namespace,
  ]);
  return list.items.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    .filter((name) => name !== "ConfigMap kube-root-ca.crt").sort();
}

Deno.test("a deleted sync takes its objects along, in reverse order, and leaves what says so", async () => {
  await using story = await applied();
  await deleteSync(story);
  story.requests();
  await story.pass();
  assertEquals(await left(story), ["ConfigMap kept"]);
  const deleted = story.client.requests.filter(({ verb }) => verb === "delete");
  assertEquals(deleted.map(({ kind }) => kind), ["Function", "ConfigMap"]);
});

Deno.test("Orphan leaves everything, and so does prune: false without another word", async () => {
  for (const spec of [{ deletionPolicy: "Orphan" }, { prune: false }]) {
    await using story = await applied(spec);
    await deleteSync(story);
    await story.pass();
    assertEquals(await left(story), ["ConfigMap a", "ConfigMap kept", "Function exclaim"]);
  }
});

Deno.test("Delete takes the objects along whatever prune says", async () => {
  await using story = await applied({ prune: false, deletionPolicy: "Delete" });
  await deleteSync(story);
  await story.pass();
  assertEquals(await left(story), ["ConfigMap kept"]);
});

Deno.test("a policy that was changed counts, and a suspended sync leaves everything", async () => {
  await using story = await applied();
  await story.sync({ suspend: true });
  await story.pass();
  await deleteSync(story);
  await story.pass();
  assertEquals(await left(story), ["ConfigMap a", "ConfigMap kept", "Function exclaim"]);
});

Deno.test("a deleted sync goes in the end, although an object cannot be deleted, and says what is left", async () => {
  await using story = await applied();
  await deleteSync(story);
  const working = story.context();
  const refusing = {
    ...working.cluster,
    get: working.cluster.get.bind(working.cluster),
    patch: working.cluster.patch.bind(working.cluster),
    list: working.cluster.list.bind(working.cluster),
    resourceType: working.cluster.resourceType.bind(working.cluster),
    servedVersion: working.cluster.servedVersion.bind(working.cluster),
    remove: () => Promise.reject(new Error("a webhook says no")),
  };
  await story.status();
  const sync = await working.cluster.get(resourceOf("MeshSync"), story.key);
  const ctx = { ...working, cluster: refusing, syncs: onlySync(() => sync, working.cluster) };
  const first = await reconcileSync(story.key, ctx);
  assert(first.after === "delay" && first.delayMs > 0);
  assertEquals((await left(story)).includes("MeshSync shop"), true, "tried for a while");
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + 180_000 };
  await reconcileSync(story.key, { ...ctx, clock });
  assertEquals(await left(story), ["ConfigMap a", "ConfigMap kept", "Function exclaim"]);
  const event = story.events.find((one) => one.reason === "LeftBehind");
  assertMatch(event?.message ?? "", /Cannot delete .*: a webhook says no/);
});
