import { assertEquals, assertRejects } from "@std/assert";
import type { JsonObject, KubeObject, Next } from "#base";
import { ApiError, type ClusterClient } from "#kube";
import { type ReconcileContext, StatusPace, type WakeUp } from "#reconcile";
import { recordStatus } from "../../src/reconcile/record.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { functionObject } from "../support/objects.ts";

interface World {
  readonly ctx: ReconcileContext;
  readonly clock: FakeClock;
  readonly patches: JsonObject[];
  readonly recorded: string[];
  /** What the next write answers instead of success. */
  fail: unknown;
}

/** A cluster that takes status writes, or refuses them: no more is asked of it here. */
function world(): World {
  const clock = new FakeClock(1_000);
  const patches: JsonObject[] = [];
  const recorded: string[] = [];
  const world: World = { ctx: {} as ReconcileContext, clock, patches, recorded, fail: undefined };
  const patch: ClusterClient["patch"] = (id, patch) => {
    if (world.fail !== undefined) return Promise.reject(world.fail);
    patches.push(patch);
    return Promise.resolve({ ...functionObject(id.name), status: patch["status"] } as KubeObject);
  };
  const events = {
    record: (_object: KubeObject, event: { readonly reason: string }) =>
      recorded.push(event.reason),
  };
  const ctx = { cluster: { patch }, caches: {}, clock, events, pace: new StatusPace() };
  return Object.assign(world, { ctx: ctx as unknown as ReconcileContext });
}

function ready(status: "True" | "False", reason: string, message = "") {
  const condition = { type: "Ready", status, reason, message, observedGeneration: 1 };
  return { conditions: [{ ...condition, lastTransitionTime: "2026-01-01T00:00:00Z" }] };
}

function reported(
  { ctx }: World,
  before: object | undefined,
  { status, isUrgent = false }: { readonly status: object; readonly isUrgent?: boolean },
): Promise<Next> {
  const object = { ...functionObject("orders"), status: before };
  const { signal } = new AbortController();
  return recordStatus(object, { status, isUrgent }, { ctx, signal });
}

Deno.test("recordStatus() writes nothing when nothing changed", async () => {
  const it = world();
  const status = ready("True", "Ready");
  assertEquals(await reported(it, status, { status }), { after: "change" });
  assertEquals([it.patches.length, it.recorded], [0, []]);
});

Deno.test("recordStatus() leaves alone what the metrics poll wrote", async () => {
  const it = world();
  const status = ready("True", "Ready");
  const runtime = { received: 3 };
  assertEquals(await reported(it, { ...status, runtime }, { status }), { after: "change" });
  assertEquals(it.patches, []);
  await reported(it, { ...ready("False", "Progressing"), runtime, old: 1 }, { status });
  assertEquals(it.patches as unknown[], [{
    metadata: { uid: "uid-orders" },
    status: { ...status, old: null },
  }]);
});

Deno.test("recordStatus() puts off what is no change of readiness, and says when to come back", async () => {
  const it = world();
  const [first, second] = [
    ready("False", "Progressing", "0/1"),
    ready("False", "Progressing", "1/2"),
  ];
  assertEquals(await reported(it, undefined, { status: first }), { after: "change" });
  await it.clock.advance(100);
  assertEquals(await reported(it, first, { status: second }), { after: "delay", delayMs: 400 });
  assertEquals(it.patches.length, 1);
  await it.clock.advance(400);
  assertEquals(await reported(it, first, { status: second }), { after: "change" });
  assertEquals(it.patches.length, 2);
});

Deno.test("recordStatus() writes a change of readiness and what nobody would come back for at once", async () => {
  const it = world();
  const progressing = ready("False", "Progressing");
  await reported(it, undefined, { status: progressing });
  await reported(it, progressing, { status: ready("True", "Ready") });
  await reported(it, ready("True", "Ready"), {
    status: ready("True", "Ready", "!"),
    isUrgent: true,
  });
  assertEquals([it.patches.length, it.recorded], [3, ["Ready"]]);
});

