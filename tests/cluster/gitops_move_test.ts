import { assertEquals } from "@std/assert";
import { eventually, testCluster } from "../support/control_plane.ts";
import { type RunningLoop, runningLoop } from "../support/running_loop.ts";
import { configMapText } from "../support/sync_story.ts";

const cluster = testCluster();

interface Live {
  readonly metadata: { readonly uid: string; readonly labels: Readonly<Record<string, string>> };
  readonly data: { readonly value: string };
}

function moved(loop: RunningLoop): Promise<Live> {
  return cluster.get<Live>(["configmap", "moved", "-n", loop.namespace]);
}

/** Two syncs of one repository, each with a folder of its own, both applied. */
async function twoSyncs(loop: RunningLoop, spec: Record<string, unknown> = {}): Promise<void> {
  await loop.repository.commit({
    "first/a.yaml": configMapText("a", "1"),
    "first/moved.yaml": configMapText("moved", "1"),
    "second/b.yaml": configMapText("b", "1"),
  });
  await loop.sync("first", spec);
  await loop.sync("second", spec);
  await loop.isReady("first", /^True Healthy: /);
  await loop.isReady("second", /^True Healthy: /);
}

async function belongsTo(loop: RunningLoop, name: string): Promise<Live> {
  return await eventually(async () => {
    const live = await moved(loop);
    return live.metadata.labels["gitops.functionmesh.io/name"] === name ? live : undefined;
  }, { timeoutMs: 180_000, intervalMs: 100 });
}

for (const looksFirst of ["first", "second"]) {
  Deno.test(`an object that moves to another sync is not deleted, when the ${looksFirst} one looks first`, async () => {
    await using loop = await runningLoop(cluster);
    await twoSyncs(loop);
    const before = await moved(loop);
    await loop.repository.commit({
      "first/moved.yaml": undefined,
      "second/moved.yaml": configMapText("moved", "2"),
    });
    await loop.look(looksFirst);
    await loop.look(looksFirst === "first" ? "second" : "first");
    const after = await belongsTo(loop, "second");
    assertEquals([after.metadata.uid, after.data.value], [before.metadata.uid, "2"]);
    await loop.isReady("first", /^True Healthy: .*: 1 object$/);
    await loop.isReady("second", /^True Healthy: .*: 2 objects$/);
    assertEquals((await moved(loop)).metadata.uid, before.metadata.uid, "and it stays");
    const inventory = (await loop.read("first"))?.status?.inventory?.map(({ id }) => id);
    assertEquals(inventory, [`${loop.namespace}_a__ConfigMap`]);
  });
}

Deno.test("what only one sync drops is deleted once the others have looked, without their interval", async () => {
  await using loop = await runningLoop(cluster);
  await twoSyncs(loop, { interval: "1h" });
  await loop.repository.commit({ "first/moved.yaml": undefined });
  await loop.look("first");
  const find = ["get", "configmap", "moved", "-n", loop.namespace];
  await eventually(async () => (await cluster.tryKubectl(find)).code !== 0, {
    timeoutMs: 180_000,
    intervalMs: 100,
  });
  await loop.isReady("first", /^True Healthy: .*: 1 object$/);
});

Deno.test("an object that two syncs hold stays with the first, and the second names it", async () => {
  await using loop = await runningLoop(cluster);
  await twoSyncs(loop);
  await loop.repository.commit({ "second/moved.yaml": configMapText("moved", "2") });
  await loop.look("second");
  await loop.isReady(
    "second",
    new RegExp(`^False FieldConflict: .*belongs? to "meshwright-sync/${loop.namespace}/first"`),
  );
  assertEquals((await moved(loop)).data.value, "1");
});
