/** Many new objects of one shape: a few are tried in place of all, and what that misses is told, and put right. */
import { assertEquals, assertMatch } from "@std/assert";
import { faultAt } from "../support/fault_plan.ts";
import { functionText } from "../support/sync_texts.ts";
import { functionId, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;
const COUNT = 40;
/** One that nobody tries in place of others. */
const SPARED = "f04";

const nameOf = (at: number) => `f${String(at).padStart(2, "0")}`;

const FILES = Object.fromEntries(
  Array.from({ length: COUNT }, (_, at) => [`a/${nameOf(at)}.json`, functionText(nameOf(at), "1")]),
);

function count(world: SyncWorld, verb: string): number {
  return world.requests.filter((one) => one.verb === verb).length;
}

const there = (world: SyncWorld) =>
  Array.from({ length: COUNT }, (_, at) => at)
    .filter((at) => world.object(functionId(nameOf(at))) !== undefined).length;

Deno.test("of many Functions of one shape a few are tried before all are applied", async () => {
  const world = new SyncWorld();
  world.repository.commit(FILES);
  await world.sync("a", { interval: "2m" });
  await world.advance(1_000);
  assertEquals([count(world, "dry-run"), count(world, "apply")], [16, COUNT]);
  assertEquals(there(world), COUNT);
  assertEquals(world.errors, []);
});

Deno.test("where the API server refuses one that is tried, all are, and nothing is begun", async () => {
  const world = new SyncWorld();
  world.plan = ({ name, verb }) =>
    verb === "dry-run" && name === "f00" ? { fails: { when: "before", how: "422" } } : undefined;
  world.repository.commit(FILES);
  await world.sync("a", { interval: "2m" });
  await world.advance(1_000);
  assertMatch(world.condition("a"), /^False ApplyFailed: .*nothing was changed.*f00/);
  const tried = new Set(
    world.requests.filter(({ verb }) => verb === "dry-run").map(({ name }) => name),
  );
  // What did not reach the API server is none of its requests.
  assertEquals([tried.size, count(world, "apply")], [COUNT - 1, 0]);
  assertEquals(there(world), 0);
});

Deno.test("one that nobody tried, and that the API server refuses, is named, and comes when it may", async () => {
  const world = new SyncWorld();
  world.plan = ({ name, verb }) =>
    (verb === "dry-run" || verb === "apply") && name === SPARED
      ? { fails: { when: "before", how: "422" } }
      : undefined;
  world.repository.commit(FILES);
  await world.sync("a", { interval: "2m" });
  await world.advance(5 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False ApplyFailed: Cannot apply .*f04/);
  assertEquals(there(world), COUNT - 1);
  world.plan = () => undefined;
  await world.advance(5 * MINUTE_MS);
  assertEquals(there(world), COUNT);
  assertMatch(world.condition("a", "Applied"), /^True Applied/);
});

Deno.test("an object of somebody else that no cache shows yet keeps its fields, although nobody tried it", async () => {
  const world = new SyncWorld();
  const theirs = JSON.parse(functionText(SPARED, "theirs"));
  const object = { ...theirs, metadata: { ...theirs.metadata, namespace: "shop" } };
  world.plan = faultAt(({ name, verb }) => verb === "apply" && name === "f00", {
    meanwhile: () => world.applyNow(object, "somebody"),
  });
  world.repository.commit(FILES);
  await world.sync("a", { interval: "2m" });
  await world.advance(5 * MINUTE_MS);
  const spec = world.object(functionId(SPARED))?.spec as { readonly image?: string };
  assertEquals(spec.image, "theirs");
  assertMatch(world.condition("a"), /^False FieldConflict: .*f04.*somebody/);
});
