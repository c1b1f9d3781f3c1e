import { assertEquals } from "@std/assert";
import { systemClock } from "#base";
import { WorkQueue } from "#runtime";
import { Delays } from "../../src/runtime/delays.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";

/** Takes all that is due, one by one. */
async function drain(queue: WorkQueue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.depth > 0) {
    const key = await queue.take() ?? "";
    keys.push(key);
    queue.done(key);
  }
  return keys;
}

Deno.test("WorkQueue holds a key once, in the order of the first time", async () => {
  const queue = new WorkQueue({ clock: new FakeClock() });
  for (const key of ["b", "a", "b", "c", "a"]) queue.add(key);
  assertEquals(queue.depth, 3);
  assertEquals(await drain(queue), ["b", "a", "c"]);
});

Deno.test("WorkQueue gives a key to one worker at a time, and again if it was added meanwhile", async () => {
  const queue = new WorkQueue({ clock: new FakeClock() });
  queue.add("a");
  assertEquals(await queue.take(), "a");
  queue.add("a");
  queue.add("a", "periodic");
  const second = queue.take();
  let taken: string | undefined;
  second.then((key) => taken = key);
  await settled();
  assertEquals([taken, queue.depth], [undefined, 0]);
  queue.done("a");
  assertEquals(await second, "a");
  queue.done("a");
  assertEquals([queue.depth, queue.working], [0, 0]);
});

Deno.test("WorkQueue takes changes first, and lets no periodic key starve", async () => {
  const queue = new WorkQueue({ clock: new FakeClock() });
  queue.add("tick", "periodic");
  for (let index = 0; index < 10; index++) queue.add(`c${index}`);
  const order = await drain(queue);
  assertEquals(order.indexOf("tick"), 8);
  assertEquals(order.length, 11);
});

Deno.test("C2, M7: WorkQueue lets namespaces take turns, in both lanes: fifty keys of one keep another one's waiting for one", async () => {
  for (const lane of ["change", "periodic"] as const) {
    const queue = new WorkQueue({ clock: new FakeClock() });
    for (let index = 0; index < 50; index++) queue.add(`many/${index}`, lane);
    for (const key of ["one/a", "two/a", "two/b", "cluster-wide"]) queue.add(key, lane);
    const order = await drain(queue);
    assertEquals(order.slice(0, 7), [
      ...["many/0", "one/a", "two/a", "cluster-wide"],
      ...["many/1", "two/b", "many/2"],
    ]);
    // Within a namespace who came first goes first.
    const many = order.filter((key) => key.startsWith("many/"));
    assertEquals(many, Array.from({ length: 50 }, (_, index) => `many/${index}`));
  }
});

Deno.test("C2, M7: WorkQueue gives a namespace that comes again and again its turn only", async () => {
  const queue = new WorkQueue({ clock: new FakeClock() });
  for (let index = 0; index < 50; index++) queue.add(`many/${index}`);
  queue.add("one/a");
  const taken: string[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const key = await queue.take() ?? "";
    taken.push(key);
    // What changes while it is worked on is due at once.
    queue.add(key);
    queue.done(key);
  }
  assertEquals(taken, ["many/0", "one/a", "many/1", "one/a"]);
});

Deno.test("WorkQueue moves a periodic key forward when it changes", async () => {
  const queue = new WorkQueue({ clock: new FakeClock() });
  for (const key of ["a", "b"]) queue.add(key, "periodic");
  queue.add("b", "change");
  queue.add("b", "periodic");
  assertEquals(await drain(queue), ["b", "a"]);
});

Deno.test("WorkQueue.addAfter() keeps the earliest time", async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock });
  queue.addAfter("a", 500);
  queue.addAfter("a", 100);
  queue.addAfter("a", 900);
  queue.addAfter("b", 300);
  await clock.advance(99);
  assertEquals(queue.depth, 0);
  await clock.advance(1);
  assertEquals(await drain(queue), ["a"]);
  await clock.advance(1_000);
  assertEquals(await drain(queue), ["b"]);
  assertEquals([queue.delayed, clock.sleeping], [0, 0]);
});

