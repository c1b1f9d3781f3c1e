import { assertEquals } from "@std/assert";
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { Bodies, type BodiesOptions } from "#telemetry";
import { FakeClock, settled } from "../support/fake_clock.ts";

/** A request whose body a test sends. */
function requestWith(headers: Record<string, string> = {}) {
  const stream = new PassThrough();
  let complete = false;
  const request = Object.assign(stream, { headers });
  Object.defineProperty(request, "complete", { get: () => complete });
  return {
    request: request as unknown as IncomingMessage,
    send: (bytes: number) => stream.write(new Uint8Array(bytes)),
    finish: () => {
      complete = true;
      stream.end();
    },
    breakOff: () => stream.destroy(),
  };
}

function bodiesWith(options: Partial<BodiesOptions> = {}) {
  const clock = new FakeClock();
  const limits = { bytesMax: 100, bytesAtOnce: 250, atOnce: 3, atOnceOfGroup: 2, limitMs: 10_000 };
  return { clock, bodies: new Bodies({ clock, ...limits, ...options }) };
}

function outcome(body: Awaited<ReturnType<Bodies["read"]>>): number | string {
  return "refused" in body ? body.refused : body.bytes.length;
}

Deno.test("Bodies reads what arrives, and refuses what is too large, too slow or broken off", async () => {
  const { bodies, clock } = bodiesWith();
  const whole = requestWith();
  const reading = bodies.read(whole.request);
  whole.send(60);
  await settled();
  whole.send(40);
  whole.finish();
  using body = await reading as Disposable & { readonly bytes: Uint8Array };
  assertEquals(body.bytes.length, 100);

  const announced = requestWith({ "content-length": "101" });
  assertEquals(outcome(await bodies.read(announced.request)), "too large");
  const large = requestWith();
  const growing = bodies.read(large.request);
  large.send(101);
  assertEquals(outcome(await growing), "too large");

  const slow = requestWith();
  const waiting = bodies.read(slow.request);
  slow.send(1);
  await clock.advance(10_000);
  assertEquals(outcome(await waiting), "too slow");

  const broken = requestWith();
  const breaking = bodies.read(broken.request);
  broken.send(1);
  await settled();
  broken.breakOff();
  assertEquals(outcome(await breaking), "broken off");
  assertEquals(clock.sleeping, 0);
});

Deno.test("M4: Bodies lets who sends slowly keep nobody out", async () => {
  const { bodies, clock } = bodiesWith();
  const slow = [requestWith(), requestWith(), requestWith()];
  const readings = slow.map(({ request }, index) => bodies.read(request, [`sender ${index}`]));
  const early = requestWith();
  assertEquals(outcome(await bodies.read(early.request, ["sender 3"])), "busy");
  await clock.advance(1_000);
  const quick = requestWith();
  const reading = bodies.read(quick.request, ["sender 3"]);
  quick.send(10);
  quick.finish();
  assertEquals(outcome(await reading), 10);
  assertEquals(outcome(await readings[0] as never), "too slow");
  for (const one of slow.slice(1)) one.finish();
  assertEquals((await Promise.all(readings.slice(1))).map(outcome), [0, 0]);
  assertEquals(clock.sleeping, 0);
});

Deno.test("Bodies gives each group its own share, where others do not wait", async () => {
  const { bodies, clock } = bodiesWith({ atOnce: 10 });
  const slow = [requestWith(), requestWith()];
  const readings = slow.map(({ request }) => bodies.read(request, ["sender a", "namespace x"]));
  await clock.advance(1_000);
  const other = requestWith();
  const reading = bodies.read(other.request, ["sender b"]);
  other.finish();
  assertEquals(outcome(await reading), 0);
  // Of the group itself, the oldest makes room.
  const next = requestWith();
  const nextReading = bodies.read(next.request, ["sender c", "namespace x"]);
  next.finish();
  assertEquals(outcome(await nextReading), 0);
  assertEquals(outcome(await readings[0] as never), "too slow");
  slow[1]?.finish();
  assertEquals(outcome(await readings[1] as never), 0);
});

Deno.test("C2: Bodies bounds the bytes of all, those that are worked on as well", async () => {
  const { bodies, clock } = bodiesWith({ atOnce: 10 });
  const held = [requestWith(), requestWith()];
  const reads = held.map(({ request }) => bodies.read(request));
  for (const one of held) {
    one.send(100);
    one.finish();
  }
  const whole = await Promise.all(reads);
  await clock.advance(1_000);
  const third = requestWith();
  const reading = bodies.read(third.request);
  third.send(60);
  // Whole bodies are not taken away from those who work on them.
  assertEquals(outcome(await reading), "busy");
  for (const body of whole) if (!("refused" in body)) body[Symbol.dispose]();
  const again = requestWith();
  const last = bodies.read(again.request);
  again.send(100);
  again.finish();
  assertEquals(outcome(await last), 100);
});

Deno.test("Bodies cuts the slowest body where bytes run out", async () => {
  const { bodies, clock } = bodiesWith({ atOnce: 10 });
  const slow = [requestWith(), requestWith(), requestWith()];
  const readings = slow.map(({ request }) => bodies.read(request));
  for (const one of slow) one.send(80);
  await settled();
  await clock.advance(1_000);
  const quick = requestWith();
  const reading = bodies.read(quick.request);
  quick.send(90);
  quick.finish();
  assertEquals(outcome(await reading), 90);
  assertEquals(outcome(await readings[0] as never), "too slow");
  await clock.advance(10_000);
  assertEquals((await Promise.all(readings)).map(outcome), ["too slow", "too slow", "too slow"]);
});
