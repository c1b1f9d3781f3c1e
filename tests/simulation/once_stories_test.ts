/** One run to convergence, for cron and CI, on days on which the API server fails. */
import { assertEquals, assertMatch } from "@std/assert";
import { type OnceReport, syncOnce } from "#gitops";
import { configMapText } from "../support/sync_texts.ts";
import { configMapId, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;

const KEY = { namespace: "shop", name: "a" };

/** A world with a MeshSync `a` whose status cannot be written until a time. */
async function unwritableWorld(untilMs: number): Promise<SyncWorld> {
  const world = new SyncWorld();
  world.repository.commit({ "a/one.json": configMapText("one", "1") });
  const endMs = world.clock.monotonicMs() + untilMs;
  world.plan = ({ kind, verb }) =>
    kind === "MeshSync" && verb === "patch" && world.clock.monotonicMs() < endMs
      ? { fails: { when: "before", how: "500" } }
      : undefined;
  await world.sync("a");
  return world;
}

/** How one run ends while time goes by. */
async function onceReport(world: SyncWorld, timeoutMs: number): Promise<OnceReport> {
  const run = syncOnce(KEY, world.process.context, { timeoutMs });
  await world.advance(timeoutMs + MINUTE_MS);
  return await run;
}

Deno.test("syncOnce() tries again when its status cannot be written, and ends well once it can", async () => {
  const world = await unwritableWorld(2 * MINUTE_MS);
  const report = await onceReport(world, 5 * MINUTE_MS);
  assertEquals([report.exit, report.reason], [0, "Healthy"]);
});

Deno.test("syncOnce() says what failed when time is up, with a code that fails a job", async () => {
  const world = await unwritableWorld(Infinity);
  const report = await onceReport(world, 5 * MINUTE_MS);
  assertEquals([report.exit, report.reason], [1, "SyncFailed"]);
  assertMatch(report.message, /^Cannot bring MeshSync shop\/a to its end: /);
  assertEquals(world.object(configMapId("one")), undefined);
});
