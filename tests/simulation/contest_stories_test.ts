/** Others who have a say: autoscalers, what only servers write, and those who undo what Git says again and again. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { ObjectId } from "#base";
import { configMapText, functionText } from "../support/sync_texts.ts";
import { configMapId, functionId, SHOP, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;

function appId(kind: string, name: string): ObjectId {
  return { apiVersion: "apps/v1", kind, namespace: SHOP, name };
}

function appText(kind: string, name: string, replicas: number, image = "shop/c:1"): string {
  const template = {
    metadata: { labels: { app: name } },
    spec: { containers: [{ name: "c", image }] },
  };
  const spec = { replicas, selector: { matchLabels: { app: name } }, template };
  return JSON.stringify({ apiVersion: "apps/v1", kind, metadata: { name }, spec });
}

function replicas(world: SyncWorld, id: ObjectId): unknown {
  return (world.object(id)?.spec as Record<string, unknown> | undefined)?.["replicas"];
}

/** Requests that write an object; how it is may be told in the status. */
function writes(world: SyncWorld): string[] {
  return world.takeRequests().filter((request) =>
    /^(apply|delete|patch|create) (?!MeshSync)/.test(request)
  );
}

/** What `kubectl scale` and every autoscaler do. */
function scale(world: SyncWorld, id: ObjectId, to: number): void {
  const by = { manager: "kube-controller-manager", subresource: "scale" };
  world.patchNow(id, { spec: { replicas: to } }, by);
}

async function healthyWorld(files: Record<string, string>): Promise<SyncWorld> {
  const world = new SyncWorld();
  world.repository.commit(files);
  await world.sync("a", { interval: "1m", drift: { mode: "correct" } });
  await world.advance(1_000);
  world.takeRequests();
  return world;
}

for (
  const { id, text } of [
    { id: appId("Deployment", "web"), text: (n: number) => appText("Deployment", "web", n) },
    { id: appId("StatefulSet", "db"), text: (n: number) => appText("StatefulSet", "db", n) },
    { id: functionId("f"), text: () => functionText("f") },
  ]
) {
  Deno.test(`the replicas of a ${id.kind} that an autoscaler chose stay, and later changes of Git come`, async () => {
    const world = await healthyWorld({ "a/x.json": text(1) });
    assertEquals(replicas(world, id), 1);
    scale(world, id, 3);
    await world.advance(30 * MINUTE_MS);
    assertEquals([replicas(world, id), writes(world)], [3, []]);
    scale(world, id, 4);
    await world.advance(30 * MINUTE_MS);
    assertEquals([replicas(world, id), writes(world)], [4, []]);
    world.restart();
    await world.advance(30 * MINUTE_MS);
    assertEquals(replicas(world, id), 4);
    const changed = JSON.parse(text(1));
    const labels = { team: "blue" };
    world.repository.commit({
      "a/x.json": JSON.stringify({ ...changed, metadata: { ...changed.metadata, labels } }),
    });
    await world.advance(5 * MINUTE_MS);
    assertEquals(world.object(id)?.metadata.labels?.["team"], "blue");
    assertEquals(replicas(world, id), 4);
    world.patchNow(id, { metadata: { labels: { team: "red" } } });
    await world.advance(5_000);
    assertEquals([world.object(id)?.metadata.labels?.["team"], replicas(world, id)], ["blue", 4]);
  });
}

Deno.test("a number of replicas that is edited, not scaled, is corrected, and a new one of Git's wins", async () => {
  const id = appId("Deployment", "web");
  const world = await healthyWorld({ "a/x.json": appText("Deployment", "web", 1) });
  world.patchNow(id, { spec: { replicas: 5 } });
  await world.advance(1_000);
  assertEquals(replicas(world, id), 1);
  scale(world, id, 3);
  await world.advance(MINUTE_MS);
  assertEquals(replicas(world, id), 3);
  world.repository.commit({ "a/x.json": appText("Deployment", "web", 2) });
  await world.advance(5 * MINUTE_MS);
  assertEquals(replicas(world, id), 2);
});

Deno.test("an autoscaler of the cluster that targets an object has its number, however it came", async () => {
  const id = appId("Deployment", "web");
  const world = await healthyWorld({ "a/x.json": appText("Deployment", "web", 1) });
  world.applyNow({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { namespace: SHOP, name: "web" },
    spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } },
  }, "keda");
  world.patchNow(id, { spec: { replicas: 3 } }, { manager: "keda" });
  await world.advance(5 * MINUTE_MS);
  assertEquals(replicas(world, id), 3);
});

