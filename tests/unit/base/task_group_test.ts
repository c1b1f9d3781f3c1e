import { assertEquals, assertRejects } from "@std/assert";
import { TaskGroup } from "#base";
import { settled } from "../../support/fake_clock.ts";

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

Deno.test("TaskGroup stops the others when one fails, and waits until they have ended", async () => {
  const group = new TaskGroup(new AbortController().signal);
  const drained = Promise.withResolvers<void>();
  const ends: string[] = [];
  group.start(async (signal) => {
    await whenAborted(signal);
    await drained.promise;
    ends.push("drained");
  });
  group.start(() => Promise.reject(new Error("first")));
  group.start(async (signal) => {
    await whenAborted(signal);
    throw new Error("second");
  });
  const ended = group.ended().finally(() => ends.push("ended"));
  await settled();
  assertEquals(ends, []);
  drained.resolve();
  await assertRejects(() => ended, Error, "first");
  assertEquals(ends, ["drained", "ended"]);
});

Deno.test("TaskGroup ends in order with the outer signal, and tells what threw its reason", async () => {
  const outer = new AbortController();
  const quiet = new TaskGroup(outer.signal);
  quiet.start(whenAborted);
  const loud = new TaskGroup(outer.signal);
  loud.start(async (signal) => {
    await whenAborted(signal);
    signal.throwIfAborted();
  });
  outer.abort(new Error("shutdown"));
  await quiet.ended();
  await assertRejects(() => loud.ended(), Error, "shutdown");
  const late = new TaskGroup(outer.signal);
  assertEquals(late.signal.aborted, true);
  await late.ended();
});

Deno.test("TaskGroup waits for tasks that a task starts, and takes stop() for the end", async () => {
  const group = new TaskGroup(new AbortController().signal);
  const ends: string[] = [];
  group.start(async () => {
    await settled();
    group.start(async (signal) => {
      await whenAborted(signal);
      ends.push("inner");
      signal.throwIfAborted();
    });
    ends.push("outer");
  });
  const ended = group.ended();
  await settled();
  await settled();
  assertEquals(ends, ["outer"]);
  group.stop();
  await ended;
  assertEquals(ends, ["outer", "inner"]);
});
