import { assert, assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "#base";
import { jsonLines, StreamError } from "../../src/kube/json_lines.ts";
import {
  stepAfter,
  WATCH_START,
  type WatchEnd,
  type WatchState,
} from "../../src/kube/watch_state.ts";

const WATCHING: WatchState = { at: "watch", resourceVersion: "7", failures: 0 };

function failed(
  cause: Extract<WatchEnd, { ended: "failed" }>["cause"],
  fruitful = false,
): WatchEnd {
  return { ended: "failed", resourceVersion: "9", fruitful, cause };
}

Deno.test("stepAfter() watches from the version of a complete list", () => {
  assertEquals(stepAfter(WATCH_START, { ended: "listed", resourceVersion: "3" }, 0.5), {
    state: { at: "watch", resourceVersion: "3", failures: 0 },
    delayMs: 0,
  });
});

Deno.test("stepAfter() goes on at once after a regular end, and slowly when ends bring nothing", () => {
  const closed = { ended: "closed", resourceVersion: "9" } as const;
  assertEquals(stepAfter(WATCHING, { ...closed, fruitful: true }, 1).delayMs, 0);
  const empty = stepAfter(WATCHING, { ...closed, fruitful: false }, 1);
  assertEquals(empty, { state: { at: "watch", resourceVersion: "9", failures: 1 }, delayMs: 200 });
  assertEquals(stepAfter(empty.state, { ...closed, fruitful: false }, 1).delayMs, 400);
});

Deno.test("stepAfter() lists again at once when the version expired, later when that repeats", () => {
  const first = stepAfter(WATCHING, failed("expired"), 1);
  assertEquals(first, { state: { at: "list", failures: 1 }, delayMs: 0 });
  assertEquals(stepAfter(first.state, failed("expired"), 1).delayMs, 400);
});

Deno.test("stepAfter() keeps the version through network failures, but not for ever", () => {
  let state: WatchState = WATCHING;
  const ways: string[] = [];
  for (let index = 0; index < 8; index++) {
    state = stepAfter(state, failed("network"), 1).state;
    ways.push(state.at);
  }
  assertEquals(ways, [...Array(6).fill("watch"), "list", "list"]);
});

Deno.test("stepAfter() waits longer with every failure, up to a limit, less where a kind is awaited", () => {
  const late: WatchState = { at: "list", failures: 20 };
  assertEquals(stepAfter(late, failed("server"), 1).delayMs, 30_000);
  assertEquals(stepAfter(late, failed("server"), 0).delayMs, 15_000);
  assertEquals(stepAfter(late, failed("not_served"), 1).delayMs, 5_000);
  assertEquals(stepAfter(late, failed("network", true), 1).delayMs, 200);
});

function streamOf(...chunks: (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return ReadableStream.from(
    chunks.map((chunk) => typeof chunk === "string" ? encoder.encode(chunk) : chunk),
  );
}

async function read(stream: ReadableStream<Uint8Array>, silentMs = 1_000): Promise<unknown[]> {
  const signal = new AbortController().signal;
  return await Array.fromAsync(jsonLines(stream, { silentMs, clock: systemClock, signal }));
}

Deno.test("jsonLines() puts lines together wherever they were cut, also inside a character", async () => {
  const bytes = new TextEncoder().encode('{"name":"größe"}\n{"n":2}\n\n{"n"');
  const cuts = Array.from({ length: bytes.length }, (_, index) => bytes.slice(index, index + 1));
  assertEquals(await read(streamOf(...cuts)), [{ name: "größe" }, { n: 2 }]);
  assertEquals(await read(streamOf(bytes)), [{ name: "größe" }, { n: 2 }]);
});

Deno.test("jsonLines() tells silence and garbage apart", async () => {
  const never = new ReadableStream<Uint8Array>({});
  const silent = await assertRejects(() => read(never, 20), StreamError);
  assertEquals(silent.state, "silent");
  const garbage = await assertRejects(() => read(streamOf("{}\n", "nope\n")), StreamError);
  assertEquals(garbage.state, "garbage");
  assert(garbage.cause instanceof SyntaxError);
});

Deno.test("jsonLines() ends when its signal aborts, and lets the stream go", async () => {
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    cancel() {
      cancelled = true;
    },
  });
  const stop = new AbortController();
  const values = Array.fromAsync(jsonLines(stream, {
    silentMs: 60_000,
    clock: systemClock,
    signal: stop.signal,
  }));
  stop.abort();
  assertEquals([await values, cancelled], [[], true]);
});
