/** From a commit to ready: each commit is measured once, whatever failed on its way. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createMetrics } from "#telemetry";
import { faultAt, isStatusWrite, type PlannedRequest } from "../support/fault_plan.ts";
import { configMapText, functionText } from "../support/sync_texts.ts";
import { functionId, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;

const FAILING = {
  "its status write": isStatusWrite("MeshSync"),
  "its deletion": ({ kind, verb }: PlannedRequest) => verb === "delete" && kind === "ConfigMap",
  "its first write": ({ kind, verb }: PlannedRequest) => verb === "apply" && kind === "Function",
};

for (const [what, fits] of Object.entries(FAILING)) {
  for (const when of ["before", "after"] as const) {
    Deno.test(`a commit's time to ready is measured once, though ${what} failed ${when} it took effect`, async () => {
      for (const how of ["409", "500", "lost"] as const) {
        const metrics = createMetrics();
        const world = new SyncWorld({ metrics });
        const files = {
          "a/f.json": functionText("f", "one"),
          "a/one.json": configMapText("one", "1"),
        };
        world.repository.commit(files);
        await world.sync("a", { interval: "1m" });
        await world.advance(1_000);
        world.setReady(functionId("f"), true);
        await world.advance(1_000);
        assertMatch(world.condition("a"), /^True Healthy/);
        const { count } = await commitsToReady(metrics);
        world.repository.commit({ "a/f.json": functionText("f", "two"), "a/one.json": undefined });
        world.plan = faultAt(fits, { fails: { when, how } });
        await world.advance(3 * MINUTE_MS);
        world.setReady(functionId("f"), true);
        await world.advance(15 * MINUTE_MS);
        assertMatch(world.condition("a"), /^True Healthy/, how);
        const { count: after, seconds } = await commitsToReady(metrics);
        assertEquals(after, count + 1, how);
        assert(seconds >= 120, `${how}: ${seconds} s`);
      }
    });
  }
}

/** How many commits became ready, and how many seconds that took in all. */
async function commitsToReady(
  metrics: ReturnType<typeof createMetrics>,
): Promise<{ readonly count: number; readonly seconds: number }> {
  const { text } = await metrics.exposition();
  const of = (what: string) =>
    Number(new RegExp(`^mesh_commit_to_ready_seconds_${what} (.*)$`, "m").exec(text)?.[1]);
  return { count: of("count"), seconds: of("sum") };
}
