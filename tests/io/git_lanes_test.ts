import { assertEquals, assertRejects } from "@std/assert";
import { Lanes } from "#git";
import { FakeClock, settled } from "../support/fake_clock.ts";

const PATIENCE_MS = 3_000;

/** A command that ends when it is told to. */
function command(names: string[], name: string) {
  const { promise, reject, resolve } = Promise.withResolvers<string>();
  return {
    run: () => {
      names.push(name);
      return promise;
    },
    end: () => resolve(name),
    fail: () => reject(new Error(name)),
  };
}

Deno.test("Lanes: who waits longer than a moment gives the place away, and stands apart next time", async () => {
  const clock = new FakeClock();
  const lanes = new Lanes(
    { fast: 2, slow: 1, patienceMs: PATIENCE_MS, besides: 8, shareMax: 1 },
    clock,
  );
  const started: string[] = [];
  const hanging = ["a", "b", "c"].map((place) => ({ place, ...command(started, place) }));
  const ends = hanging.map(({ place, run }) => lanes.take(run, { place }));
  const healthy = command(started, "healthy");
  const answer = lanes.take(healthy.run, { place: "healthy" });
  await settled();
  assertEquals(started, ["a", "b"]);
  await clock.advance(PATIENCE_MS * 2);
  assertEquals(started, ["a", "b", "c", "healthy"], "nobody had to end for it");
  healthy.end();
  assertEquals(await answer, "healthy");

  // All that hang are known now: they share the slow lane, and the fast one is free.
  hanging.forEach(({ fail }) => fail());
  for (const end of ends) await assertRejects(() => end);
  started.length = 0;
  const again = hanging.map(({ place }) => ({ place, ...command(started, place) }));
  const second = again.map(({ place, run }) => lanes.take(run, { place }));
  const more = command(started, "healthy");
  const fast = lanes.take(more.run, { place: "healthy" });
  await settled();
  assertEquals(started.sort(), ["a", "healthy"]);
  more.end();
  await fast;
  again.forEach(({ end }) => end());
  assertEquals(await Promise.all(second), ["a", "b", "c"]);
  started.length = 0;
  const recovered = again.map(({ place }) => ({ place, ...command(started, place) }));
  const third = recovered.map(({ place, run }) => lanes.take(run, { place }));
  await settled();
  assertEquals(started.sort(), ["a", "b"], "one that answered is no slow one any longer");
  recovered.forEach(({ end }) => end());
  await Promise.all(third);
});

Deno.test("Lanes: one that fails at once holds up nobody and stays where it is; who gives up leaves the line", async () => {
  const clock = new FakeClock();
  const lanes = new Lanes({ fast: 1, slow: 1, patienceMs: PATIENCE_MS, besides: 0 }, clock);
  const started: string[] = [];
  const refused = command(started, "refused");
  refused.fail();
  await assertRejects(() => lanes.take(refused.run, { place: "refused" }));
  const first = command(started, "first");
  const holding = lanes.take(first.run, { place: "refused" });
  const stop = new AbortController();
  const given = lanes.take(command(started, "given").run, { place: "x", signal: stop.signal });
  const last = command(started, "last");
  const waiting = lanes.take(last.run, { place: "y" });
  stop.abort(new Error("no longer wanted"));
  await assertRejects(() => given, Error, "no longer wanted");
  await clock.advance(PATIENCE_MS * 2);
  assertEquals(started, ["refused", "first"], "no more places beside than allowed");
  first.end();
  await holding;
  last.end();
  assertEquals(await waiting, "last");
});

Deno.test("C2: Lanes: one share has few of the places even where many are free", async () => {
  const clock = new FakeClock();
  const lanes = new Lanes({ fast: 16, fastOfShare: 2 }, clock);
  const started: string[] = [];
  const hostile = Array.from({ length: 100 }, (_, index) => command(started, `h${index}`));
  const ends = hostile.map(({ run }, index) => lanes.take(run, { place: `h${index}`, share: "h" }));
  await settled();
  assertEquals(started, ["h0", "h1"]);
  hostile.forEach(({ end }) => end());
  await Promise.all(ends);
  assertEquals(started, hostile.map((_, index) => `h${index}`));
});

Deno.test("C2: Lanes: one share never has all places, whatever its remotes do", async () => {
  const clock = new FakeClock();
  const lanes = new Lanes({ fast: 4, slow: 4, patienceMs: PATIENCE_MS, besides: 4 }, clock);
  const started: string[] = [];
  const hostile = Array.from({ length: 30 }, (_, index) => command(started, `h${index}`));
  const ends = hostile.map(({ run }, index) => lanes.take(run, { place: `h${index}`, share: "h" }));
  const other = async (place: string) => {
    const one = command(started, place);
    const answer = lanes.take(one.run, { place, share: "other" });
    await settled();
    assertEquals(started.at(-1), place, "it started at once");
    one.end();
    await answer;
  };
  await other("first");
  await clock.advance(PATIENCE_MS * 4);
  await other("beside");
  // All that hang are known to be slow now: that lane has a place for others, too.
  hostile.forEach(({ fail }) => fail());
  for (const end of ends) await assertRejects(() => end);
  const slow = Array.from({ length: 6 }, (_, index) => command(started, `h${index}`));
  const again = slow.map(({ run }, index) => lanes.take(run, { place: `h${index}`, share: "h" }));
  await other("h0");
  slow.forEach(({ end }) => end());
  await Promise.all(again);
});
