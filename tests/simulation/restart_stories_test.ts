/** A new process that remembers nothing says what the one before it said: of what is, not of what was remembered. */
import { assertEquals, assertMatch } from "@std/assert";
import { faultAt } from "../support/fault_plan.ts";
import { configMapText, functionText } from "../support/sync_texts.ts";
import { configMapId, functionId, requestText, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;

const ONE = configMapText("one", "1");

/** What a new process writes of all that is as it was. */
async function writesAfterRestart(world: SyncWorld): Promise<string[]> {
  world.requests.length = 0;
  world.restart();
  await world.advance(MINUTE_MS);
  return world.requests.filter(({ isWrite }) => isWrite).map(requestText);
}

Deno.test("health after a restart is that of all a sync holds, also of what a revision drops that is applied in part", async () => {
  const world = new SyncWorld();
  world.repository.commit({ "b/f.json": functionText("f", "1") });
  await world.sync("b", { interval: "2m" });
  await world.advance(1_000);
  world.repository.commit({
    "b/f.json": undefined,
    "b/one.json": ONE,
    "a/f.json": functionText("f", "1"),
    "a/bad.json": functionText("bad", "1"),
  });
  // What it depends on does not come: it never lets go what `a` wants.
  await world.sync("b", { interval: "2m", dependsOn: [{ name: "nobody" }] });
  await world.sync("a", { interval: "2m" });
  await world.advance(5 * MINUTE_MS);
  world.setReady(functionId("bad"), false);
  world.repository.commit({ "a/bad.json": undefined, "b/bad.json": functionText("bad", "1") });
  await world.advance(5 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False FieldConflict/);
  assertMatch(world.condition("a", "Healthy"), /^False FieldConflict: 0 of 1 ready: .*shop\/bad/);
  assertEquals(await writesAfterRestart(world), []);
  assertMatch(world.condition("a", "Healthy"), /^False FieldConflict: 0 of 1 ready: .*shop\/bad/);
});

Deno.test("what only is announced, and of which nothing was made, has no health, before a restart and after it", async () => {
  const world = new SyncWorld();
  world.repository.commit({ "a/one.json": ONE });
  await world.sync("a", { interval: "2m" });
  await world.advance(1_000);
  world.plan = ({ name, verb }) =>
    verb === "apply" && name === "f" ? { fails: { when: "before", how: "422" } } : undefined;
  world.repository.commit({ "a/f.json": functionText("f", "1") });
  await world.advance(5 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False ApplyFailed/);
  assertMatch(world.condition("a", "Healthy"), /^Unknown ApplyFailed/);
  assertEquals(await writesAfterRestart(world), []);
});

for (
  const [name, files] of [
    ["its folder is gone", { "a/f.json": undefined, "b/one.json": ONE }],
    ["a newer commit is refused", { "a/x.json": "{ no" }],
  ] as const
) {
  Deno.test(`where all went back and ${name}, a restart says the same of health`, async () => {
    const world = new SyncWorld();
    world.repository.commit({ "a/one.json": ONE });
    const times = { healthTimeout: "20s", settleTime: "0s", interval: "2m" };
    await world.sync("a", { onUnhealthy: "rollback", ...times });
    await world.sync("b", { interval: "2m" });
    await world.advance(1_000);
    world.repository.commit({
      "a/one.json": undefined,
      "a/f.json": functionText("f", "bad"),
      "b/one.json": ONE,
    });
    await world.advance(10 * MINUTE_MS);
    assertEquals(world.object(functionId("f")), undefined);
    assertMatch(world.condition("a"), /^False Quarantined/);
    world.repository.commit(files);
    await world.advance(10 * MINUTE_MS);
    assertMatch(world.condition("a"), /^False (PathNotFound|InvalidManifests)/);
    assertMatch(world.condition("a", "Healthy"), /^True Healthy: 0 of 0/);
    assertEquals(await writesAfterRestart(world), []);
  });
}

for (const isRestarted of [false, true]) {
  const when = isRestarted ? ", after a restart" : "";
  Deno.test(`what another sync took over while a folder is gone does not come again when that deletes it${when}`, async () => {
    const world = new SyncWorld();
    world.repository.commit({ "a/one.json": ONE, "a/two.json": configMapText("two", "1") });
    await world.sync("a", { interval: "2m" });
    await world.sync("b", { interval: "2m" });
    await world.advance(1_000);
    // It waits for `a`, which does not come to let it go; somebody deletes it.
    const other = configMapText("one", "2");
    world.repository.commit({
      "a/one.json": undefined,
      "a/two.json": undefined,
      "b/one.json": other,
    });
    await world.advance(3 * MINUTE_MS);
    assertMatch(world.condition("b"), /^False FieldConflict/);
    const told = new Set<string>();
    world.onEvent = ({ after }) => {
      if (after?.kind === "MeshSync") told.add(world.condition("a").split(":")[0] ?? "");
    };
    world.plan = faultAt(({ name, verb }) => verb === "dry-run" && name === "one", {
      meanwhile: () => world.removeNow(configMapId("one")),
    });
    await world.advance(3 * MINUTE_MS);
    assertMatch(world.condition("b"), /^True Healthy/);
    if (isRestarted) world.restart();
    await world.advance(3 * MINUTE_MS);
    const ids = (world.status("a").inventory ?? []).map(({ id }) => id.split("_")[1]);
    assertEquals(ids, ["two"]);
    world.repository.commit({
      "b/one.json": undefined,
      "b/three.json": configMapText("three", "1"),
    });
    await world.advance(20 * MINUTE_MS);
    assertMatch(world.condition("a"), /^False PathNotFound/);
    assertEquals(world.object(configMapId("one")), undefined);
    assertEquals(await writesAfterRestart(world), []);
    assertEquals(world.object(configMapId("one")), undefined);
    assertEquals([...told], ["False PathNotFound"]);
  });
}

Deno.test("a sync whose object another one made in its place says so, and takes it when that lets it go", async () => {
  const world = new SyncWorld();
  const first = world.repository.commit({
    "a/one.json": ONE,
    "a/two.json": configMapText("two", "1"),
    "b/three.json": configMapText("three", "1"),
  });
  await world.sync("a", { interval: "10m" });
  await world.sync("b", { interval: "1m" });
  await world.advance(1_000);
  world.repository.commit({ "a/one.json": undefined, "b/one.json": configMapText("one", "2") });
  world.plan = faultAt(({ name, verb }) => verb === "dry-run" && name === "one", {
    meanwhile: () => world.removeNow(configMapId("one")),
  });
  await world.advance(2 * MINUTE_MS);
  world.repository.reset(first);
  await world.advance(30 * MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
  const one = world.object(configMapId("one"));
  const owner = one?.metadata.labels?.["gitops.functionmesh.io/name"];
  assertEquals([one?.["data"], owner], [{ value: "1" }, "a"]);
  assertEquals(await writesAfterRestart(world), []);
});

Deno.test("a quarantine lasts until all is applied that ends it: a restart in between makes nothing of what went back", async () => {
  const world = new SyncWorld();
  world.repository.commit({ "a/one.json": ONE, "b/two.json": configMapText("two", "1") });
  const times = { healthTimeout: "20s", settleTime: "0s", interval: "2m" };
  await world.sync("a", { onUnhealthy: "rollback", ...times });
  await world.sync("b", { interval: "2m" });
  await world.advance(1_000);
  const bad = functionText("f", "bad");
  world.repository.commit({ "a/one.json": configMapText("one", "2"), "a/f.json": bad });
  await world.advance(10 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False Quarantined/);
  assertEquals(world.object(functionId("f")), undefined);
  // It ends the quarantine; `b`, of which no folder is left, never lets go what it wants first.
  world.repository.commit({
    "a/one.json": ONE,
    "b/two.json": undefined,
    "a/two.json": configMapText("two", "1"),
  });
  await world.advance(10 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False FieldConflict/);
  assertEquals([world.object(functionId("f")), world.status("a").quarantined?.length], [
    undefined,
    1,
  ]);
  assertEquals(await writesAfterRestart(world), []);
  assertEquals(world.object(functionId("f")), undefined);
  world.repository.commit({ "a/two.json": undefined, "b/two.json": configMapText("two", "1") });
  while (world.object(functionId("f")) === undefined) await world.advance(1_000);
  world.setReady(functionId("f"), true);
  await world.advance(10 * MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
  assertEquals(world.events.filter(({ reason }) => reason === "Released").length, 1);
});

Deno.test("of what a sync only announced, nothing of another's counts for its health, before a restart and after it", async () => {
  const world = new SyncWorld();
  world.repository.commit({ "a/one.json": ONE });
  await world.sync("a", { interval: "2m" });
  await world.sync("b", { interval: "2m" });
  await world.advance(1_000);
  // `a` has no folder any longer, and never lets go what `b` wants.
  world.repository.commit({
    "a/one.json": undefined,
    "b/one.json": ONE,
    "b/two.json": configMapText("two", "1"),
    "b/f.json": functionText("f", "1"),
  });
  await world.advance(5 * MINUTE_MS);
  assertMatch(world.condition("b"), /^False FieldConflict/);
  world.repository.commit({
    "a/f.json": functionText("f", "1"),
    "b/one.json": undefined,
    "b/two.json": undefined,
    "b/f.json": undefined,
  });
  while (world.object(functionId("f")) === undefined) await world.advance(1_000);
  world.setReady(functionId("f"), true);
  await world.advance(15 * MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
  assertMatch(world.condition("b"), /^False PathNotFound/);
  const health = world.condition("b", "Healthy");
  assertEquals(await writesAfterRestart(world), []);
  assertEquals(world.condition("b", "Healthy"), health);
});

Deno.test("what went into quarantine, and stays until Git says that it goes, is looked after, before a restart and after it", async () => {
  const world = new SyncWorld();
  world.repository.commit({ "a/one.json": ONE });
  const times = { healthTimeout: "20s", settleTime: "0s", interval: "2m" };
  await world.sync("a", { onUnhealthy: "rollback", ...times });
  await world.advance(1_000);
  world.repository.commit({ "a/one.json": undefined, "a/f.json": functionText("f", "bad") });
  while (world.object(functionId("f")) === undefined) await world.advance(1_000);
  // While nothing can be begun, as there is no folder any longer, `one` comes back and `f` stays.
  world.repository.commit({ "a/f.json": undefined, "b/two.json": configMapText("two", "1") });
  await world.advance(10 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False PathNotFound/);
  assertEquals(world.object(configMapId("one"))?.["data"], { value: "1" });
  world.patchNow(functionId("f"), { spec: { image: "example/edited:1" } });
  await world.advance(10 * MINUTE_MS);
  const spec = world.object(functionId("f"))?.spec as { readonly image?: string };
  assertEquals(spec.image, "bad");
  assertEquals(await writesAfterRestart(world), []);
});

Deno.test("an hour in which nobody looked is no time that a revision had to become healthy (B11)", async () => {
  const world = new SyncWorld();
  world.repository.commit({ "a/one.json": ONE });
  const times = { healthTimeout: "5m", settleTime: "0s", interval: "2m" };
  await world.sync("a", { onUnhealthy: "rollback", ...times });
  await world.advance(1_000);
  world.repository.commit({ "a/f.json": functionText("f", "2") });
  world.plan = faultAt(({ name, verb }) => verb === "apply" && name === "f", { crash: "after" });
  while (world.object(functionId("f")) === undefined) await world.advance(1_000);
  world.setReady(functionId("f"), false);
  await world.advance(60 * MINUTE_MS);
  world.revive();
  await world.advance(3 * MINUTE_MS);
  assertEquals(world.status("a").quarantined ?? [], []);
  world.setReady(functionId("f"), true);
  await world.advance(5 * MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
  assertEquals(world.status("a").quarantined ?? [], []);
});

for (const hours of [-1, 1]) {
  Deno.test(`a clock that is set ${hours} h keeps no revision from being healthy, and none from going back`, async () => {
    const world = new SyncWorld();
    const image = () => (world.object(functionId("f"))?.spec as { image?: string }).image;
    world.repository.commit({ "a/f.json": functionText("f", "1") });
    const times = { healthTimeout: "5m", settleTime: "30s", interval: "1m" };
    await world.sync("a", { onUnhealthy: "rollback", ...times });
    await world.advance(1_000);
    world.setReady(functionId("f"), true);
    await world.advance(1_000);
    // What is ready has been so since a moment that is an hour away now.
    world.clock.setWall(hours * 60 * MINUTE_MS);
    await world.advance(3 * MINUTE_MS);
    assertMatch(world.condition("a"), /^True Healthy/);
    world.repository.commit({ "a/f.json": functionText("f", "2") });
    await world.advance(2 * MINUTE_MS);
    assertEquals(image(), "2");
    world.setReady(functionId("f"), false);
    world.clock.setWall(hours * 60 * MINUTE_MS);
    await world.advance(2 * MINUTE_MS);
    assertEquals(image(), "2");
    await world.advance(10 * MINUTE_MS);
    assertEquals(image(), "1");
  });
}

Deno.test("what a revision drops that is applied in part is looked after, when Git first answered that what was applied could not be had", async () => {
  const world = new SyncWorld();
  world.repository.commit({
    "a/one.json": ONE,
    "a/f.json": functionText("f", "1"),
    "b/two.json": configMapText("two", "1"),
  });
  await world.sync("a", { interval: "2m" });
  await world.sync("b", { interval: "2m" });
  await world.advance(1_000);
  // `b`, of which no folder is left, never lets go what `a` wants.
  world.repository.commit({
    "a/f.json": undefined,
    "b/two.json": undefined,
    "a/two.json": configMapText("two", "1"),
  });
  await world.advance(5 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False FieldConflict/);
  world.restart();
  // The first commit that it fetches is the newest one, the second what is applied.
  let fetches = 0;
  world.plan = ({ verb }) =>
    verb === "git fetch" && ++fetches === 2 ? { fails: { when: "before", how: "404" } } : undefined;
  await world.advance(1_000);
  world.patchNow(functionId("f"), { spec: { image: "example/edited:1" } });
  await world.advance(5 * MINUTE_MS);
  const spec = world.object(functionId("f"))?.spec as { readonly image?: string };
  assertEquals(spec.image, "1");
  assertEquals(await writesAfterRestart(world), []);
});
