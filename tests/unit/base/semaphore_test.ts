import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { pooled, Semaphore } from "#base";
import { settled } from "../../support/fake_clock.ts";

const { signal } = new AbortController();

Deno.test("Semaphore serves in the order of coming, also who comes while a permit changes hands", async () => {
  const semaphore = new Semaphore(1);
  const first = await semaphore.acquire(signal);
  const served: string[] = [];
  const take = (name: string) => semaphore.run(() => Promise.resolve(served.push(name)), signal);
  const waiting = [take("a"), take("b")];
  assertEquals(semaphore.waiting, 2);
  first[Symbol.dispose]();
  waiting.push(take("c"));
  await Promise.all(waiting);
  assertEquals(served, ["a", "b", "c"]);
  assertEquals([semaphore.free, semaphore.waiting], [1, 0]);
});

Deno.test("Semaphore takes a permit back once, and after work that failed", async () => {
  const semaphore = new Semaphore(2);
  const permit = await semaphore.acquire(signal);
  permit[Symbol.dispose]();
  permit[Symbol.dispose]();
  assertEquals(semaphore.free, 2);
  await assertRejects(
    () => semaphore.run(() => Promise.reject(new Error("bad")), signal),
    Error,
    "bad",
  );
  assertEquals(semaphore.free, 2);
});

Deno.test("Semaphore lets go who aborts: its permit is not taken", async () => {
  const semaphore = new Semaphore(1);
  const held = await semaphore.acquire(signal);
  const stop = new AbortController();
  const impatient = semaphore.acquire(stop.signal);
  const patient = semaphore.acquire(signal);
  stop.abort(new Error("enough"));
  await assertRejects(() => impatient, Error, "enough");
  held[Symbol.dispose]();
  using _permit = await patient;
  assertEquals([semaphore.free, semaphore.waiting], [0, 0]);
  await assertRejects(() => semaphore.acquire(stop.signal), Error, "enough");
});

Deno.test("Semaphore wants a whole number of permits", () => {
  for (const permits of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => new Semaphore(permits), RangeError, `${permits} permits`);
  }
});

Deno.test("pooled() keeps to its limit and to the order of the items", async () => {
  let [running, most] = [0, 0];
  const results = await pooled([30, 10, 20, 0], 2, async (item, index) => {
    most = Math.max(most, ++running);
    for (let turn = 0; turn < item; turn++) await Promise.resolve();
    running--;
    return `${index}:${item}`;
  });
  assertEquals(results, ["0:30", "1:10", "2:20", "3:0"]);
  assertEquals(most, 2);
  assertEquals(await pooled([], 3, () => Promise.resolve(1)), []);
});

Deno.test("pooled() begins nothing after a failure, and throws the first when all have ended", async () => {
  const begun: number[] = [];
  const slow = Promise.withResolvers<void>();
  let isThrown = false;
  const work = pooled([1, 2, 3, 4], 2, (item) => {
    begun.push(item);
    if (item === 1) return slow.promise.then(() => Promise.reject(new Error("second")));
    throw new Error("first");
  }).catch((error) => {
    isThrown = true;
    return error;
  });
  await settled();
  assertEquals([begun, isThrown], [[1, 2], false]);
  slow.resolve();
  assertEquals((await work as Error).message, "first");
  assertEquals(begun, [1, 2]);
});

Deno.test("Semaphore gives permits to shares in turn, whoever of them came first and in whatever number", async () => {
  const { signal } = new AbortController();
  const semaphore = new Semaphore(1);
  const order: string[] = [];
  const first = await semaphore.acquire(signal, "loud");
  const use = async (name: string, share: string) => {
    using _permit = await semaphore.acquire(signal, share);
    order.push(name);
    await Promise.resolve();
  };
  const all = [
    ...["l1", "l2", "l3", "l4"].map((name) => use(name, "loud")),
    ...["q1", "q2"].map((name) => use(name, "quiet")),
  ];
  first[Symbol.dispose]();
  await Promise.all(all);
  assertEquals(order, ["q1", "l1", "q2", "l2", "l3", "l4"]);
});

Deno.test("Semaphore gives a permit to the share that holds the fewest", async () => {
  const { signal } = new AbortController();
  const semaphore = new Semaphore(3);
  const held = [
    await semaphore.acquire(signal, "a"),
    await semaphore.acquire(signal, "a"),
    await semaphore.acquire(signal, "b"),
  ];
  const order: string[] = [];
  for (const share of ["a", "b", "c"]) {
    semaphore.acquire(signal, share).then(() => order.push(share));
  }
  for (const permit of held) permit[Symbol.dispose]();
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  assertEquals(order, ["c", "a", "b"]);
});

Deno.test("Semaphore keeps a place for others where one share may not hold all of them", async () => {
  const { signal } = new AbortController();
  const semaphore = new Semaphore(3, { shareMax: 2 });
  const order: string[] = [];
  const [first] = [await semaphore.acquire(signal, "a"), await semaphore.acquire(signal, "a")];
  semaphore.acquire(signal, "a").then(() => order.push("a"));
  semaphore.acquire(signal, "b").then(() => order.push("b"));
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  assertEquals([order, semaphore.free, semaphore.waiting], [["b"], 0, 1]);
  first[Symbol.dispose]();
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  assertEquals([order, semaphore.waiting], [["b", "a"], 0]);
});

Deno.test("Semaphore has one listener on a signal, however many wait with it, and none once nobody does", async () => {
  const stop = new AbortController();
  const { signal } = stop;
  const listeners = new Set<unknown>();
  const [add, remove] = [signal.addEventListener, signal.removeEventListener].map((method) =>
    method.bind(signal) as (...args: unknown[]) => void
  );
  let most = 0;
  signal.addEventListener = (...args: unknown[]) => {
    listeners.add(args[1]);
    most = Math.max(most, listeners.size);
    add?.(...args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listeners.delete(args[1]);
    remove?.(...args);
  };
  const semaphore = new Semaphore(2);
  const work = () => new Promise((resolve) => setTimeout(resolve, 0));
  const run = () => semaphore.run(work, signal);
  await Promise.all(Array.from({ length: 100 }, run));
  assertEquals([most, listeners.size], [1, 0]);
  // Who comes later with the same signal is let go as well.
  const held = await Promise.all([semaphore.acquire(signal), semaphore.acquire(signal)]);
  const waiting = [semaphore.acquire(signal), semaphore.acquire(signal)];
  stop.abort(new Error("over"));
  for (const one of waiting) await assertRejects(() => one, Error, "over");
  assertEquals([held.length, semaphore.waiting], [2, 0]);
});