/** Somebody who undoes at once what Git says; answers how often it was undone. */
function undone(world: SyncWorld, id: ObjectId, undo: () => void): () => number {
  let count = 0;
  const deliver = world.cluster.store.onEvent;
  world.cluster.store.onEvent = (event) => {
    deliver?.(event);
    const data = world.object(id)?.["data"] as Record<string, unknown> | undefined;
    if (data?.["value"] !== "1") return;
    count++;
    // Once the answer is on its way.
    queueMicrotask(undo);
  };
  return () => count;
}

Deno.test("an object that is changed again and again is corrected less and less often, and both sides are named", async () => {
  const id = configMapId("one");
  const world = await healthyWorld({ "a/one.json": configMapText("one", "1") });
  const undo = () => world.patchNow(id, { data: { value: "2" } }, { manager: "other-controller" });
  const count = undone(world, id, undo);
  undo();
  await world.advance(10 * MINUTE_MS);
  // Twice at once, then after 1, 3, 7 … 511 s.
  assertEquals(count(), 11);
  assertMatch(
    world.condition("a", "Contested"),
    /^True Fight: ConfigMap shop\/one: "other-controller" changes data\.value, and "meshwright-sync\/shop\/a" puts/,
  );
  const events = world.events.filter(({ reason }) => reason === "Contested");
  assertEquals(events.map(({ type }) => type), ["Warning"]);
  assertMatch(events[0]?.message ?? "", /"other-controller" changes data\.value/);
  await world.advance(60 * MINUTE_MS);
  assert(count() <= 18, `${count()} corrections in 70 minutes`);
});

Deno.test("a fight that is over is forgotten, and one edit is corrected at once", async () => {
  const id = configMapId("one");
  const world = await healthyWorld({ "a/one.json": configMapText("one", "1") });
  for (let round = 0; round < 4; round++) {
    world.patchNow(id, { data: { value: "2" } });
    await world.advance(20_000);
  }
  assertMatch(world.condition("a", "Contested"), /^True Fight: /);
  await world.advance(15 * MINUTE_MS);
  assertMatch(world.condition("a", "Contested"), /^False Calm: /);
  world.patchNow(id, { data: { value: "2" } });
  await world.advance(1);
  assertEquals(world.object(id)?.["data"], { value: "1" });
});

Deno.test("an object that is deleted again and again is made less and less often", async () => {
  const id = configMapId("one");
  const world = await healthyWorld({ "a/one.json": configMapText("one", "1") });
  const count = undone(world, id, () => world.removeNow(id));
  world.removeNow(id);
  await world.advance(10 * MINUTE_MS);
  assertEquals(count(), 11);
  assertMatch(
    world.condition("a", "Contested"),
    /^True Fight: ConfigMap shop\/one: somebody deletes it/,
  );
});

Deno.test("a new revision of a contested object is applied at once", async () => {
  const id = configMapId("one");
  const world = await healthyWorld({ "a/one.json": configMapText("one", "1") });
  undone(world, id, () => world.patchNow(id, { data: { value: "2" } }));
  world.patchNow(id, { data: { value: "2" } });
  await world.advance(5 * MINUTE_MS);
  world.repository.commit({ "a/one.json": configMapText("one", "3") });
  await world.advance(70_000);
  assertEquals(world.object(id)?.["data"], { value: "3" });
});

Deno.test("a fight is not over because another process knows nothing of it", async () => {
  const id = configMapId("one");
  const world = await healthyWorld({ "a/one.json": configMapText("one", "1") });
  for (let round = 0; round < 4; round++) {
    world.patchNow(id, { data: { value: "2" } });
    await world.advance(20_000);
  }
  assertMatch(world.condition("a", "Contested"), /^True Fight: /);
  world.restart();
  world.takeRequests();
  await world.advance(MINUTE_MS);
  assertMatch(world.condition("a", "Contested"), /^True Fight: /);
  assertEquals(world.requests.filter(({ isWrite }) => isWrite), []);
  await world.advance(15 * MINUTE_MS);
  assertMatch(world.condition("a", "Contested"), /^False Calm: /);
});
