import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  afterDelay,
  AWAIT_CHANGE,
  keyText,
  type Next,
  type ObjectKey,
  StalledError,
  systemClock,
  WaitingError,
} from "#base";
import { ApiError, NotLeadingError } from "#kube";
import { Controller, type ControllerOptions } from "#runtime";
import { createLogger, createMetrics } from "#telemetry";
import { FakeClock, settled } from "../support/fake_clock.ts";

const ORDERS = { namespace: "shop", name: "orders" };
const CONFLICT = new ApiError({
  ask: { verb: "apply", kind: "StatefulSet", key: ORDERS },
  status: 409,
  reason: "Conflict",
  text: "the object has been modified",
});

/** A controller that runs on a clock of its own, with what it logged and counted. */
function running(
  reconcile: (key: ObjectKey, signal: AbortSignal) => Promise<Next>,
  options: Partial<ControllerOptions> = {},
) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const metrics = createMetrics();
  const lines: string[] = [];
  const passes: string[] = [];
  const controller = new Controller({
    name: "Function",
    reconcile: (key, signal) => {
      passes.push(`${clock.now()} ${keyText(key)}`);
      return reconcile(key, signal);
    },
    concurrency: 2,
    clock,
    random: () => 1,
    metrics,
    log: createLogger({ level: "info", sink: (line) => lines.push(line), clock }),
    signal: stop.signal,
    ...options,
  });
  const run = controller.run();
  return {
    controller,
    clock,
    lines,
    passes,
    stop,
    run,
    async counted(result: string): Promise<number> {
      const { text } = await metrics.exposition();
      const line = `mesh_reconcile_total{kind="Function",result="${result}"} `;
      return Number(text.split("\n").find((one) => one.startsWith(line))?.slice(line.length) ?? 0);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await run;
      await settled();
      assertEquals(clock.sleeping, 0, "timers left");
    },
  };
}

Deno.test("C2, M7: a namespace with fifty objects delays one with one by the pass under way and one more, whatever those take", async () => {
  const ended: string[] = [];
  await using story = running(async (key) => {
    if (key.namespace === "many") await story.clock.sleep(20_000);
    ended.push(keyText(key));
    return AWAIT_CHANGE;
  }, { concurrency: 1 });
  for (let index = 0; index < 50; index++) {
    story.controller.enqueue({ namespace: "many", name: `${index}` });
  }
  await settled();
  story.controller.enqueue({ namespace: "few", name: "one" });
  await story.clock.advance(20_000 * 60);
  assertEquals([ended.length, ended.slice(0, 3)], [51, ["many/0", "many/1", "few/one"]]);
});

Deno.test("Controller reconciles what is enqueued, once, and waits for a change", async () => {
  await using it = running(() => Promise.resolve(AWAIT_CHANGE));
  it.controller.enqueue(ORDERS);
  it.controller.enqueue(ORDERS);
  await it.clock.advance(3_600_000);
  assertEquals(it.passes, ["0 shop/orders"]);
  assertEquals([await it.counted("success"), it.controller.idle, it.lines], [1, true, []]);
});

Deno.test("Controller comes back after the delay that a pass asks for", async () => {
  await using it = running(() => Promise.resolve(afterDelay(1_000)));
  it.controller.enqueue(ORDERS);
  await it.clock.advance(2_500);
  assertEquals(it.passes, ["0 shop/orders", "1000 shop/orders", "2000 shop/orders"]);
  assertEquals(await it.counted("requeue"), 3);
});

Deno.test("Controller retries errors later and later, and logs each", async () => {
  let broken = true;
  await using it = running(() =>
    broken ? Promise.reject(new Error("no quota")) : Promise.resolve(AWAIT_CHANGE)
  );
  it.controller.enqueue(ORDERS);
  await it.clock.advance(1_399);
  assertEquals(it.passes, ["0 shop/orders", "200 shop/orders", "600 shop/orders"]);
  broken = false;
  await it.clock.advance(1);
  assertEquals([it.passes.length, await it.counted("error"), await it.counted("success")], [
    4,
    3,
    1,
  ]);
  assertEquals(it.lines.length, 3);
  assertMatch(
    it.lines[2] ?? "",
    /"level":"error".*"object":"shop\/orders","error":"no quota","failures":3/,
  );
  broken = true;
  it.controller.enqueue(ORDERS);
  await it.clock.advance(200);
  assertEquals(it.passes.length, 6, "the backoff begins anew after a success");
});

