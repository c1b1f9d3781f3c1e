/** What becomes of the objects of a deleted MeshSync, and of those that Git dropped, when something comes in between. */
import { assertEquals, assertMatch } from "@std/assert";
import { faultAt, type FaultPlan } from "../support/fault_plan.ts";
import { configMapText } from "../support/sync_texts.ts";
import { configMapId, meshSyncId, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const TWO = { "a/one.json": configMapText("one", "1"), "a/two.json": configMapText("two", "1") };

/** A sync `a` of two ConfigMaps, which are applied. */
async function appliedWorld(spec: Record<string, unknown> = {}): Promise<SyncWorld> {
  const world = new SyncWorld();
  world.repository.commit(TWO);
  await world.sync("a", spec);
  await world.advance(MINUTE_MS);
  return world;
}

/** Syncs `a` and `b` of the same branch, which are applied. */
async function twoSyncs(spec: Record<string, unknown>): Promise<SyncWorld> {
  const world = new SyncWorld();
  world.repository.commit({ ...TWO, "b/three.json": configMapText("three", "1") });
  await world.sync("a", { interval: "1m" });
  await world.sync("b", spec);
  await world.advance(90_000);
  assertMatch(world.condition("b"), /^True Healthy/);
  return world;
}

function isThere(world: SyncWorld, name: string): boolean {
  return world.object(configMapId(name)) !== undefined;
}

function uidOf(world: SyncWorld, name: string): string | undefined {
  return world.object(configMapId(name))?.metadata.uid;
}

/** Has these requests fail so many times. */
function failing(verb: string, name: string, times: number): FaultPlan {
  let left = times;
  return (request) =>
    request.verb === verb && request.name === name && left-- > 0
      ? { fails: { when: "before", how: "500" } }
      : undefined;
}

for (const verb of ["get", "delete"]) {
  Deno.test(`a deletion whose ${verb} never answers says so, and is given up in the end`, async () => {
    const world = await appliedWorld({ timeout: "20s" });
    world.plan = (request) =>
      request.verb === verb && request.name === "one"
        ? { fails: { when: "before", how: "timeout" } }
        : undefined;
    world.removeNow(meshSyncId("a"));
    await world.advance(MINUTE_MS);
    assertMatch(world.condition("a"), /^False DeletionWaits/);
    await world.advance(30 * MINUTE_MS);
    assertEquals(world.meshSync("a"), undefined);
    assertEquals(world.errors, []);
  });
}

Deno.test("a downtime in the middle of a deletion takes no time from it", async () => {
  const world = await appliedWorld();
  world.plan = failing("delete", "one", 2);
  world.removeNow(meshSyncId("a"));
  await world.advance(100);
  assertMatch(world.condition("a"), /DeletionWaits/);
  world.process.crash();
  await world.advance(10 * MINUTE_MS);
  world.plan = failing("delete", "one", 1);
  world.revive();
  await world.advance(15 * MINUTE_MS);
  assertEquals([isThere(world, "one"), isThere(world, "two")], [false, false]);
});

for (const jumpMs of [HOUR_MS, -HOUR_MS]) {
  Deno.test(`a clock that is set by ${jumpMs / HOUR_MS} h gives up no deletion, and no giving up`, async () => {
    const world = await appliedWorld();
    world.plan = failing("delete", "one", 3);
    world.removeNow(meshSyncId("a"));
    await world.advance(100);
    world.clock.setWall(jumpMs);
    await world.advance(10 * MINUTE_MS);
    assertEquals(isThere(world, "one"), false);

    const hopeless = await appliedWorld();
    hopeless.plan = failing("delete", "one", Infinity);
    hopeless.removeNow(meshSyncId("a"));
    await hopeless.advance(100);
    hopeless.clock.setWall(jumpMs);
    await hopeless.advance(10 * MINUTE_MS);
    assertEquals(hopeless.meshSync("a"), undefined);
    assertEquals(hopeless.events.at(-1)?.reason, "LeftBehind");
  });
}

Deno.test("a downtime takes no time from waiting for a sibling: what moves stays", async () => {
  const world = await twoSyncs({ interval: "1m" });
  const uid = uidOf(world, "two");
  world.repository.commit({ "a/two.json": undefined, "b/two.json": configMapText("two", "1") });
  world.plan = ({ verb }) =>
    verb === "dry-run" ? { fails: { when: "before", how: "500" } } : undefined;
  await world.advance(2 * MINUTE_MS);
  assertMatch(world.condition("a"), /PruneWaits/);
  world.process.crash();
  await world.advance(10 * MINUTE_MS);
  world.plan = () => undefined;
  world.revive();
  await world.advance(15 * MINUTE_MS);
  assertEquals(uidOf(world, "two"), uid);
});

Deno.test("a clock that is set forward does not end the wait for a sibling", async () => {
  const world = await twoSyncs({ interval: "1m" });
  const uid = uidOf(world, "two");
  world.repository.commit({ "a/two.json": undefined, "b/two.json": configMapText("two", "1") });
  world.plan = ({ verb }) =>
    verb === "dry-run" ? { fails: { when: "before", how: "500" } } : undefined;
  await world.advance(MINUTE_MS + 20_000);
  assertMatch(world.condition("a"), /PruneWaits/);
  world.clock.setWall(HOUR_MS);
  await world.advance(20_000);
  world.plan = () => undefined;
  await world.advance(15 * MINUTE_MS);
  assertEquals(uidOf(world, "two"), uid);
});

Deno.test("a sibling that never applies does not keep what Git dropped for ever", async () => {
  const world = await twoSyncs({ interval: "1m" });
  world.repository.commit({ "a/two.json": undefined, "b/three.json": "{ nothing" });
  await world.advance(30 * MINUTE_MS);
  assertEquals(isThere(world, "two"), false);
});

const OVER = { suspend: true, suspendUntil: "2025-12-31T00:00:00Z" };

Deno.test("a sync whose suspension is over takes its objects along", async () => {
  const world = await appliedWorld(OVER);
  world.removeNow(meshSyncId("a"));
  await world.advance(15 * MINUTE_MS);
  assertEquals([world.meshSync("a"), isThere(world, "one")], [undefined, false]);
});

Deno.test("a sibling whose suspension is over is waited for", async () => {
  const world = await twoSyncs({ interval: "2m", ...OVER });
  const uid = uidOf(world, "two");
  world.repository.commit({ "a/two.json": undefined, "b/two.json": configMapText("two", "1") });
  await world.advance(20 * MINUTE_MS);
  assertEquals(uidOf(world, "two"), uid);
});

Deno.test("a sync is held while an object of it is on its way out, and by what is said", async () => {
  const world = await appliedWorld();
  world.patchNow(configMapId("one"), { metadata: { finalizers: ["example.org/keep"] } });
  world.removeNow(meshSyncId("a"));
  await world.advance(MINUTE_MS);
  assertMatch(
    world.condition("a"),
    /^False DeletionWaits: ConfigMap .*one is being deleted, held by finalizers example.org\/keep/,
  );
  world.patchNow(configMapId("one"), { metadata: { finalizers: null } });
  await world.advance(MINUTE_MS);
  assertEquals([world.meshSync("a"), isThere(world, "one")], [undefined, false]);
});

Deno.test("an object that never ends its way out does not hold a sync for ever", async () => {
  const world = await appliedWorld();
  world.patchNow(configMapId("one"), { metadata: { finalizers: ["example.org/keep"] } });
  world.removeNow(meshSyncId("a"));
  await world.advance(15 * MINUTE_MS);
  assertEquals([world.meshSync("a"), isThere(world, "one")], [undefined, true]);
  assertMatch(world.events.at(-1)?.message ?? "", /Left behind .*example.org\/keep/);
});

Deno.test("what Git dropped stays a sync's until it is gone, which is no trouble", async () => {
  const world = await appliedWorld();
  const owned = () => (world.status("a").inventory ?? []).map(({ id }) => id);
  world.patchNow(configMapId("two"), { metadata: { finalizers: ["example.org/keep"] } });
  world.repository.commit({ "a/two.json": undefined });
  await world.advance(10 * MINUTE_MS);
  assertEquals(owned().length, 2);
  assertMatch(world.condition("a"), /^True Healthy/);
  assertEquals(world.status("a").counts?.["pruned"], 1);
  world.patchNow(configMapId("two"), { metadata: { finalizers: null } });
  await world.advance(10 * MINUTE_MS);
  assertEquals([owned().length, isThere(world, "two")], [1, false]);
});

Deno.test("an object that somebody keeps between the look and its deletion stays", async () => {
  const world = await appliedWorld();
  const uid = uidOf(world, "two");
  world.repository.commit({ "a/two.json": undefined });
  world.plan = faultAt(({ name, verb }) => verb === "delete" && name === "two", {
    meanwhile: () =>
      world.patchNow(configMapId("two"), {
        metadata: { annotations: { "gitops.functionmesh.io/prune": "disabled" } },
      }),
  });
  await world.advance(5 * MINUTE_MS);
  assertEquals(uidOf(world, "two"), uid);
});

Deno.test("an object that somebody edits between the look and its deletion is deleted all the same", async () => {
  const world = await appliedWorld({ interval: "1m" });
  world.repository.commit({ "a/two.json": undefined });
  world.plan = faultAt(({ name, verb }) => verb === "delete" && name === "two", {
    meanwhile: () => world.patchNow(configMapId("two"), { data: { value: "edited" } }),
  });
  await world.advance(2 * MINUTE_MS);
  assertEquals(isThere(world, "two"), false);
});
