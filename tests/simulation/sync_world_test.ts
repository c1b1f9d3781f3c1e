/** The world of MeshSyncs by itself: the loop lives in it as in a real one, and what a test plans happens. */
import { assertEquals, assertMatch } from "@std/assert";
import { faultAt, isStatusWrite } from "../support/fault_plan.ts";
import { configMapText } from "../support/sync_texts.ts";
import { configMapId, meshSyncId, SyncWorld } from "../support/sync_world.ts";

function value(world: SyncWorld, name: string): unknown {
  return (world.object(configMapId(name))?.["data"] as Record<string, unknown> | undefined)
    ?.["value"];
}

Deno.test("a world applies, corrects, prunes and deletes what Git says", async () => {
  const world = new SyncWorld();
  world.repository.commit({
    "a/one.json": configMapText("one", "1"),
    "a/two.json": configMapText("two", "1"),
  });
  await world.sync("a");
  await world.advance(1_000);
  assertMatch(world.condition("a"), /^True Healthy/);
  world.patchNow(configMapId("one"), { data: { value: "edited" } });
  await world.advance(1_000);
  assertEquals(value(world, "one"), "1");
  world.repository.commit({ "a/one.json": configMapText("one", "2"), "a/two.json": undefined });
  await world.advance(15 * 60_000);
  assertEquals([value(world, "one"), value(world, "two")], ["2", undefined]);
  world.removeNow(meshSyncId("a"));
  await world.advance(1_000);
  assertEquals([value(world, "one"), world.meshSync("a")], [undefined, undefined]);
  assertEquals(world.errors, []);
});

Deno.test("a process that crashes hears no answer and writes nothing more", async () => {
  const world = new SyncWorld();
  world.repository.commit({
    "a/one.json": configMapText("one", "1"),
    "a/two.json": configMapText("two", "1"),
  });
  world.plan = faultAt(isStatusWrite("MeshSync"), { crash: "before" }, { nth: 2 });
  await world.sync("a");
  await world.advance(60 * 60_000);
  assertEquals([value(world, "one"), world.status("a").lastAppliedRevision], ["1", undefined]);
  assertEquals([world.process.isAlive, world.clock.sleeping], [false, 0]);
  world.revive();
  await world.advance(1_000);
  assertMatch(world.condition("a"), /^True Healthy/);
});

Deno.test("a cache that lags shows what was, and tells what happened when it catches up", async () => {
  const world = new SyncWorld();
  world.repository.commit({ "a/one.json": configMapText("one", "1") });
  await world.sync("a");
  await world.advance(1_000);
  world.lag = 1;
  world.removeNow(configMapId("one"));
  await world.advance(1_000);
  assertEquals(value(world, "one"), undefined);
  world.lag = 0;
  world.process.deliver();
  await world.advance(1_000);
  assertEquals(value(world, "one"), "1");
});
