/** Single faults that once made the GitOps loop lie, forget or hang: each is a story that ends well. */
import { assertEquals, assertMatch } from "@std/assert";
import { FINALIZERS } from "#api";
import type { KubeObject } from "#base";
import { ReadingEndedError } from "#manifests";
import { faultAt, isStatusWrite } from "../support/fault_plan.ts";
import { configMapText, functionText, serviceText } from "../support/sync_texts.ts";
import { configMapId, functionId, meshSyncId, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function value(world: SyncWorld, name: string): unknown {
  return (world.object(configMapId(name))?.["data"] as Record<string, unknown> | undefined)
    ?.["value"];
}

/** A world whose first revision is applied: ConfigMaps `one` and `two`. */
async function appliedWorld(spec: Record<string, unknown> = {}): Promise<SyncWorld> {
  const world = new SyncWorld();
  world.repository.commit({
    "a/one.json": configMapText("one", "1"),
    "a/two.json": configMapText("two", "1"),
  });
  await world.sync("a", spec);
  await world.advance(1_000);
  assertMatch(world.condition("a"), /^True Healthy/);
  return world;
}

Deno.test("a status write that fails after an apply is made up for (B1)", async () => {
  const world = await appliedWorld();
  const commit = world.repository.commit({ "a/one.json": configMapText("one", "2") });
  world.plan = faultAt(isStatusWrite("MeshSync"), { fails: { when: "before", how: "500" } });
  await world.advance(15 * MINUTE_MS);
  assertEquals(value(world, "one"), "2");
  assertEquals(world.status("a").lastAppliedRevision, `main@sha1:${commit}`);
  assertEquals(world.status("a").lastHealthyRevision, `main@sha1:${commit}`);
  // What that pass did is told by the one that could write it down.
  assertEquals(world.status("a").counts?.["configured"], 1);
});

Deno.test("a revision whose status write failed is rolled back when it is not healthy (B1)", async () => {
  const world = new SyncWorld();
  const spec = { onUnhealthy: "rollback", healthTimeout: "2m", settleTime: "0s" };
  world.repository.commit({ "a/f.json": functionText("f", "good") });
  await world.sync("a", spec);
  await world.advance(1_000);
  world.setReady(functionId("f"), true);
  await world.advance(1_000);
  assertMatch(world.condition("a"), /^True Healthy/);
  const bad = world.repository.commit({ "a/f.json": functionText("f", "bad") });
  world.plan = faultAt(isStatusWrite("MeshSync"), { fails: { when: "before", how: "500" } });
  await world.advance(15 * MINUTE_MS);
  assertEquals(world.status("a").quarantined?.map((hold) => hold.revision), [`main@sha1:${bad}`]);
  assertEquals((world.object(functionId("f"))?.spec as { image?: string }).image, "good");
});

for (const crash of ["before", "after"] as const) {
  Deno.test(`a sick revision goes back although the process died ${crash} its first object was written (F3)`, async () => {
    const world = new SyncWorld();
    const files = (image: string) => ({
      "a/f.json": functionText("f", image),
      "a/one.json": configMapText("one", image),
    });
    world.repository.commit(files("good"));
    await world.sync("a", { onUnhealthy: "rollback", healthTimeout: "2m", settleTime: "0s" });
    await world.advance(1_000);
    world.setReady(functionId("f"), true);
    await world.advance(1_000);
    assertMatch(world.condition("a"), /^True Healthy/);
    const bad = world.repository.commit(files("bad"));
    world.plan = faultAt(({ kind, verb }) => kind === "Function" && verb === "apply", { crash });
    await world.advance(11 * MINUTE_MS);
    assertEquals(world.revive(), true);
    await world.advance(15 * MINUTE_MS);
    assertEquals(world.status("a").quarantined?.map((hold) => hold.revision), [`main@sha1:${bad}`]);
    const { image } = world.object(functionId("f"))?.spec as { image?: string };
    assertEquals([image, value(world, "one")], ["good", "good"]);
  });
}

Deno.test("an object that somebody edits while a revision is being applied is put right (B2)", async () => {
  const world = await appliedWorld();
  world.repository.commit({ "a/two.json": configMapText("two", "2") });
  world.plan = faultAt(({ verb, name }) => verb === "apply" && name === "two", {
    meanwhile: () => world.patchNow(configMapId("one"), { data: { value: "edited" } }),
  });
  await world.advance(15 * MINUTE_MS);
  assertEquals([value(world, "one"), value(world, "two")], ["1", "2"]);
  assertMatch(world.condition("a"), /^True Healthy/);
});

Deno.test("an object that somebody deletes while a revision is being applied comes back (B2)", async () => {
  const world = await appliedWorld();
  world.repository.commit({ "a/two.json": configMapText("two", "2") });
  world.plan = faultAt(({ verb, name }) => verb === "apply" && name === "two", {
    meanwhile: () => world.removeNow(configMapId("one")),
  });
  await world.advance(15 * MINUTE_MS);
  assertEquals([value(world, "one"), value(world, "two")], ["1", "2"]);
});

Deno.test("a kind that may not be listed is read in another way (B3)", async () => {
  const world = new SyncWorld();
  world.unreadable.add("Service");
  world.repository.commit({ "a/web.json": serviceText("web", 80) });
  await world.sync("a");
  await world.advance(15 * MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
});

Deno.test("a kind that may not be listed sends no good commit back (B3)", async () => {
  const world = new SyncWorld();
  world.unreadable.add("Service");
  world.repository.commit({ "a/one.json": configMapText("one", "1") });
  await world.sync("a", { onUnhealthy: "rollback", healthTimeout: "2m", settleTime: "0s" });
  await world.advance(1_000);
  world.repository.commit({ "a/web.json": serviceText("web", 80) });
  await world.advance(30 * MINUTE_MS);
  assertEquals(world.status("a").quarantined ?? [], []);
  assertMatch(world.condition("a"), /^True Healthy/);
});

Deno.test("a sync that is gone applies nothing, although the cache still shows it (B24)", async () => {
  const world = new SyncWorld();
  world.repository.commit({ "a/one.json": configMapText("one", "1") });
  await world.sync("a");
  world.plan = faultAt(({ kind, verb }) => kind === "MeshSync" && verb === "patch", {
    meanwhile: () => {
      world.lag = 10;
      world.removeNow(meshSyncId("a"));
    },
  });
  await world.advance(15 * MINUTE_MS);
  world.lag = 0;
  world.process.deliver();
  await world.advance(15 * MINUTE_MS);
  assertEquals(world.meshSync("a"), undefined);
  assertEquals(value(world, "one"), undefined);
});

Deno.test("a long downtime takes no time from a deletion: a failed one is tried again (B23)", async () => {
  const world = await appliedWorld();
  world.process.crash();
  world.removeNow(meshSyncId("a"));
  await world.advance(10 * MINUTE_MS);
  world.plan = faultAt(({ name, verb }) => verb === "delete" && name === "one", {
    fails: { when: "before", how: "500" },
  });
  world.revive();
  await world.advance(15 * MINUTE_MS);
  assertEquals([value(world, "one"), value(world, "two")], [undefined, undefined]);
  assertEquals(world.meshSync("a"), undefined);
});

Deno.test("an interval of a month is a month (B5)", async () => {
  const world = await appliedWorld({ interval: "720h" });
  const commit = world.repository.commit({ "a/one.json": configMapText("one", "2") });
  world.takeRequests();
  await world.advance(24 * 24 * HOUR_MS);
  assertEquals(world.takeRequests().filter((request) => request.startsWith("git resolve")), []);
  await world.advance(8 * 24 * HOUR_MS);
  assertEquals(world.status("a").lastAppliedRevision, `main@sha1:${commit}`);
});

Deno.test("a timeout of ten minutes gives a pass ten minutes (B6)", async () => {
  const world = await appliedWorld({ timeout: "10m" });
  world.repository.commit({ "a/one.json": configMapText("one", "2") });
  world.plan = faultAt(({ verb }) => verb === "dry-run", { lateMs: 7 * MINUTE_MS });
  await world.advance(20 * MINUTE_MS);
  assertEquals(world.errors, []);
  assertEquals(value(world, "one"), "2");
});

Deno.test("a fetch of twenty minutes is waited for where spec.timeout says thirty (F7)", async () => {
  const world = await appliedWorld({ timeout: "30m" });
  world.repository.commit({ "a/one.json": configMapText("one", "2") });
  world.plan = faultAt(({ verb }) => verb === "git fetch", { lateMs: 20 * MINUTE_MS });
  await world.advance(35 * MINUTE_MS);
  assertEquals(world.errors, []);
  assertEquals(value(world, "one"), "2");
});

Deno.test("a pass that its timeout ends says so in the status (B6)", async () => {
  const world = await appliedWorld();
  world.repository.commit({ "a/one.json": configMapText("one", "2") });
  world.plan = ({ verb }) => verb === "dry-run" ? { lateMs: 24 * HOUR_MS } : undefined;
  await world.advance(30 * MINUTE_MS);
  assertMatch(
    world.condition("a"),
    /^False OutOfTime: Cannot finish within 300 s, as spec.timeout says/,
  );
});

Deno.test("a part of an inventory that could not be written is written later (B8)", async () => {
  const world = new SyncWorld();
  const names = Array.from({ length: 1_600 }, (_, index) => `c${index}`);
  const list = (of: readonly string[]) =>
    of.map((name) => configMapText(name, "1")).join("\n---\n");
  world.repository.commit({ "a/all.yaml": list(names) });
  await world.sync("a", { pruneLimit: { percent: 100 } });
  await world.advance(1_000);
  assertMatch(world.condition("a"), /^True Healthy/);
  world.repository.commit({ "a/all.yaml": list([...names, "late"]) });
  world.plan = faultAt(({ name, verb }) => verb === "apply" && name.includes("inventory"), {
    fails: { when: "before", how: "500" },
  });
  await world.advance(15 * MINUTE_MS);
  assertEquals(value(world, "late"), "1");
  world.restart();
  world.repository.commit({ "a/all.yaml": list(names) });
  await world.advance(15 * MINUTE_MS);
  assertEquals(value(world, "late"), undefined);
});

Deno.test("a finalizer that somebody else holds keeps a sync, and ours goes all the same", async () => {
  const world = await appliedWorld();
  const finalizers = [FINALIZERS.sync, "example.org/keep"];
  world.patchNow(meshSyncId("a"), { metadata: { finalizers } });
  world.removeNow(meshSyncId("a"));
  await world.advance(MINUTE_MS);
  assertEquals(world.meshSync("a")?.metadata.finalizers, ["example.org/keep"]);
  assertEquals([value(world, "one"), value(world, "two")], [undefined, undefined]);
});

Deno.test("a revision that takes too long to read is refused, and tried again ever more rarely until it can be read", async () => {
  const world = await appliedWorld();
  const { readManifests } = world;
  const atMs: number[] = [];
  let isSlow = true;
  world.readManifests = (inputs, files, call) => {
    if (!isSlow || !files.some(({ text }) => text.includes('"2"'))) {
      return readManifests(inputs, files, call);
    }
    atMs.push(world.clock.now());
    return Promise.reject(new ReadingEndedError("a/one.json"));
  };
  const commit = world.repository.commit({ "a/one.json": configMapText("one", "2") });
  await world.advance(HOUR_MS);
  assertMatch(
    world.condition("a"),
    /^False ReadingTooLong: Held back .*: a\/one\.json: reading the revision took more than 60 s/,
  );
  assertEquals(value(world, "one"), "1");
  const waits = atMs.slice(1).map((ms, index) => ms - (atMs[index] ?? 0));
  assertEquals(waits.length > 2 && (waits[0] ?? 0) < (waits.at(-1) ?? 0), true, waits.join());
  isSlow = false;
  await world.advance(HOUR_MS);
  assertEquals(value(world, "one"), "2");
  assertEquals(world.status("a").lastAppliedRevision, `main@sha1:${commit}`);
});

Deno.test("the history says of a commit that is held back why, whatever else could not be corrected", async () => {
  const world = new SyncWorld();
  world.repository.commit({ "a/one.json": configMapText("one", "1") });
  await world.sync("a", { interval: "2m" });
  await world.advance(1_000);
  world.repository.commit({ "a/one.json": undefined, "b/other.json": configMapText("other", "1") });
  world.plan = (request) =>
    request.name !== "one" || request.verb !== "dry-run" ? undefined : {
      meanwhile: () => world.plan = () => undefined,
      fails: { when: "before", how: "500" },
    };
  world.restart();
  world.removeNow(configMapId("one"));
  await world.advance(5 * 60_000);
  assertMatch(world.condition("a"), /^False PathNotFound/);
  assertEquals(world.status("a").history?.[0]?.result, "PathNotFound");
  world.takeRequests();
  world.restart();
  await world.advance(10_000);
  assertEquals(world.requests.filter(({ isWrite }) => isWrite), []);
});

Deno.test("what runs is looked after in a conflict, and judged by what was applied, after a restart too", async () => {
  const world = new SyncWorld();
  world.repository.commit({ "a/f.json": functionText("f", "good") });
  await world.sync("a", { interval: "2m" });
  await world.advance(1_000);
  world.setReady(functionId("f"), true);
  await world.advance(1_000);
  assertMatch(world.condition("a"), /^True Healthy/);
  world.applyNow(JSON.parse(configMapText("one", "mine", { namespace: "shop" })), "helm");
  // Functions come after ConfigMaps: the new one is announced, and not made.
  world.repository.commit({
    "a/one.json": configMapText("one", "1"),
    "a/g.json": functionText("g"),
  });
  await world.advance(5 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False FieldConflict/);
  const health = world.condition("a", "Healthy");
  world.takeRequests();
  world.restart();
  await world.advance(10_000);
  assertEquals(world.requests.filter(({ isWrite }) => isWrite), []);
  assertEquals(world.condition("a", "Healthy"), health);
  world.patchNow(functionId("f"), { spec: { image: "edited" } });
  await world.advance(5_000);
  assertEquals((world.object(functionId("f"))?.spec as { image?: string }).image, "good");
});

Deno.test("what went into quarantine and did not come to go back is told as it is, after a restart too", async () => {
  const world = new SyncWorld();
  const spec = { interval: "2m", onUnhealthy: "rollback", healthTimeout: "20s", settleTime: "0s" };
  world.repository.commit({ "a/one.json": configMapText("one", "1") });
  await world.sync("a", spec);
  await world.advance(1_000);
  world.repository.commit({ "a/f.json": functionText("f", "bad") });
  await world.sync("a", { ...spec, timeout: "1m" });
  await world.advance(1_000);
  world.setReady(functionId("f"), false);
  world.repository.commit({ "a/one.json": undefined, "a/f.json": undefined, "b/x.json": "{}" });
  await world.advance(5 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False PathNotFound/);
  const health = world.condition("a", "Healthy");
  assertMatch(health, /^False .*Function shop\/f/);
  world.restart();
  await world.advance(10_000);
  assertEquals(world.condition("a", "Healthy"), health);
});

Deno.test("a status that goes back while it is written is built on: what came after it is applied again (F8)", async () => {
  const world = new SyncWorld();
  world.repository.commit({
    "a/f.json": functionText("f", "1"),
    "a/two.json": configMapText("two", "1"),
  });
  await world.sync("a", { interval: "720h" });
  await world.advance(1_000);
  world.setReady(functionId("f"), true);
  await world.advance(1_000);
  const { lastAppliedRevision, lastHealthyRevision, inventory } = world.status("a");
  const two = world.object(configMapId("two"));
  const commit = world.repository.commit({ "a/two.json": undefined });
  await world.sync("a", { interval: "721h" });
  await world.advance(1_000);
  assertEquals(world.object(configMapId("two")), undefined);
  assertEquals(world.status("a").lastAppliedRevision, `main@sha1:${commit}`);
  // As when the storage is set back to an older copy, which the caches hear of one after the other.
  world.plan = faultAt(isStatusWrite("MeshSync"), {
    meanwhile: () => {
      const status = { lastAppliedRevision, lastHealthyRevision, inventory };
      const options = { manager: "somebody", subresource: "status" };
      world.patchNow(meshSyncId("a"), { status }, options);
      if (two !== undefined) {
        const { labels, annotations } = two.metadata;
        const metadata = { namespace: "shop", name: "two", labels, annotations };
        world.applyNow({ ...two, metadata } as KubeObject, "meshwright");
      }
    },
  });
  world.setReady(functionId("f"), false);
  await world.advance(MINUTE_MS);
  assertEquals(world.status("a").lastAppliedRevision, `main@sha1:${commit}`);
  assertEquals(world.object(configMapId("two")), undefined);
});

Deno.test("what a status that went back does not hold is not put right: no later commit would know of it (F8)", async () => {
  const world = await appliedWorld();
  const { lastAppliedRevision, lastHealthyRevision, inventory } = world.status("a");
  world.repository.commit({ "a/three.json": configMapText("three", "1") });
  await world.advance(11 * MINUTE_MS);
  assertEquals(value(world, "three"), "1");
  // As when the storage is set back to an older copy: objects go first, and the status is heard of late.
  world.plan = faultAt(({ kind, verb }) => kind === "MeshSync" && verb === "get", {
    meanwhile: () => {
      const status = { lastAppliedRevision, lastHealthyRevision, inventory };
      const options = { manager: "somebody", subresource: "status" };
      world.patchNow(meshSyncId("a"), { status }, options);
      world.repository.commit({
        "a/three.json": undefined,
        "a/one.json": configMapText("one", "3"),
      });
    },
  });
  world.removeNow(configMapId("three"));
  await world.advance(15 * MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
  assertEquals([value(world, "one"), value(world, "three")], ["3", undefined]);
});
