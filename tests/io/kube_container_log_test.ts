import { assertEquals, assertRejects } from "@std/assert";
import { httpTransport, type LogLimits, readContainerLog } from "#kube";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { scriptedServer, ScriptedWatch } from "../support/scripted_server.ts";

const LOG = { namespace: "shop", pod: "orders-0", container: "pulsar-function", isPrevious: true };

/** A kubelet behind an API server, which sends what a test says. */
function kubelet() {
  const body = new ScriptedWatch();
  const server = scriptedServer(() => body.response);
  const transport = httpTransport({ server: server.url, credentials: () => Promise.resolve({}) });
  const clock = new FakeClock();
  const stop = new AbortController();
  return {
    body,
    clock,
    stop,
    server,
    read: (limits: Partial<LogLimits> = {}) =>
      readContainerLog(transport, LOG, {
        linesMax: 100,
        bytesMax: 1_000,
        deadlineMs: 2_000,
        clock,
        signal: stop.signal,
        ...limits,
      }),
    async asked() {
      while (server.seen.length === 0) await settled();
      await settled();
    },
    async [Symbol.asyncDispose]() {
      body.end();
      await transport[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test("readContainerLog() gives the whole log, and says how much it wants", async () => {
  await using it = kubelet();
  const log = it.read();
  it.body.raw("one\n");
  await it.asked();
  it.body.raw("two\n");
  it.body.end();
  assertEquals(await log, "one\ntwo\n");
  assertEquals(
    it.server.seen[0]?.query.toString(),
    "container=pulsar-function&previous=true&tailLines=100&limitBytes=1000",
  );
  assertEquals(it.clock.sleeping, 0);
});

Deno.test("readContainerLog() does not wait for a node that stops in the middle (B9)", async () => {
  await using it = kubelet();
  const failed = assertRejects(() => it.read(), DOMException, "no end within 2000 ms");
  it.body.raw("one\n");
  await it.asked();
  await it.clock.advance(2_000);
  await failed;
});

Deno.test("readContainerLog() ends with its signal, also in the middle (B9)", async () => {
  await using it = kubelet();
  const failed = assertRejects(() => it.read(), Error, "shutdown");
  it.body.raw("one\n");
  await it.asked();
  it.stop.abort(new Error("shutdown"));
  await failed;
  assertEquals(it.clock.sleeping, 0);
});

Deno.test("readContainerLog() takes no more than it asked for, whatever comes", async () => {
  await using it = kubelet();
  it.body.raw("x".repeat(5_000));
  assertEquals(await it.read({ bytesMax: 10 }), "x".repeat(10));
});
