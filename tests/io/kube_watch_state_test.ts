import { assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "#base";
import { jsonLines, StreamError } from "../../src/kube/json_lines.ts";
import { stepAfter, type WatchEnd, type WatchState } from "../../src/kube/watch_state.ts";

const WATCHING: WatchState = { at: "watch", resourceVersion: "7", failures: 0 };

type Failure = Extract<WatchEnd, { ended: "failed" }>;

function failed(cause: Failure["cause"], lastedMs = 0): WatchEnd {
  return { ended: "failed", resourceVersion: "9", lastedMs, cause };
}

Deno.test("stepAfter() watches from the version of a complete list, and forgets no failures by it", () => {
  const listed = { ended: "listed", resourceVersion: "3" } as const;
  for (const failures of [0, 4]) {
    assertEquals(stepAfter({ at: "list", failures }, listed, 0.5), {
      state: { at: "watch", resourceVersion: "3", failures },
      delayMs: 0,
    });
  }
});

Deno.test("stepAfter() goes on at once after a regular end, and slowly when ends come soon", () => {
  const closed = { ended: "closed", resourceVersion: "9" } as const;
  const regular = stepAfter({ ...WATCHING, failures: 5 }, { ...closed, lastedMs: 230_000 }, 1);
  const state = { at: "check", resourceVersion: "9" } as const;
  assertEquals(regular, { state: { ...state, failures: 0 }, delayMs: 0 });
  const soon = stepAfter(WATCHING, { ...closed, lastedMs: 0 }, 1);
  assertEquals(soon, { state: { ...state, failures: 1 }, delayMs: 200 });
  assertEquals(stepAfter(soon.state, { ...closed, lastedMs: 100 }, 1).delayMs, 300);
});

Deno.test("stepAfter() lists again when a watch of a kind that is defined ends before its time", () => {
  const closed = { ended: "closed", resourceVersion: "9", isCutShort: true } as const;
  const late = stepAfter({ ...WATCHING, failures: 5 }, { ...closed, lastedMs: 100_000 }, 1);
  assertEquals(late, { state: { at: "list", failures: 0 }, delayMs: 0 });
  const soon = stepAfter(WATCHING, { ...closed, lastedMs: 0 }, 1);
  assertEquals(soon, { state: { at: "list", failures: 1 }, delayMs: 200 });
});

Deno.test("stepAfter() watches on from a version that the server has come to", () => {
  const checked = { ended: "checked", resourceVersion: "12" } as const;
  const state = { at: "check", resourceVersion: "9", failures: 3 } as const;
  assertEquals(stepAfter(state, checked, 1), { state: { ...state, at: "watch" }, delayMs: 0 });
});

Deno.test("stepAfter() lists again at once when the version expired, later when that repeats", () => {
  for (const cause of ["expired", "rewound"] as const) {
    const first = stepAfter(WATCHING, failed(cause), 1);
    assertEquals(first, { state: { at: "list", failures: 1 }, delayMs: 0 });
    const listed = stepAfter(first.state, { ended: "listed", resourceVersion: "9" }, 1);
    assertEquals(stepAfter(listed.state, failed(cause), 1).delayMs, 400);
  }
});

Deno.test("stepAfter() lists again after silence, and what a rewound server keeps is not believed", () => {
  for (const cause of ["silent", "rewound", "not_served", "expired"] as const) {
    assertEquals(stepAfter(WATCHING, failed(cause, 150_000), 1).state.at, "list");
  }
});

Deno.test("stepAfter() keeps the version through network failures, but not for ever", () => {
  let state: WatchState = WATCHING;
  const ways: string[] = [];
  for (let index = 0; index < 8; index++) {
    state = stepAfter(state, failed("network"), 1).state;
    ways.push(state.at);
  }
  assertEquals(ways, [...Array(6).fill("check"), "list", "list"]);
});

Deno.test("stepAfter() waits longer with every failure, up to a limit, less where a kind is awaited", () => {
  const late: WatchState = { at: "list", failures: 20 };
  assertEquals(stepAfter(late, failed("server"), 1).delayMs, 30_000);
  assertEquals(stepAfter(late, failed("server"), 0).delayMs, 15_000);
  assertEquals(stepAfter(late, failed("not_served"), 1).delayMs, 5_000);
  // A watch that worked for a while ends the row, and a short one counts towards the delay.
  const watching = { ...WATCHING, failures: 20 };
  assertEquals(stepAfter(watching, failed("network", 30_000), 1), {
    state: { at: "check", resourceVersion: "9", failures: 1 },
    delayMs: 0,
  });
  assertEquals(stepAfter(watching, failed("network", 12_000), 1).delayMs, 18_000);
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
  // What a parser says quotes the line.
  assertEquals(garbage.cause, undefined);
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

Deno.test("stepAfter() watches on at once where somebody waits to hear how far the server is, and forgets no failures", () => {
  assertEquals(
    stepAfter(
      { at: "watch", resourceVersion: "5", failures: 2 },
      { ended: "hurried", resourceVersion: "7" },
      0,
    ),
    { state: { at: "watch", resourceVersion: "7", failures: 2 }, delayMs: 0 },
  );
});
