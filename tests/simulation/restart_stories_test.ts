/** A new process that remembers nothing says what the one before it said: of what is, not of what was remembered. */
import { assertEquals, assertMatch } from "@std/assert";
import { configMapText, functionText } from "../support/sync_texts.ts";
import { functionId, requestText, SyncWorld } from "../support/sync_world.ts";

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
