/** From a commit to ready: each commit is measured once, whatever failed on its way. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createMetrics } from "#telemetry";
import { faultAt, isStatusWrite, type PlannedRequest } from "../support/fault_plan.ts";
import { configMapText, functionText } from "../support/sync_texts.ts";
import { configMapId, functionId, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;

const FAILING = {
  "its status write": isStatusWrite("MeshSync"),
  "its deletion": ({ kind, verb }: PlannedRequest) => verb === "delete" && kind === "ConfigMap",
  "its first write": ({ kind, verb }: PlannedRequest) => verb === "apply" && kind === "Function",
};

/** A world with a Function that is ready, whose first commit is measured. */
async function healthyWorld(metrics: ReturnType<typeof createMetrics>): Promise<SyncWorld> {
  const world = new SyncWorld({ metrics });
  world.repository.commit({
    "a/f.json": functionText("f", "one"),
    "a/one.json": configMapText("one", "1"),
  });
  await world.sync("a", { interval: "1m" });
  await world.advance(1_000);
  world.setReady(functionId("f"), true);
  await world.advance(1_000);
  assertMatch(world.condition("a"), /^True Healthy/);
  return world;
}

for (const [what, fits] of Object.entries(FAILING)) {
  for (const when of ["before", "after"] as const) {
    Deno.test(`a commit's time to ready is measured once, though ${what} failed ${when} it took effect`, async () => {
      for (const how of ["409", "500", "lost"] as const) {
        const metrics = createMetrics();
        const world = await healthyWorld(metrics);
        const { count } = await measured(metrics);
        world.repository.commit({ "a/f.json": functionText("f", "two"), "a/one.json": undefined });
        world.plan = faultAt(fits, { fails: { when, how } });
        await world.advance(3 * MINUTE_MS);
        world.setReady(functionId("f"), true);
        await world.advance(15 * MINUTE_MS);
        assertMatch(world.condition("a"), /^True Healthy/, how);
        const { count: after, seconds, superseded } = await measured(metrics);
        assertEquals([after, superseded], [count + 1, 0], how);
        assert(seconds >= 120, `${how}: ${seconds} s`);
      }
    });
  }
}

Deno.test("a commit that another one overtakes is superseded once, and only the other one is measured", async () => {
  const metrics = createMetrics();
  const world = await healthyWorld(metrics);
  const { count } = await measured(metrics);
  world.repository.commit({ "a/f.json": functionText("f", "two") });
  await world.advance(3 * MINUTE_MS);
  // Looks that fail, and commits that are refused, overtake nothing.
  world.plan = faultAt(({ verb }) => verb === "git resolve", {
    fails: { when: "before", how: "500" },
  });
  await world.advance(3 * MINUTE_MS);
  world.repository.commit({ "a/bad.json": "{" });
  await world.advance(3 * MINUTE_MS);
  assertEquals((await measured(metrics)).superseded, 0);
  world.repository.commit({ "a/f.json": functionText("f", "three"), "a/bad.json": undefined });
  await world.advance(3 * MINUTE_MS);
  world.setReady(functionId("f"), true);
  await world.advance(3 * MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
  const { count: after, superseded } = await measured(metrics);
  assertEquals([after, superseded], [count + 1, 1]);
});

Deno.test("a commit that became healthy is not measured again where it is put right after a restart", async () => {
  const metrics = createMetrics();
  const world = await healthyWorld(metrics);
  const { count } = await measured(metrics);
  world.restart();
  world.patchNow(configMapId("one"), { data: { value: "edited" } });
  await world.advance(10 * MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
  const { value } = world.object(configMapId("one"))?.["data"] as { readonly value: string };
  assertEquals(value, "1");
  assertEquals((await measured(metrics)).count, count);
});

/** How many commits became ready, how many seconds that took in all, and how many others overtook. */
async function measured(metrics: ReturnType<typeof createMetrics>): Promise<
  { readonly count: number; readonly seconds: number; readonly superseded: number }
> {
  const { text } = await metrics.exposition();
  const value = (name: string) =>
    Number(new RegExp(`^${RegExp.escape(name)} (.*)$`, "m").exec(text)?.[1] ?? 0);
  return {
    count: value("mesh_commit_to_ready_seconds_count"),
    seconds: value("mesh_commit_to_ready_seconds_sum"),
    superseded: value('mesh_sync_total{result="superseded"}'),
  };
}