Deno.test("Controller does not retry what is stalled, and says so once", async () => {
  await using it = running(() =>
    Promise.reject(new StalledError("Invalid", "spec.java is missing"))
  );
  it.controller.enqueue(ORDERS);
  await it.clock.advance(3_600_000);
  assertEquals(it.passes.length, 1);
  it.controller.enqueue(ORDERS);
  await it.clock.advance(0);
  assertEquals([it.passes.length, it.lines.length, await it.counted("stalled")], [2, 1, 2]);
  assertMatch(
    it.lines[0] ?? "",
    /"level":"warn","message":"Stalled until it changes".*"reason":"Invalid"/,
  );
});

Deno.test("Controller comes back without alarm to what only waits", async () => {
  await using it = running(() =>
    Promise.reject(new WaitingError("NoSecret", "not there yet", 5_000))
  );
  it.controller.enqueue(ORDERS);
  await it.clock.advance(5_000);
  assertEquals([it.passes.length, it.lines, await it.counted("requeue")], [2, [], 2]);
});

Deno.test("Controller looks again quickly and quietly after a conflict (W-59)", async () => {
  let races = 2;
  await using it = running(() =>
    races-- > 0 ? Promise.reject(CONFLICT) : Promise.resolve(AWAIT_CHANGE)
  );
  it.controller.enqueue(ORDERS);
  await it.clock.advance(600);
  assertEquals([it.passes.length, it.lines, await it.counted("conflict")], [3, [], 2]);
});

Deno.test("Controller slows down an object whose failures cause changes", async () => {
  await using it: ReturnType<typeof running> = running((key) => {
    queueMicrotask(() => it.controller.enqueue(key));
    return Promise.reject(new Error("always"));
  });
  it.controller.enqueue(ORDERS);
  await it.clock.advance(10_000);
  assertEquals(it.passes.length < 20, true, `${it.passes.length} passes in 10 s`);
});

Deno.test("Controller works on as many objects at once as it may, never twice on one (W-55)", async () => {
  let running_ = 0;
  let most = 0;
  const release = Promise.withResolvers<void>();
  await using it = running(async () => {
    most = Math.max(most, ++running_);
    await release.promise;
    running_--;
    return AWAIT_CHANGE;
  });
  for (const name of ["a", "b", "c", "a"]) it.controller.enqueue({ namespace: "", name });
  await settled();
  assertEquals([most, it.controller.depth, it.controller.idle], [2, 1, false]);
  release.resolve();
  await settled();
  assertEquals([it.passes, most], [["0 a", "0 b", "0 c"], 2]);
});

Deno.test("Controller aborts a pass that takes too long, and tells of one that does not react", async () => {
  const forever = Promise.withResolvers<Next>();
  const reasons: string[] = [];
  await using it = running((key, signal) => {
    if (key.name === "deaf") return forever.promise;
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => {
        reasons.push(String(signal.reason.message));
        reject(signal.reason);
      })
    );
  }, { passMsMax: 1_000 });
  it.controller.enqueue({ namespace: "", name: "slow" });
  it.controller.enqueue({ namespace: "", name: "deaf" });
  await it.clock.advance(1_000);
  assertEquals(reasons, ["no end after 1000 ms"]);
  assertEquals(it.controller.problem(), undefined);
  await it.clock.advance(70_000);
  assertEquals(it.controller.problem(), "Function deaf has been worked on for 71 s");
  forever.resolve(AWAIT_CHANGE);
  await settled();
  assertEquals(it.controller.problem(), undefined);
});

