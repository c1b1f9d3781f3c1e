import { assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "#base";
import { fencedTransport, httpTransport, Leadership, NotLeadingError } from "#kube";
import { FakeClock, settled } from "../support/fake_clock.ts";
import { scriptedServer } from "../support/scripted_server.ts";

const ASK = { verb: "patch", kind: "ConfigMap", key: { namespace: "shop", name: "a" } };
const PATCH = { method: "PATCH" as const, path: "/api/v1/a", body: {}, ask: ASK };

Deno.test("fencedTransport() sends reads always, and writes only while the process leads", async () => {
  await using server = scriptedServer(() => Response.json({}));
  const clock = new FakeClock();
  const leadership = new Leadership(clock);
  await using own = httpTransport({ server: server.url, credentials: () => Promise.resolve({}) });
  const transport = fencedTransport(own, leadership);
  const get = { path: "/api/v1/a", ask: { ...ASK, verb: "get" } };
  await transport.request(get);
  await assertRejects(() => transport.request(PATCH), NotLeadingError, "does not lead yet");
  leadership.extend(clock.monotonicMs() + 10_000);
  await transport.request(PATCH);
  clock.stopFor(40_000);
  for (const method of ["POST", "PUT", "PATCH", "DELETE"] as const) {
    await assertRejects(() => transport.request({ ...PATCH, method }), NotLeadingError, "in time");
  }
  await transport.request(get);
  assertEquals(server.seen.map(({ method }) => method), ["GET", "PATCH", "GET"]);
  // The lease itself, and what every replica does, goes by the transport without a fence.
  await own.request(PATCH);
});

Deno.test("fencedTransport() looks at the fence before each try, after whatever a try waits for", async () => {
  const clock = new FakeClock();
  const leadership = new Leadership(clock);
  leadership.extend(clock.monotonicMs() + 10_000);
  await using server = scriptedServer(() => {
    clock.stopFor(4_000);
    return new Response("busy", { status: 503 });
  });
  let asked = 0;
  await using own = httpTransport({
    server: server.url,
    credentials: () => {
      // Stopped while it waits for a token: no try may follow.
      if (++asked === 3) clock.stopFor(40_000);
      return Promise.resolve({});
    },
  }, {
    clock: {
      ...systemClock,
      sleep: (delayMs, signal) =>
        signal === undefined ? Promise.resolve() : systemClock.sleep(delayMs, signal),
    },
  });
  const transport = fencedTransport(own, leadership);
  await assertRejects(() => transport.request(PATCH), NotLeadingError);
  assertEquals([server.seen.length, asked], [2, 3]);
});

Deno.test("fencedTransport() gives up a write that is under way when the leadership ends", async () => {
  const answer = Promise.withResolvers<Response>();
  await using server = scriptedServer(() => answer.promise);
  const clock = new FakeClock();
  const leadership = new Leadership(clock);
  leadership.extend(clock.monotonicMs() + 10_000);
  await using own = httpTransport({ server: server.url, credentials: () => Promise.resolve({}) });
  const write = fencedTransport(own, leadership).request(PATCH);
  const failed = assertRejects(() => write, NotLeadingError, "taken");
  while (server.seen.length === 0) await settled();
  leadership.end("taken");
  await failed;
  answer.resolve(Response.json({}));
});
