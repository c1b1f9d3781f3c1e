import { assertEquals, assertMatch } from "@std/assert";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Clock, HTTP_BUDGETS, systemClock } from "#base";
import { CALLER_LIMITS, Listener, silentLogger, startServer, TlsServer } from "#telemetry";
import { ownCertificates } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { type RawCaller, rawCaller } from "../support/raw_caller.ts";

const HALF = "GET /healthz HTTP/1.1\r\nHost: a\r\nX-";
const WHOLE = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

const SHORT: typeof CALLER_LIMITS = {
  headersTimeout: 200,
  requestTimeout: 400,
  connectionsCheckingInterval: 50,
};

/** A server whose limits are short. */
async function listening(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  connectionsMax = 4,
  clock: Clock = systemClock,
) {
  const options = { log: silentLogger, name: "test", answer, clock, connectionsMax };
  const listener = new Listener(createServer(SHORT), options);
  await listener.listen({ hostname: "127.0.0.1", port: 0 });
  return {
    port: listener.port ?? 0,
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  };
}

const hello = (_request: IncomingMessage, response: ServerResponse) => {
  response.end("hello");
  return Promise.resolve();
};

Deno.test("M5: a server closes half a request, and a body that does not come", async () => {
  const read = async (request: IncomingMessage, response: ServerResponse) => {
    for await (const _chunk of request);
    response.end("hello");
  };
  await using server = await listening(read);
  using half = await rawCaller(server.port);
  await half.say(HALF);
  assertMatch(await half.rest(), /^HTTP\/1\.1 408 /);
  using slow = await rawCaller(server.port);
  await slow.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  assertEquals((await slow.rest()).includes("hello"), false);
});

Deno.test("a server of a runtime that tells of no connections answers all the same", async () => {
  const server = createServer();
  const on = server.on.bind(server);
  server.on =
    ((name: string, listener: () => void) =>
      name === "connection" ? server : on(name, listener)) as typeof server.on;
  await using listener = new Listener(server, { log: silentLogger, name: "test", answer: hello });
  await listener.listen({ hostname: "127.0.0.1", port: 0 });
  const answer = await fetch(`http://127.0.0.1:${listener.port}/`, {
    headers: { connection: "close" },
  });
  assertEquals(await answer.text(), "hello");
});

Deno.test("a server makes room for a caller where others say nothing", async () => {
  await using server = await listening(hello);
  using callers = new DisposableStack();
  const silent: RawCaller[] = [];
  for (let index = 0; index < 6; index++) silent.push(callers.use(await rawCaller(server.port)));
  using late = await rawCaller(server.port);
  await late.say(WHOLE);
  assertMatch(await late.hear(), /hello$/);
  // The oldest went.
  assertEquals(await silent[0]?.rest(), "");
});

Deno.test("a server leaves those alone whom it is answering", async () => {
  const { promise: goOn, resolve } = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  let count = 0;
  await using server = await listening(async (_request, response) => {
    if (++count === 2) asked.resolve();
    await goOn;
    response.end("hello");
  }, 2);
  using callers = new DisposableStack();
  const busy = [await rawCaller(server.port), await rawCaller(server.port)];
  for (const one of busy) {
    callers.use(one);
    await one.say(WHOLE.replace("Host: a", "Host: a\r\nConnection: close"));
  }
  await asked.promise;
  using late = await rawCaller(server.port);
  await late.say(WHOLE);
  assertEquals(await late.rest(), "");
  resolve();
  for (const one of busy) assertMatch(await one.rest(), /hello$/);
  using after = await rawCaller(server.port);
  await after.say(WHOLE.replace("Host: a", "Host: a\r\nConnection: close"));
  assertMatch(await after.rest(), /hello$/);
});

Deno.test("a server counts requests of one connection as answered when they are", async () => {
  await using server = await listening(hello, 1);
  using first = await rawCaller(server.port);
  for (let round = 0; round < 3; round++) {
    await first.say(WHOLE);
    assertMatch(await first.hear(), /hello$/);
  }
  using second = await rawCaller(server.port);
  await second.say(WHOLE);
  assertMatch(await second.hear(), /hello$/);
});

Deno.test("M5: a server closes who asks a thousand times in one breath, after few answers", async () => {
  let count = 0;
  await using server = await listening(async (_request, response) => {
    count++;
    await systemClock.sleep(1);
    response.end("hello");
  });
  using caller = await rawCaller(server.port);
  await caller.say(WHOLE.repeat(1_000));
  const heard = await caller.rest();
  assertEquals(count <= HTTP_BUDGETS.requestsOfConnection, true, `${count} were answered`);
  assertEquals(heard.split("hello").length - 1 <= count, true);
  using after = await rawCaller(server.port);
  await after.say(WHOLE);
  assertMatch(await after.hear(), /hello$/);
});

Deno.test("M5: a server closes who goes on with a body that nobody reads", async () => {
  await using server = await listening(hello);
  using caller = await rawCaller(server.port);
  await caller.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
  assertEquals((await caller.rest()).includes("hello"), true);
});

Deno.test("M5: a server closes who asks and does not read, at the end of the time for an answer", async () => {
  const clock = new FakeClock();
  const large = "x".repeat(32 * 1024 * 1024);
  let isOver = false;
  await using server = await listening(
    (_request, response) => {
      response.once("close", () => isOver = true);
      response.end(large);
      return Promise.resolve();
    },
    1,
    clock,
  );
  using caller = await rawCaller(server.port);
  await caller.say(WHOLE);
  await eventually(() => clock.sleeping === 1);
  await clock.advance(HTTP_BUDGETS.answerMs - 1);
  assertEquals(isOver, false);
  await clock.advance(1);
  await eventually(() => isOver);
  using after = await rawCaller(server.port);
  await after.say(WHOLE);
  assertMatch(await after.hear(), /^HTTP\/1\.1 200 /);
});

Deno.test("startServer() ends while somebody is connected who asks nothing, or half", async () => {
  const server = await startServer({ address: "127.0.0.1:0", live: {} });
  const port = Number(new URL(server?.url ?? "").port);
  using silent = await rawCaller(port);
  using half = await rawCaller(port);
  await half.say(HALF);
  await server?.[Symbol.asyncDispose]();
  assertEquals([await silent.rest(), await half.rest()], ["", ""]);
});

Deno.test("M5: TlsServer closes half a request, and leaves those alone whom it is answering", async () => {
  const keys = await ownCertificates(["127.0.0.1"]);
  const { promise: goOn, resolve } = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  let count = 0;
  await using server = new TlsServer({
    address: "127.0.0.1:0",
    log: silentLogger,
    name: "test",
    connectionsMax: 2,
    limits: SHORT,
    answer: async (_request, response) => {
      if (++count === 2) asked.resolve();
      await goOn;
      response.end("hello");
    },
  });
  await server.use(keys);
  const [port, trust] = [server.port ?? 0, { caCerts: keys.authorities }];
  using callers = new DisposableStack();
  const busy = [await rawCaller(port, trust), await rawCaller(port, trust)];
  for (const one of busy) {
    callers.use(one);
    await one.say(WHOLE.replace("Host: a", "Host: a\r\nConnection: close"));
  }
  await asked.promise;
  using late = await rawCaller(port);
  assertEquals(await late.rest(), "");
  resolve();
  for (const one of busy) assertMatch(await one.rest(), /hello$/);
  using half = await rawCaller(port, trust);
  await half.say(HALF);
  assertEquals((await half.rest()).includes("hello"), false);
});