Deno.test("Controller lets running passes end at shutdown, for a while", async () => {
  const ends: string[] = [];
  await using it = running(async (key, signal) => {
    await it.clock.sleep(key.name === "quick" ? 1_000 : 60_000, signal).catch(() => {});
    ends.push(`${it.clock.now()} ${key.name}${signal.aborted ? " aborted" : ""}`);
    return AWAIT_CHANGE;
  }, { drainMs: 5_000 });
  for (const name of ["quick", "slow", "late"]) it.controller.enqueue({ namespace: "", name });
  await settled();
  it.stop.abort();
  await it.clock.advance(5_000);
  await it.run;
  assertEquals(ends, ["1000 quick", "5000 slow aborted"]);
});

Deno.test("Controller ends passes at once when the process does not lead any longer (B4)", async () => {
  const ends: string[] = [];
  await using it = running(async (_key, signal) => {
    await it.clock.sleep(60_000, signal).catch(() => {});
    ends.push(`${it.clock.now()} ${signal.reason.message}`);
    return AWAIT_CHANGE;
  });
  it.controller.enqueue(ORDERS);
  await settled();
  it.stop.abort(new NotLeadingError("lost"));
  await it.clock.advance(0);
  await it.run;
  assertEquals(ends, ["0 lost"]);
});

Deno.test("Controller gives each object the time that it may take (B6)", async () => {
  const ends: string[] = [];
  const limits: Record<string, number> = { short: 1_000, long: 1_800_000, none: Infinity };
  await using it = running(async (key, signal) => {
    await it.clock.sleep(3_600_000, signal).catch(() => {});
    ends.push(`${it.clock.now()} ${key.name}`);
    return AWAIT_CHANGE;
  }, { concurrency: 3, passMsMax: (key) => limits[key.name] ?? 0 });
  for (const name of Object.keys(limits)) it.controller.enqueue({ namespace: "", name });
  await it.clock.advance(1_800_000);
  assertEquals(ends, ["1000 short", "1800000 long"]);
  assertEquals(it.controller.problem(), undefined);
  await it.clock.advance(1_800_000);
  assertEquals(ends.at(-1), "3600000 none");
});

Deno.test("Controller measures passes by the monotonic clock", async () => {
  const forever = Promise.withResolvers<Next>();
  await using it = running(() => forever.promise);
  it.controller.enqueue(ORDERS);
  await settled();
  it.clock.setWall(3_600_000);
  assertEquals(it.controller.problem(), undefined);
  it.clock.setWall(-7_200_000);
  await it.clock.advance(400_000);
  assertEquals(it.controller.problem(), "Function shop/orders has been worked on for 400 s");
  forever.resolve(AWAIT_CHANGE);
});

/** A controller with a thousand objects, each pass of which takes a millisecond and waits for nothing. */
function crowded(onPass: (count: number, stop: AbortController) => void) {
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  const stop = new AbortController();
  const controller = new Controller({
    name: "Function",
    reconcile: () => {
      onPass(++nowMs, stop);
      return Promise.resolve(AWAIT_CHANGE);
    },
    concurrency: 8,
    clock,
    metrics: createMetrics(),
    log: createLogger({ level: "info", sink: () => {}, clock }),
    signal: stop.signal,
  });
  for (let index = 0; index < 1_000; index++) {
    controller.enqueue({ namespace: "shop", name: `${index}` });
  }
  return controller;
}

Deno.test("Controller lets everything else have turns while thousands of passes find nothing to do", async () => {
  let turns = 0;
  const beat = setInterval(() => turns++, 0);
  await crowded((count, stop) => {
    if (count === 1_000) stop.abort();
  }).run();
  clearInterval(beat);
  assert(turns >= 10, `${turns} turns in 1,000 passes of 1 ms`);
});

Deno.test("Controller begins no pass after its signal, whoever waits for a turn", async () => {
  let passes = 0;
  await crowded((count, stop) => {
    passes = count;
    if (count === 500) stop.abort();
  }).run();
  assertEquals(passes, 500);
});
