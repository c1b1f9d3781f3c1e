import { assert, assertEquals } from "@std/assert";
import { ApiError, NoAnswerError, type Transport, watchObjects } from "#kube";
import { FakeClock } from "../support/fake_clock.ts";

const POD = { apiVersion: "v1", kind: "Pod", plural: "pods", namespaced: true };
const ASK = { verb: "watch", kind: "Pod" };
const MINUTES = 20;

function lines(...events: readonly unknown[]): ReadableStream<Uint8Array> {
  return new Blob(events.map((event) => `${JSON.stringify(event)}\n`)).stream();
}

function refusal(status: number, reason: string): ApiError {
  return new ApiError({ ask: ASK, status, reason, text: reason });
}

const EXPIRED = { type: "ERROR", object: { code: 410, reason: "Expired", message: "too old" } };

/** What may become of every watch; lists work, save where the row says otherwise. */
const ROWS:
  readonly (readonly [string, (clock: FakeClock) => Promise<ReadableStream<Uint8Array>>])[] = [
    ["is answered 410", () => Promise.reject(refusal(410, "Expired"))],
    ["says 410 as its first event", () => Promise.resolve(lines(EXPIRED))],
    ["is forbidden", () => Promise.reject(refusal(403, "Forbidden"))],
    ["fails", () => Promise.reject(refusal(500, "InternalError"))],
    ["gets no answer", () => Promise.reject(new NoAnswerError(ASK, "nothing", { cause: "gone" }))],
    ["ends at once", () => Promise.resolve(lines())],
    ["is no JSON", () => Promise.resolve(new Blob(["<html>\n"]).stream())],
    ["goes back in time", () => Promise.resolve(lines(bookmark(1)))],
    ["brings an event, then 410", () => Promise.resolve(lines(bookmark(2_000), EXPIRED))],
    ["lasts a moment, then 410", async (clock) => {
      await clock.sleep(50);
      return lines(bookmark(2_000), EXPIRED);
    }],
  ];

function bookmark(version: number): unknown {
  return { type: "BOOKMARK", object: { metadata: { resourceVersion: String(version) } } };
}

/** The requests of an informer in twenty minutes, by the time in seconds. */
async function requestTimes(
  watch: (clock: FakeClock) => Promise<ReadableStream<Uint8Array>>,
): Promise<number[]> {
  const clock = new FakeClock();
  const startMs = clock.monotonicMs();
  const times: number[] = [];
  const sent = () => times.push((clock.monotonicMs() - startMs) / 1_000);
  const transport: Transport = {
    server: "https://api",
    request: () => {
      sent();
      // A hot loop must fail the test, not hang it.
      if (times.length > 10_000) return Promise.reject(new Error("too many requests"));
      return Promise.resolve({ metadata: { resourceVersion: "1000" }, items: [] });
    },
    stream: () => {
      sent();
      return times.length > 10_000 ? new Promise(() => {}) : watch(clock);
    },
    reconnect() {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const stop = new AbortController();
  const options = { transport, type: POD, clock, random: () => 1, signal: stop.signal };
  const watching = Array.fromAsync(watchObjects(options));
  for (let minute = 0; minute < MINUTES; minute++) await clock.advance(60_000);
  stop.abort();
  await clock.advance(1_000);
  await watching;
  assertEquals(clock.sleeping, 0);
  return times;
}

for (const [subject, watch] of ROWS) {
  Deno.test(`watchObjects() tries less and less often when every watch ${subject} (F10)`, async () => {
    const times = await requestTimes(watch);
    const inFirstSecond = times.filter((second) => second < 1).length;
    assert(inFirstSecond <= 10, `${inFirstSecond} requests in the first second`);
    const late = times.filter((second) => second >= 60 * (MINUTES - 10)).length;
    assert(late >= 10, `goes on: ${late} requests in the last ten minutes`);
    assert(late <= 60, `${late} requests in the last ten minutes`);
  });
}
