import { assertEquals, assertRejects } from "@std/assert";
import { Turns } from "#gitops";

const { signal } = new AbortController();

Deno.test("Turns lets only so many work at once, in the order in which they came", async () => {
  const turns = new Turns(2);
  const ends = ["a", "b", "c", "d"].map((name) => ({ name, ...Promise.withResolvers<void>() }));
  const started: string[] = [];
  const all = ends.map(({ name, promise }) =>
    turns.take(() => {
      started.push(name);
      return promise;
    }, signal)
  );
  assertEquals(started, ["a", "b"]);
  ends[1]?.resolve();
  await all[1];
  assertEquals(started, ["a", "b", "c"]);
  ends.forEach((end) => end.resolve());
  await Promise.all(all);
  assertEquals(started, ["a", "b", "c", "d"]);
});

Deno.test("Turns gives a turn on when the work fails, and passes over who no longer waits", async () => {
  const turns = new Turns(1);
  const stop = new AbortController();
  const first = Promise.withResolvers<void>();
  const failing = turns.take(() => first.promise, signal);
  let ran = false;
  const given = turns.take(() => {
    ran = true;
    return Promise.resolve();
  }, stop.signal);
  const last = turns.take(() => Promise.resolve("last"), signal);
  stop.abort(new Error("the pass took too long"));
  await assertRejects(() => given, Error, "the pass took too long");
  first.reject(new Error("refused"));
  await assertRejects(() => failing, Error, "refused");
  assertEquals([await last, ran], ["last", false]);
});

Deno.test("Turns: who waits for somebody else for long lends the turn, and takes another one to go on", async () => {
  const turns = new Turns(1, { patienceMs: 20 });
  const answer = Promise.withResolvers<string>();
  const other = Promise.withResolvers<void>();
  const order: string[] = [];
  const lender = turns.take(async (turn) => {
    order.push(await turn.lend(() => Promise.resolve("at once"), signal));
    order.push(await turn.lend(() => answer.promise, signal));
  }, signal);
  const borrower = turns.take(async () => {
    order.push("borrowed");
    await other.promise;
    order.push("given back");
  }, signal);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assertEquals(order, ["at once", "borrowed"]);
  answer.resolve("answered");
  await new Promise((resolve) => setTimeout(resolve, 60));
  assertEquals(order, ["at once", "borrowed"], "the turn is still the other one's");
  other.resolve();
  await Promise.all([lender, borrower]);
  assertEquals(order, ["at once", "borrowed", "given back", "answered"]);
});

Deno.test("Turns: who gives up while waiting for the turn to come back leaves none taken", async () => {
  const turns = new Turns(1, { patienceMs: 10 });
  const stop = new AbortController();
  const answer = Promise.withResolvers<void>();
  const other = Promise.withResolvers<void>();
  const lender = turns.take((turn) => turn.lend(() => answer.promise, stop.signal), signal);
  const borrower = turns.take(() => other.promise, signal);
  await new Promise((resolve) => setTimeout(resolve, 40));
  answer.resolve();
  await Promise.resolve();
  stop.abort(new Error("time is up"));
  await assertRejects(() => lender, Error, "time is up");
  other.resolve();
  await borrower;
  assertEquals(await turns.take(() => Promise.resolve("free"), signal), "free");
});
