import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { deadline, systemClock } from "#base";
import { FakeClock, settled } from "../../support/fake_clock.ts";
import { turnsDuring } from "../../support/turns.ts";

/** Longer than a timer can be (2^31 - 1 ms): 30 days. */
const LONG_MS = 30 * 24 * 3_600_000;

Deno.test("systemClock.sleep() of 30 days or for ever does not end at once", async () => {
  const stop = new AbortController();
  let ended = 0;
  const sleeps = [LONG_MS, Number.MAX_SAFE_INTEGER, Infinity].map((delayMs) =>
    systemClock.sleep(delayMs, stop.signal).finally(() => ended++)
  );
  await systemClock.sleep(20);
  assertEquals(ended, 0);
  stop.abort(new Error("stopped"));
  for (const sleep of sleeps) await assertRejects(() => sleep, Error, "stopped");
});

Deno.test("systemClock.sleep() lasts as long as it was told, by the clock that never jumps", async () => {
  for (const delayMs of [0, 1, 7.5, 20]) {
    const startMs = systemClock.monotonicMs();
    await systemClock.sleep(delayMs);
    assertEquals(systemClock.monotonicMs() - startMs >= delayMs, true, `${delayMs} ms`);
  }
  await systemClock.sleep(-5);
  await assertRejects(() => systemClock.sleep(NaN), RangeError, "Cannot sleep for NaN ms");
});

Deno.test("C2: of a hundred who work for long and let others have a turn, one goes on in each turn", async () => {
  let [pieces, most, before] = [0, 0, 0];
  const work = async () => {
    for (let piece = 0; piece < 5; piece++) {
      await systemClock.sleep(0);
      pieces++;
    }
  };
  const workers = Array.from({ length: 100 }, work);
  const turns = await turnsDuring(async () => {
    const looking = (async () => {
      while (pieces < 500) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        [most, before] = [Math.max(most, pieces - before), pieces];
      }
    })();
    await Promise.all([...workers, looking]);
  });
  // Two where a timer came due just after a turn had begun.
  assertEquals(most <= 2, true, `${most} in one turn`);
  assertEquals(turns >= 250, true, `${turns} turns`);
});

Deno.test("systemClock.sleep() with an aborted signal rejects with its reason", async () => {
  await assertRejects(
    () => systemClock.sleep(LONG_MS, AbortSignal.abort(new Error("no"))),
    Error,
    "no",
  );
});

Deno.test("deadline() aborts its signal when time is up, and says so", async () => {
  const clock = new FakeClock();
  using limit = deadline(LONG_MS, { clock });
  await clock.advance(LONG_MS - 1);
  assertEquals([limit.signal.aborted, limit.isExpired], [false, false]);
  await clock.advance(1);
  assertEquals([limit.signal.aborted, limit.isExpired], [true, true]);
  assertEquals((limit.signal.reason as DOMException).name, "TimeoutError");
  const reason = new Error("too late");
  using other = deadline(5, { clock, reason });
  await clock.advance(5);
  assertStrictEquals(other.signal.reason, reason);
});

Deno.test("deadline() follows the outer signal, and leaves no timer behind", async () => {
  const clock = new FakeClock();
  const outer = new AbortController();
  using limit = deadline(1_000, { clock, signal: outer.signal });
  using late = deadline(1_000, { clock, signal: AbortSignal.abort("before") });
  assertEquals(late.signal.reason, "before");
  const reason = new Error("shutdown");
  outer.abort(reason);
  assertStrictEquals(limit.signal.reason, reason);
  assertEquals([limit.isExpired, late.isExpired], [false, false]);
  await settled();
  assertEquals(clock.sleeping, 0);
});

Deno.test("deadline() that was left never aborts, and does not listen any more", async () => {
  const clock = new FakeClock();
  const outer = new AbortController();
  let listeners = 0;
  const { signal } = outer;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  signal.removeEventListener = (
    ...args: Parameters<typeof remove>
  ) => (listeners--, remove(...args));
  let kept: AbortSignal;
  {
    using limit = deadline(1_000, { clock, signal });
    kept = limit.signal;
    assertEquals([listeners, clock.sleeping], [1, 1]);
  }
  assertEquals([listeners, clock.sleeping], [0, 0]);
  outer.abort();
  await clock.advance(2_000);
  assertEquals(kept.aborted, false);
});

Deno.test("deadline() is over when its clock cannot sleep", async () => {
  using limit = deadline(NaN, { clock: new FakeClock() });
  await settled();
  assertEquals([limit.signal.aborted, limit.isExpired], [true, false]);
});