Deno.test("WorkQueue drops a delay when a pass begins, and keeps one that is asked for during it", async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock });
  queue.addAfter("a", 500);
  queue.add("a");
  assertEquals(await queue.take(), "a");
  assertEquals(queue.delayed, 0);
  queue.addAfter("a", 200);
  queue.done("a");
  await clock.advance(199);
  assertEquals(queue.depth, 0);
  await clock.advance(1);
  assertEquals(await drain(queue), ["a"]);
  await clock.advance(1_000);
  assertEquals(queue.depth, 0);
});

Deno.test("WorkQueue.close() wakes who waits and leaves no timer", async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock });
  queue.addAfter("a", 500);
  const waiting = queue.take();
  queue.close();
  assertEquals(await waiting, undefined);
  await settled();
  assertEquals(clock.sleeping, 0);
  queue.add("b");
  queue.addAfter("c", 1);
  assertEquals([queue.depth, queue.delayed, await queue.take()], [0, 0, undefined]);
});

Deno.test("WorkQueue tells depth and wait", async () => {
  const clock = new FakeClock();
  const depths: number[] = [];
  const waitsMs: number[] = [];
  const queue = new WorkQueue({
    clock,
    onDepth: (depth) => depths.push(depth),
    onWait: (waitMs) => waitsMs.push(waitMs),
  });
  queue.add("a");
  queue.add("b");
  await clock.advance(40);
  await queue.take();
  await queue.take();
  assertEquals([depths, waitsMs], [[1, 2, 1, 0], [40, 40]]);
});

Deno.test("Delays takes keys in the order of their times, whatever the order they came in", () => {
  const delays = new Delays<number>();
  // A fixed shuffle: 7 and 1000 have no common divisor.
  for (let index = 0; index < 1_000; index++) delays.add((index * 7) % 1_000, (index * 7) % 1_000);
  for (let key = 0; key < 1_000; key += 2) delays.remove(key);
  assertEquals(delays.nextMs(), 1);
  const taken: number[] = [];
  for (let key = delays.take(2_000); key !== undefined; key = delays.take(2_000)) taken.push(key);
  assertEquals(taken, Array.from({ length: 500 }, (_, index) => 2 * index + 1));
  assertEquals([delays.size, delays.nextMs()], [0, undefined]);
});

Deno.test("WorkQueue waits for as long as it is told: a month, for ever, or no number at all (B5)", async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock });
  const monthMs = 30 * 24 * 3_600_000;
  queue.addAfter("month", monthMs);
  queue.addAfter("never", Infinity);
  queue.addAfter("broken", NaN);
  await clock.advance(599_999);
  assertEquals(queue.depth, 0);
  await clock.advance(1);
  assertEquals(await drain(queue), ["broken"]);
  await clock.advance(monthMs - 600_001);
  assertEquals(queue.depth, 0);
  await clock.advance(1);
  assertEquals(await drain(queue), ["month"]);
  assertEquals([queue.delayed, clock.sleeping], [0, 0]);
});

Deno.test("WorkQueue of the real clock does not take a month for a moment (B5)", async () => {
  const queue = new WorkQueue({ clock: systemClock });
  queue.addAfter("a", 30 * 24 * 3_600_000);
  await systemClock.sleep(30);
  assertEquals([queue.depth, queue.delayed], [0, 1]);
  queue.close();
});

Deno.test("WorkQueue keeps its delays when the clock of the day is set", async () => {
  const clock = new FakeClock(1_000_000_000);
  const queue = new WorkQueue({ clock });
  queue.addAfter("a", 1_000);
  clock.setWall(-3_600_000);
  queue.addAfter("b", 2_000);
  clock.setWall(7_200_000);
  await clock.advance(999);
  assertEquals(queue.depth, 0);
  await clock.advance(1);
  assertEquals(await drain(queue), ["a"]);
  await clock.advance(1_000);
  assertEquals(await drain(queue), ["b"]);
});

Deno.test("Delays keeps no entries of a key that comes forward again and again", () => {
  const delays = new Delays<string>();
  for (let times = 0; times < 10_000; times++) {
    delays.add("a", 20_000 - times);
    if (times % 3 === 0) delays.remove("a");
  }
  assertEquals([delays.size, delays.nextMs()], [0, undefined]);
});
