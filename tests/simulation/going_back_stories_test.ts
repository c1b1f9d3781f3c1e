/** A revision that is not healthy goes back, whatever keeps newer ones from being applied. */
import { assertEquals, assertMatch } from "@std/assert";
import { timestamp } from "#base";
import type { FaultPlan } from "../support/fault_plan.ts";
import { configMapText, functionText } from "../support/sync_texts.ts";
import { configMapId, functionId, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function image(world: SyncWorld): string | undefined {
  return (world.object(functionId("f"))?.spec as { image?: string } | undefined)?.image;
}

const MANY = Object.fromEntries(
  Array.from({ length: 12 }, (_, at) => [`a/c${at}.json`, configMapText(`c${at}`, "1")]),
);

/** A sync `a` of a Function that is healthy as `good`, and not as the commit that was applied since. */
async function badWorld(spec: Record<string, unknown> = {}): Promise<SyncWorld> {
  const world = new SyncWorld();
  world.repository.commit({ ...MANY, "a/f.json": functionText("f", "good") });
  const times = { healthTimeout: "12m", settleTime: "0s" };
  await world.sync("a", { onUnhealthy: "rollback", ...times, ...spec });
  await world.advance(1_000);
  world.setReady(functionId("f"), true);
  await world.advance(1_000);
  assertMatch(world.condition("a"), /^True Healthy/);
  world.repository.commit({ "a/f.json": functionText("f", "bad") });
  await world.advance(11 * MINUTE_MS);
  assertEquals(image(world), "bad");
  return world;
}

const MISSING = Object.keys(MANY).map((path) => [path, undefined] as const);

const awayPlan: FaultPlan = ({ verb }) =>
  verb === "git resolve" ? { fails: { when: "before", how: "lost" } } : undefined;

/** What keeps a newer commit from being applied, and what the status says of it. */
const HINDRANCES: Record<string, readonly [act: (world: SyncWorld) => void, ready: RegExp]> = {
  "Git cannot be reached": [(world) => {
    world.plan = awayPlan;
  }, /^False GitFailed|^False RepositoryUnreachable|^False GitTimeout/],
  "a newer commit is refused": [(world) => {
    world.repository.commit({ "a/x.json": "{ no" });
  }, /^False InvalidManifests/],
  "the folder of a newer commit is empty": [(world) => {
    const paths = ["a/f.json", ...Object.keys(MANY)];
    world.repository.commit(Object.fromEntries(paths.map((path) => [path, undefined])));
  }, /^False (NothingToApply|PathNotFound)/],
  "a newer commit deletes too much": [(world) => {
    const files = Object.keys(MANY).map((path) => [path, undefined]);
    world.repository.commit(Object.fromEntries(files));
  }, /^False PruneLimit/],
};

for (const [cause, [act, ready]] of Object.entries(HINDRANCES)) {
  for (const isRestarted of [false, true]) {
    const when = isRestarted ? ", after a restart" : "";
    Deno.test(`a bad revision goes back while ${cause}${when}`, async () => {
      const world = await badWorld();
      act(world);
      await world.advance(10_000);
      if (isRestarted) world.restart();
      await world.advance(HOUR_MS);
      assertEquals(image(world), "good");
      assertMatch(world.condition("a"), ready);
      assertMatch(world.condition("a", "Applied"), /^False/);
      assertEquals(world.status("a").quarantined?.length, 1);
      world.setReady(functionId("f"), true);
      await world.advance(MINUTE_MS);
      const writes: string[] = [];
      world.onRequest = ({ isWrite, verb }) => {
        if (isWrite) writes.push(verb);
      };
      await world.advance(HOUR_MS);
      assertEquals(writes, []);
      world.plan = () => undefined;
      const fixed = functionText("f", "fixed");
      world.repository.commit({ ...MANY, "a/f.json": fixed, "a/x.json": undefined });
      await world.advance(11 * MINUTE_MS);
      assertEquals(image(world), "fixed");
    });
  }
}

Deno.test("a bad revision goes back although a newer commit waits for its window", async () => {
  const window = { kind: "allow", schedule: "0 0 * * *", duration: "20m" };
  const world = await badWorld({ healthTimeout: "30m", windows: [window] });
  await world.advance(11 * MINUTE_MS);
  world.repository.commit({ "a/x.json": configMapText("x", "1") });
  await world.advance(2 * HOUR_MS);
  assertEquals([image(world), world.object(configMapId("x"))], ["good", undefined]);
  assertMatch(world.condition("a"), /^False WaitingForWindow/);
});

Deno.test("what cannot go back, as its healthy revision is gone, is not said to be as it was, and holds up nothing (B10)", async () => {
  const world = new SyncWorld();
  world.plan = ({ verb }) =>
    verb === "git keep" ? { fails: { when: "before", how: "lost" } } : undefined;
  const good = world.repository.commit({ "a/f.json": functionText("f", "good") });
  const times = { healthTimeout: "2m", settleTime: "0s" };
  await world.sync("a", { onUnhealthy: "rollback", ...times });
  await world.advance(1_000);
  world.setReady(functionId("f"), true);
  await world.advance(1_000);
  world.repository.branches.delete("main");
  world.repository.commit({ "a/f.json": functionText("f", "bad") });
  world.repository.commits.delete(good);
  await world.advance(20 * MINUTE_MS);
  world.setReady(functionId("f"), true);
  await world.advance(20 * MINUTE_MS);
  assertEquals([image(world), world.status("a").quarantined?.[0]?.frozen], ["bad", true]);
  for (const type of ["Ready", "Applied"]) {
    assertMatch(
      world.condition("a", type),
      /^False Quarantined: .*left as it is: .* cannot be read/,
    );
  }
  // What stays as it is keeps nothing else from being applied.
  world.repository.commit({ "a/one.json": configMapText("one", "1") });
  await world.advance(20 * MINUTE_MS);
  assertEquals(world.object(configMapId("one"))?.["data"], { value: "1" });
  assertEquals([image(world), world.status("a").quarantined?.[0]?.frozen], ["bad", true]);
  await world.sync("a", { onUnhealthy: "rollback", healthTimeout: "1h" });
  world.repository.commit({ "a/f.json": functionText("f", "fixed") });
  await world.advance(20 * MINUTE_MS);
  assertEquals([image(world), world.status("a").quarantined?.length ?? 0], ["fixed", 0]);
});

Deno.test("what went back does not come again by a cache that shows it still, while a newer commit is refused", async () => {
  const world = new SyncWorld();
  const good = world.repository.commit({ "a/c0.json": configMapText("c0", "1") });
  const times = { healthTimeout: "20s", settleTime: "0s", interval: "1m" };
  await world.sync("a", { onUnhealthy: "rollback", ...times });
  await world.sync("b", { interval: "1m" });
  await world.advance(MINUTE_MS);
  const moved = configMapText("c0", "1");
  const bad = functionText("f0", "bad");
  world.repository.commit({ "a/c0.json": undefined, "b/c0.json": moved, "a/f0.json": bad });
  await world.advance(5_000);
  while (world.object(functionId("f0")) === undefined) await world.advance(5_000);
  await world.advance(3_000);
  world.lag = 1;
  while (world.object(functionId("f0")) !== undefined) await world.advance(5_000);
  world.repository.reset(good);
  await world.advance(5 * MINUTE_MS);
  world.lag = 0;
  const { metadata, ...other } = JSON.parse(functionText("other", "1"));
  world.applyNow({ ...other, metadata: { ...metadata, namespace: "shop" } }, "somebody");
  await world.advance(5 * MINUTE_MS);
  assertEquals(world.object(functionId("f0")), undefined);
});

for (
  const [what, files] of [
    ["its folder is gone", [["a/f.json", undefined], ...MISSING]],
    ["a newer commit deletes too much", MISSING],
    ["a newer commit is refused", [["a/x.json", "{ no"]]],
  ] as const
) {
  Deno.test(`a bad revision goes back while ${what}, also where Git first fails to give what was healthy`, async () => {
    const world = await badWorld();
    world.repository.commit(Object.fromEntries(files));
    // In the pass that goes back the first commit that is fetched is the newest one.
    let [fetches, failures] = [0, 0];
    world.plan = ({ verb }) => {
      if (verb === "git resolve") fetches = 0;
      const isLater = verb === "git fetch" && ++fetches > 1 && image(world) === "bad";
      const isOver = (world.status("a").quarantined ?? []).length > 0;
      if (!isLater || !isOver || failures > 0) return undefined;
      failures++;
      return { fails: { when: "before", how: "404" } };
    };
    await world.advance(HOUR_MS);
    assertEquals([image(world), failures], ["good", 1]);
  });
}

/** A sync `a` of a Function that ceases to be ready right at the end of the time that its revision has. */
async function lateBreak(): Promise<SyncWorld> {
  const world = new SyncWorld();
  world.repository.commit({ "a/f.json": functionText("f", "good") });
  const times = { healthTimeout: "60s", settleTime: "30s" };
  await world.sync("a", { onUnhealthy: "rollback", ...times });
  await world.advance(1_000);
  world.setReady(functionId("f"), true);
  await world.advance(MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
  world.repository.commit({ "a/f.json": functionText("f", "bad") });
  while (image(world) !== "bad") await world.advance(1_000);
  world.setReady(functionId("f"), false);
  await world.advance(45_000);
  world.setReady(functionId("f"), true);
  await world.advance(14_500);
  world.setReady(functionId("f"), false);
  await world.advance(2_000);
  assertEquals([image(world), world.status("a").quarantined ?? []], ["bad", []]);
  return world;
}

Deno.test("what ceases to be ready at the end of its time goes back when it stays so, with what was found out meanwhile", async () => {
  const world = await lateBreak();
  const ready = {
    type: "Ready",
    status: "False",
    reason: "Broken",
    message: "0/1 pods ready: no class shop.Missing",
    observedGeneration: world.object(functionId("f"))?.metadata.generation ?? 0,
    lastTransitionTime: timestamp(world.clock.now()),
  };
  const by = { manager: "controller", subresource: "status" } as const;
  world.patchNow(functionId("f"), { status: { conditions: [ready] } }, by);
  await world.advance(30_000);
  assertEquals(image(world), "good");
  assertMatch(world.status("a").quarantined?.[0]?.cause ?? "", /no class shop\.Missing/);
});

Deno.test("what ceases to be ready at the end of its time and comes back soon does not go back", async () => {
  const world = await lateBreak();
  world.setReady(functionId("f"), true);
  await world.advance(5 * MINUTE_MS);
  assertEquals(image(world), "bad");
  assertMatch(world.condition("a"), /^True Healthy/);
});
