/** When the health of what is applied is looked at: when something tells of it, and not all the time. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { ObjectId } from "#base";
import { functionText } from "../support/sync_texts.ts";
import { functionId, SHOP, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;
/** Changes of health are told within this. */
const TOLD_MS = 3_000;

const DEPLOYMENT: ObjectId = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  namespace: SHOP,
  name: "web",
};
const DEPLOYMENT_TEXT = JSON.stringify({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: { replicas: 1, selector: {}, template: {} },
});

/** A sync `a` of a Function that is ready and a Deployment that is not, long before its time is over. */
async function verifiedWorld(
  spec: Record<string, unknown> = {},
  prepare: (world: SyncWorld) => void = () => {},
): Promise<SyncWorld> {
  const world = new SyncWorld();
  prepare(world);
  world.repository.commit({ "a/f.json": functionText("f"), "a/web.json": DEPLOYMENT_TEXT });
  await world.sync("a", { interval: "1h", healthTimeout: "30m", ...spec });
  await world.advance(1_000);
  world.setReady(functionId("f"), true);
  setAvailable(world, 0);
  await world.advance(2 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False Progressing: .*1 of 2 ready: Deployment shop\/web/);
  return world;
}

function setAvailable(world: SyncWorld, available: number): void {
  const observedGeneration = world.object(DEPLOYMENT)?.metadata.generation ?? 0;
  const counts = { replicas: 1, updatedReplicas: 1, readyReplicas: available };
  const status = { observedGeneration, ...counts, availableReplicas: available };
  world.patchNow(DEPLOYMENT, { status }, { manager: "controller", subresource: "status" });
}

/** How many passes there are in a time in which nothing happens. */
async function passesIn(world: SyncWorld, byMs: number): Promise<number> {
  let passes = 0;
  world.onPassStart = () => passes++;
  await world.advance(byMs);
  world.onPassStart = undefined;
  return passes;
}

Deno.test("what becomes healthy is told at once, and nothing is looked at before that", async () => {
  const world = await verifiedWorld();
  world.takeRequests();
  assert(await passesIn(world, 10 * MINUTE_MS) <= 10);
  assertEquals(world.takeRequests(), []);
  setAvailable(world, 1);
  await world.advance(TOLD_MS);
  assertMatch(world.condition("a"), /^True Healthy: .*2 of 2 ready/);
  // Its own status, once.
  assert(await passesIn(world, 10 * MINUTE_MS) <= 1);
});

Deno.test("what is unhealthy in other words is told in these", async () => {
  const world = await verifiedWorld();
  setAvailable(world, 1);
  world.setReady(functionId("f"), false);
  await world.advance(TOLD_MS);
  assertMatch(world.condition("a"), /Function shop\/f: 0\/1 pods ready/);
  const [ready] = (world.object(functionId("f"))?.status as { conditions: object[] }).conditions;
  const conditions = [{ ...ready, message: "0/1 pods ready: no class shop.Missing" }];
  const by = { manager: "controller", subresource: "status" } as const;
  world.patchNow(functionId("f"), { status: { conditions } }, by);
  await world.advance(TOLD_MS);
  assertMatch(world.condition("a"), /Function shop\/f: 0\/1 pods ready: no class shop\.Missing/);
});

Deno.test("a revision is unhealthy as soon as its time is over, although nothing tells so", async () => {
  const world = await verifiedWorld({ healthTimeout: "10m" });
  await world.advance(7 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False Progressing/);
  await world.advance(MINUTE_MS + TOLD_MS);
  assertMatch(world.condition("a"), /^False Unhealthy/);
  assert(await passesIn(world, 10 * MINUTE_MS) <= 10);
  setAvailable(world, 1);
  await world.advance(TOLD_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
});

Deno.test("what is ready has settled as soon as its time is over, although nothing tells so", async () => {
  const world = await verifiedWorld({ settleTime: "5m" });
  setAvailable(world, 1);
  await world.advance(2 * MINUTE_MS);
  assertMatch(world.condition("a"), /^False Progressing: .*waiting whether they stay so/);
  await world.advance(MINUTE_MS + TOLD_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
});

Deno.test("a kind that no watch tells of is asked about now and then", async () => {
  const world = await verifiedWorld({}, ({ unreadable }) => unreadable.add("Deployment"));
  setAvailable(world, 1);
  await world.advance(TOLD_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
});

Deno.test("what an expression says is looked at now and then", async () => {
  const { apiVersion, kind } = DEPLOYMENT;
  const current = "metadata.annotations[?'state'].orValue('') == 'done'";
  const world = await verifiedWorld({ health: { expressions: [{ apiVersion, kind, current }] } });
  world.patchNow(DEPLOYMENT, { metadata: { annotations: { state: "done" } } });
  await world.advance(TOLD_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
});