Deno.test("recordStatus() takes a deleted object for gone, and passes every other failure on", async () => {
  const it = world();
  const ask = { verb: "patch", kind: "Function" };
  const refused = (status: number, reason: string, aboutName?: string) =>
    new ApiError({ ask, status, reason, text: "no", aboutName });
  const status = ready("False", "InvalidSpec");
  it.fail = refused(404, "NotFound", "orders");
  assertEquals(await reported(it, undefined, { status }), { after: "change" });
  // The kind is not served for a moment: nothing is known of the object.
  it.fail = refused(404, "NotFound");
  await assertRejects(() => reported(it, undefined, { status }), ApiError);
  it.fail = refused(500, "InternalError");
  await assertRejects(() => reported(it, undefined, { status }), ApiError);
  assertEquals(it.recorded, []);
  it.fail = undefined;
  await reported(it, undefined, { status });
  assertEquals(it.recorded, ["InvalidSpec"]);
});

Deno.test("StatusPace remembers no more objects than it delays", () => {
  const pace = new StatusPace();
  for (let index = 0; index < 1_000; index++) pace.wrote(`uid-${index}`, index * 10);
  assertEquals(pace.delayMs("uid-999", 9_990), 500);
  assertEquals(pace.delayMs("uid-999", 10_490), 0);
  assertEquals(pace.size <= 301, true, `${pace.size} objects`);
});

Deno.test("StatusPace delays more while many wait", () => {
  let isBusy = true;
  const pace = new StatusPace(() => isBusy);
  pace.wrote("uid", 1_000);
  assertEquals([1_000, 3_999, 4_000].map((nowMs) => pace.delayMs("uid", nowMs)), [3_000, 1, 0]);
  isBusy = false;
  assertEquals(pace.delayMs("uid", 1_100), 400);
});

Deno.test("StatusPace has new objects wait while many come, for a while, and forgets them", () => {
  const pace = new StatusPace();
  const waits = (from: number, count: number, nowMs: number) =>
    Array.from({ length: count }, (_, index) => {
      const name = `uid-${from + index}`;
      return pace.newDelayMs(name, wakeUp(name), nowMs);
    });
  assertEquals(new Set(waits(0, 49, 1_000)), new Set([0]));
  // One that is seen again is no other one.
  assertEquals(waits(0, 1, 1_000), [0]);
  assertEquals(waits(49, 2, 5_000), [180_000, 180_000]);
  assertEquals(waits(0, 1, 5_000), [176_000]);
  pace.wrote("uid-7", 5_000);
  assertEquals(pace.delayMs("uid-7", 5_000), 3_000);
  assertEquals(waits(0, 1, 6_000), [0]);
  // It waits no second time, however long others come.
  for (let second = 7; second < 250; second++) waits(100 * second, 100, second * 1_000);
  assertEquals(waits(24_900, 1, 249_999), [179_001]);
  assertEquals([waits(0, 1, 249_999), waits(6_900, 1, 249_999)], [[0], [0]]);
  for (let index = 0; index < 25_000; index++) pace.wrote(`uid-${index}`, 250_000);
  pace.wrote("uid", 300_000);
  assertEquals(pace.size, 1);
});

Deno.test("StatusPace lets go on who waits when little happens to them, each once", () => {
  const pace = new StatusPace();
  const pass = (count: number, nowMs: number) =>
    Array.from({ length: count }, (_, index) => {
      const name = `uid-${index}`;
      return pace.newDelayMs(name, wakeUp(name), nowMs) > 0;
    }).filter((isWaiting) => isWaiting).length;
  assertEquals(pass(60, 1_000), 11);
  assertEquals(pace.released(5_999), []);
  // All of them are looked at again as their pods appear, and later some of them.
  assertEquals(pass(60, 2_000), 60);
  assertEquals(pass(60, 5_000), 60);
  assertEquals([pace.released(6_000), pass(49, 9_999)], [[], 49]);
  assertEquals(pace.released(9_999), []);
  pace.wrote("uid-0", 9_999);
  const names = pace.released(15_000).map(({ key }) => key.name);
  assertEquals([names.length, names[0]], [59, "uid-1"]);
  assertEquals(pace.released(15_100), []);
  assertEquals(pass(60, 15_200), 0);
});

function wakeUp(name: string): WakeUp {
  return { kind: "Function", key: { namespace: "shop", name } };
}
