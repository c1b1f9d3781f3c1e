/** Objects that Git moves from one MeshSync to another, and what comes in between. */
import { assertEquals, assertMatch } from "@std/assert";
import { faultAt } from "../support/fault_plan.ts";
import { configMapText, functionText } from "../support/sync_texts.ts";
import { configMapId, meshSyncId, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;

type Files = Readonly<Record<string, string | undefined>>;

/** A world of syncs `a` and `b` of one branch, in which nobody remembers anything from one commit to the next. */
async function movingWorld(files: Files): Promise<SyncWorld> {
  const world = new SyncWorld();
  world.repository.commit(files);
  await world.sync("a", { interval: "2m" });
  await world.sync("b", { interval: "2m" });
  await world.advance(1_000);
  return world;
}

/** Commits, and has a new process look at that at once. */
async function follow(world: SyncWorld, files: Files): Promise<void> {
  world.restart();
  world.repository.commit(files);
  await world.advance(0);
}

function owner(world: SyncWorld, name: string): string | undefined {
  return world.object(configMapId(name))?.metadata.labels?.["gitops.functionmesh.io/name"];
}

function ids(world: SyncWorld, sync: string): string {
  return (world.status(sync).inventory ?? []).map(({ id }) => id.split("_")[1]).join();
}

const ONE = configMapText("one", "1");
const TWO = configMapText("two", "1");
const THREE = configMapText("three", "1");

Deno.test("an object that leaves Git while it moves is deleted", async () => {
  const world = await movingWorld({ "a/one.json": ONE });
  await follow(world, { "a/one.json": undefined, "a/two.json": TWO, "b/one.json": ONE });
  await follow(world, { "b/one.json": undefined, "b/three.json": THREE });
  await world.advance(11 * MINUTE_MS);
  assertEquals(world.object(configMapId("one")), undefined);
  assertEquals([ids(world, "a"), ids(world, "b")], ["two", "three"]);
  assertMatch(world.condition("a"), /^True Healthy/);
  assertMatch(world.condition("b"), /^True Healthy/);
});

Deno.test("an object that was let go and leaves Git before it is taken over is deleted", async () => {
  const world = await movingWorld({ "a/one.json": ONE, "a/two.json": TWO, "b/three.json": THREE });
  await follow(world, { "a/one.json": undefined, "b/one.json": ONE });
  // Once `b` announced it, `a` lets it go.
  for (let left = 20; ids(world, "a") !== "two" && left > 0; left--) await world.advance(1_000);
  assertEquals([ids(world, "a"), ids(world, "b"), owner(world, "one")], ["two", "one,three", "a"]);
  await follow(world, { "b/one.json": undefined });
  await world.advance(11 * MINUTE_MS);
  assertEquals(world.object(configMapId("one")), undefined);
  assertEquals([ids(world, "a"), ids(world, "b")], ["two", "three"]);
});

Deno.test("what nobody takes over any longer is deleted, although a sync without a folder announced it", async () => {
  const world = await movingWorld({ "a/one.json": ONE, "a/two.json": TWO });
  await follow(world, { "a/one.json": undefined, "b/one.json": ONE });
  await follow(world, { "a/one.json": ONE, "b/one.json": undefined });
  await world.advance(5 * MINUTE_MS);
  assertMatch(world.condition("b"), /^False PathNotFound/);
  world.repository.commit({ "a/one.json": undefined });
  await world.advance(11 * MINUTE_MS);
  assertEquals(world.object(configMapId("one")), undefined);
  assertMatch(world.condition("a"), /^True Healthy/);
});

Deno.test("an object that came back before it was taken over goes with its sync", async () => {
  const world = await movingWorld({ "a/one.json": ONE, "a/two.json": TWO });
  await follow(world, { "a/one.json": undefined, "b/one.json": ONE });
  await follow(world, { "a/one.json": ONE, "b/one.json": undefined });
  world.removeNow(meshSyncId("a"));
  await world.advance(5 * MINUTE_MS);
  assertEquals(world.meshSync("a"), undefined);
  assertEquals(["one", "two"].map((name) => owner(world, name)), [undefined, undefined]);
});

for (const passesAtOnce of [1, 2]) {
  Deno.test(`two syncs that swap objects in one commit both come to theirs, with ${passesAtOnce} passes at once`, async () => {
    const world = await movingWorld({ "a/one.json": ONE, "b/two.json": TWO });
    world.passesAtOnce = passesAtOnce;
    const uids = ["one", "two"].map((name) => world.object(configMapId(name))?.metadata.uid);
    world.repository.commit({
      "a/one.json": undefined,
      "b/one.json": ONE,
      "b/two.json": undefined,
      "a/two.json": TWO,
    });
    await world.advance(5 * MINUTE_MS);
    assertEquals([owner(world, "one"), owner(world, "two")], ["b", "a"]);
    assertEquals([ids(world, "a"), ids(world, "b")], ["two", "one"]);
    assertMatch(world.condition("a"), /^True Healthy/);
    assertMatch(world.condition("b"), /^True Healthy/);
    // Nothing was made anew.
    assertEquals(
      ["one", "two"].map((name) => world.object(configMapId(name))?.metadata.uid),
      uids,
    );
  });
}

Deno.test("a wait for another sync begins anew with a revision that drops something", async () => {
  const world = await movingWorld({ "a/one.json": ONE });
  world.repository.commit({ "a/one.json": undefined, "a/two.json": TWO, "b/one.json": ONE });
  for (const name of ["a", "b"]) await world.sync(name, { interval: "2m", timeout: "1m" });
  await world.advance(0);
  assertMatch(world.condition("a"), /^False PruneWaits/);
  world.repository.commit({ "a/two.json": undefined });
  await world.advance(8 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False PathNotFound/);
  const uid = world.object(configMapId("one"))?.metadata.uid;
  world.repository.commit({ "a/three.json": THREE });
  await world.advance(8 * MINUTE_MS);
  assertEquals([owner(world, "one"), world.object(configMapId("one"))?.metadata.uid], ["b", uid]);
});

Deno.test("what is in quarantine goes to the sync that Git moves it to, without another commit of its own", async () => {
  const world = new SyncWorld();
  const spec = { interval: "2m", onUnhealthy: "rollback", healthTimeout: "20s", settleTime: "0s" };
  world.repository.commit({ "a/one.json": ONE, "b/two.json": TWO });
  await world.sync("a", spec);
  await world.sync("b", { interval: "2m" });
  await world.advance(1_000);
  world.repository.commit({ "a/one.json": undefined, "a/f.json": functionText("f", "bad") });
  await world.advance(5 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False Quarantined/);
  assertEquals(owner(world, "one"), "a");
  world.repository.commit({ "b/one.json": ONE });
  await world.advance(10 * MINUTE_MS);
  assertEquals(owner(world, "one"), "b");
  assertMatch(world.condition("b"), /^True Healthy/);
});

Deno.test("an object that goes back with the branch waits for the sync that had it and looks later", async () => {
  const world = new SyncWorld();
  const before = world.repository.commit({ "a/one.json": ONE, "b/two.json": TWO });
  await world.sync("a", { interval: "4m" });
  await world.sync("b", { interval: "1m" });
  await world.advance(1_000);
  world.repository.commit({ "a/one.json": undefined, "b/one.json": ONE });
  let isGone = false;
  world.plan = ({ name, verb }) => {
    if (isGone || verb !== "dry-run" || name !== "one") return undefined;
    isGone = true;
    return { meanwhile: () => world.removeNow(configMapId("one")) };
  };
  await world.advance(5 * MINUTE_MS);
  assertEquals(owner(world, "one"), "b");
  assertMatch(world.condition("a"), /^False PathNotFound/);
  const uid = world.object(configMapId("one"))?.metadata.uid;
  world.repository.reset(before);
  await world.advance(11 * MINUTE_MS);
  assertEquals([owner(world, "one"), world.object(configMapId("one"))?.metadata.uid], ["a", uid]);
  assertEquals([ids(world, "a"), ids(world, "b")], ["one", "two"]);
  assertMatch(world.condition("b"), /^True Healthy/);
});

Deno.test("what a sync let go in a swap that Git takes back is deleted once, and not made anew", async () => {
  const world = new SyncWorld();
  const before = world.repository.commit({ "a/one.json": ONE });
  await world.sync("a", { interval: "2m" });
  await world.sync("b", { interval: "2m" });
  await world.advance(1_000);
  await follow(world, { "b/two.json": TWO });
  await follow(world, {
    "a/one.json": undefined,
    "a/two.json": TWO,
    "b/one.json": ONE,
    "b/two.json": undefined,
  });
  // Both let their own go, and neither came to the other's yet.
  assertEquals([ids(world, "a"), ids(world, "b"), owner(world, "two")], ["one,two", "one", "b"]);
  world.restart();
  world.repository.reset(before);
  await world.advance(0);
  assertMatch(world.condition("b"), /^False PathNotFound/);
  await world.advance(15 * MINUTE_MS);
  assertEquals([world.object(configMapId("two")), owner(world, "one")], [undefined, "a"]);
  assertMatch(world.condition("a"), /^True Healthy/);
  world.restart();
  await world.advance(15 * MINUTE_MS);
  assertEquals(world.object(configMapId("two")), undefined);
});

Deno.test("an object that leaves Git while it moves is deleted, also by syncs that look at the same moment", async () => {
  const world = new SyncWorld();
  world.passesAtOnce = 2;
  world.repository.commit({ "a/one.json": ONE });
  await world.sync("a", { interval: "2m" });
  await world.sync("b", { interval: "2m" });
  await world.advance(1_000);
  // `b` announces it, and `a` comes to nothing.
  world.plan = faultAt(
    ({ kind, name, verb }) => verb === "patch" && kind === "MeshSync" && name === "b",
    {
      crash: "after",
    },
  );
  world.restart();
  world.repository.commit({ "a/one.json": undefined, "b/one.json": ONE });
  await world.advance(0);
  assertEquals([ids(world, "a"), ids(world, "b")], ["one", "one"]);
  world.revive();
  await follow(world, { "a/two.json": TWO, "b/one.json": undefined, "b/three.json": THREE });
  await world.advance(11 * MINUTE_MS);
  assertEquals(world.object(configMapId("one")), undefined);
  assertEquals([ids(world, "a"), ids(world, "b")], ["two", "three"]);
});

Deno.test("what somebody edits by hand while it moves is put right by who takes it over", async () => {
  const world = await movingWorld({ "a/one.json": ONE, "a/two.json": TWO, "b/three.json": THREE });
  world.patchNow(configMapId("one"), { data: { value: "by hand" } });
  await follow(world, { "a/one.json": undefined, "b/one.json": configMapText("one", "2") });
  await world.advance(11 * MINUTE_MS);
  assertMatch(world.condition("b"), /^True Healthy/);
  assertEquals([world.object(configMapId("one"))?.["data"], owner(world, "one")], [
    { value: "2" },
    "b",
  ]);
});

Deno.test("what somebody edits by hand is not taken over from a sync that is gone and left it", async () => {
  const world = await movingWorld({ "a/one.json": ONE, "b/three.json": THREE });
  await world.sync("a", { interval: "2m", deletionPolicy: "Orphan" });
  await world.advance(1_000);
  world.removeNow(meshSyncId("a"));
  await world.advance(MINUTE_MS);
  assertEquals(world.meshSync("a"), undefined);
  world.patchNow(configMapId("one"), { data: { value: "by hand" } });
  await follow(world, { "a/one.json": undefined, "b/one.json": configMapText("one", "2") });
  await world.advance(11 * MINUTE_MS);
  assertMatch(world.condition("b"), /^False FieldConflict: .*kubectl/);
  assertEquals(world.object(configMapId("one"))?.["data"], { value: "by hand" });
});

for (const isRestarted of [false, true]) {
  const when = isRestarted ? ", after a restart" : "";
  Deno.test(`what was let go by a sync that is gone since, and leaves Git before it is taken over, is deleted${when}`, async () => {
    const world = await movingWorld({
      "a/one.json": ONE,
      "a/two.json": TWO,
      "b/three.json": THREE,
    });
    await follow(world, { "a/one.json": undefined, "b/one.json": ONE });
    for (let left = 20; ids(world, "a") !== "two" && left > 0; left--) await world.advance(1_000);
    assertEquals([ids(world, "b"), owner(world, "one")], ["one,three", "a"]);
    world.removeNow(meshSyncId("a"));
    if (isRestarted) world.restart();
    world.repository.commit({ "b/one.json": undefined });
    await world.advance(11 * MINUTE_MS);
    assertEquals([world.meshSync("a"), world.object(configMapId("one"))], [undefined, undefined]);
    assertMatch(world.condition("b"), /^True Healthy/);
    assertEquals(world.status("b").inventory, [{ id: "shop_three__ConfigMap", version: "v1" }]);
  });
}

Deno.test("what carries the labels of a sync that is gone, and was never let go, stays when it leaves Git", async () => {
  const world = await movingWorld({ "a/one.json": ONE, "b/three.json": THREE });
  await world.sync("a", { interval: "2m", deletionPolicy: "Orphan" });
  await world.advance(1_000);
  world.removeNow(meshSyncId("a"));
  await world.advance(MINUTE_MS);
  world.patchNow(configMapId("one"), { data: { value: "by hand" } });
  await follow(world, { "a/one.json": undefined, "b/one.json": configMapText("one", "2") });
  await world.advance(5 * MINUTE_MS);
  assertMatch(world.condition("b"), /^False FieldConflict/);
  await follow(world, { "b/one.json": undefined });
  await world.advance(11 * MINUTE_MS);
  assertMatch(world.condition("b"), /^True Healthy/);
  assertEquals(world.object(configMapId("one"))?.["data"], { value: "by hand" });
});

Deno.test("what a sync without a folder made anew while it moved is not called applied and healthy by who wants it", async () => {
  const world = await movingWorld({ "a/one.json": ONE });
  await world.advance(20_000);
  world.repository.commit({ "a/one.json": undefined, "b/one.json": configMapText("one", "2") });
  // `b` tries again and again; somebody deletes the object before a try of it, and once more when it made it.
  let isGone = false;
  let isMade = false;
  world.plan = ({ kind, name, verb }) => {
    const meanwhile = () => world.removeNow(configMapId("one"));
    if (!isGone && verb === "dry-run" && name === "one") {
      isGone = /FieldConflict/.test(world.condition("b"));
      return isGone ? { meanwhile } : undefined;
    }
    const isSaid = kind === "MeshSync" && verb === "patch" && name === "b";
    if (isMade || !isSaid || owner(world, "one") !== "b") return undefined;
    isMade = true;
    return { meanwhile };
  };
  const lies: string[] = [];
  for (let left = 300; left > 0; left--) {
    await world.advance(1_000);
    const said = world.condition("b");
    if (said.startsWith("True") && owner(world, "one") !== "b") lies.push(said);
  }
  assertEquals([isGone, isMade, owner(world, "one")], [true, true, "a"]);
  assertEquals(lies, []);
  assertMatch(world.condition("b"), /^False FieldConflict: .*"meshwright-sync\/shop\/a"/);
});

Deno.test("what two syncs drop in one commit, each of which has it in its inventory, is not left to the other by both", async () => {
  const world = await movingWorld({ "a/one.json": ONE });
  world.passesAtOnce = 2;
  // `b` announces it, and `a`, which has no folder, does not let it go.
  await follow(world, { "a/one.json": undefined, "b/one.json": ONE });
  assertMatch(world.condition("b"), /^False FieldConflict/);
  // Both drop it, and announce something else; the process ends before the first object.
  world.plan = faultAt(({ verb }) => verb === "apply", { crash: "before" });
  await follow(world, { "a/three.json": THREE, "b/one.json": undefined, "b/two.json": TWO });
  assertEquals([ids(world, "a"), ids(world, "b")], ["one,three", "one,two"]);
  world.revive();
  world.restart();
  await world.advance(11 * MINUTE_MS);
  assertEquals(world.object(configMapId("one")), undefined);
  assertEquals([ids(world, "a"), ids(world, "b")], ["three", "two"]);
  assertMatch(world.condition("a"), /^True Healthy/);
  assertMatch(world.condition("b"), /^True Healthy/);
});

Deno.test("what a sync announced, did not get and has no folder for leaves its inventory, as after a restart", async () => {
  const { metadata, ...one } = JSON.parse(ONE);
  const annotations = { "gitops.functionmesh.io/force": "true" };
  const FORCED = JSON.stringify({ ...one, metadata: { ...metadata, annotations } });
  const world = new SyncWorld();
  world.repository.commit({ "a/one.json": ONE });
  await world.sync("a", { interval: "2m" });
  await world.sync("b", { interval: "20m" });
  await world.advance(1_000);
  world.repository.commit({ "a/one.json": undefined, "b/one.json": FORCED });
  await world.advance(25 * MINUTE_MS);
  assertEquals([ids(world, "a"), ids(world, "b"), owner(world, "one")], ["", "one", "b"]);
  // What `a` announces now it does not get, as `b` has it and looks later.
  world.repository.commit({ "a/one.json": ONE, "b/one.json": undefined });
  for (let left = 300; ids(world, "a") !== "one" && left > 0; left--) await world.advance(1_000);
  assertMatch(world.condition("a"), /^False FieldConflict/);
  world.repository.commit({ "a/one.json": undefined, "b/one.json": FORCED });
  await world.advance(25 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False PathNotFound/);
  assertEquals([ids(world, "a"), ids(world, "b"), owner(world, "one")], ["", "one", "b"]);
});
