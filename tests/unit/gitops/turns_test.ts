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
