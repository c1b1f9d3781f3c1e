/** Namespaces that leave Git take all that is in them along: which of them a MeshSync may delete. */
import { assertEquals, assertMatch } from "@std/assert";
import type { ObjectId } from "#base";
import { configMapText } from "../support/sync_texts.ts";
import { meshSyncId, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;

function spaceId(name: string): ObjectId {
  return { apiVersion: "v1", kind: "Namespace", namespace: "", name };
}

function spaceText(name: string, annotations: Record<string, string> = {}): string {
  return JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name, annotations } });
}

/** A sync `a` of a ConfigMap and a Namespace, both applied. */
async function spaceWorld(name: string, text = spaceText(name)): Promise<SyncWorld> {
  const world = new SyncWorld();
  world.repository.commit({ "a/map.json": configMapText("map", "1"), "a/space.json": text });
  await world.sync("a", { interval: "1m" });
  await world.advance(MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
  return world;
}

async function someone(name: string, world: SyncWorld): Promise<void> {
  await world.user.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
}

/** Whether a namespace is there, and not on its way out. */
function isThere(world: SyncWorld, name: string): boolean {
  const live = world.object(spaceId(name));
  return live !== undefined && live.metadata.deletionTimestamp === undefined;
}

Deno.test("M3: a Namespace that was there before is never deleted because a file left Git", async () => {
  const world = new SyncWorld();
  await someone("prod", world);
  world.repository.commit({
    "a/map.json": configMapText("map", "1"),
    "a/space.json": spaceText("prod"),
  });
  await world.sync("a", { interval: "1m" });
  await world.advance(MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
  world.repository.commit({ "a/space.json": undefined });
  await world.advance(2 * MINUTE_MS);
  assertEquals([isThere(world, "prod"), world.condition("a").slice(0, 12)], [true, "True Healthy"]);
  world.removeNow(meshSyncId("a"));
  await world.advance(2 * MINUTE_MS);
  assertEquals([isThere(world, "prod"), world.meshSync("a")], [true, undefined]);
});

Deno.test("M3: nor one that somebody makes between the look and the write", async () => {
  const world = new SyncWorld();
  world.repository.commit({ "a/space.json": spaceText("late") });
  world.onRequest = ({ kind, verb }) => {
    if (kind !== "Namespace" || verb !== "create" || isThere(world, "late")) return;
    world.cluster.answer({
      method: "POST",
      path: "/api/v1/namespaces",
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "late" } },
      ask: { verb: "create", kind: "Namespace" },
    }, "user");
  };
  await world.sync("a", { interval: "1m" });
  await world.advance(MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
  world.repository.commit({ "a/map.json": configMapText("map", "1"), "a/space.json": undefined });
  await world.advance(2 * MINUTE_MS);
  assertEquals(isThere(world, "late"), true);
});

Deno.test("M3: one that the sync created goes, after a restart as well", async () => {
  const world = await spaceWorld("own");
  world.restart();
  await world.advance(MINUTE_MS);
  world.repository.commit({ "a/space.json": undefined });
  await world.advance(2 * MINUTE_MS);
  assertEquals(isThere(world, "own"), false);
});

Deno.test("M3: one that was there before goes where an annotation says so", async () => {
  const world = new SyncWorld();
  await someone("prod", world);
  world.repository.commit({
    "a/map.json": configMapText("map", "1"),
    "a/space.json": spaceText("prod", { "gitops.functionmesh.io/prune": "enabled" }),
  });
  await world.sync("a", { interval: "1m" });
  await world.advance(MINUTE_MS);
  world.repository.commit({ "a/space.json": undefined });
  await world.advance(2 * MINUTE_MS);
  assertEquals(isThere(world, "prod"), false);
});

for (const name of ["meshwright", "kube-system", "kube-anything", "default"]) {
  Deno.test(`M3: Namespace ${name} is never deleted, whoever made it and whatever it says`, async () => {
    const text = spaceText(name, { "gitops.functionmesh.io/prune": "enabled" });
    const world = await spaceWorld(name, text);
    world.repository.commit({ "a/space.json": undefined });
    await world.advance(2 * MINUTE_MS);
    assertEquals(isThere(world, name), true);
  });
}
