import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { systemClock } from "#base";
import { ApiError, httpTransport, NoAnswerError, type TransportOptions } from "#kube";
import type { ApiRequestSample } from "#telemetry";
import { inClusterEndpoint, tokenCredentials } from "../../src/kube/in_cluster.ts";
import { eventually } from "../support/eventually.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { temporaryFolder } from "../support/git_repository.ts";
import { scriptedServer, statusResponse } from "../support/scripted_server.ts";

const ASK = { verb: "get", kind: "Pod", key: { namespace: "shop", name: "a" } };
const GET = { path: "/api/v1/namespaces/shop/pods/a", ask: ASK };
const POST = { ...GET, method: "POST" as const, body: {}, ask: { ...ASK, verb: "create" } };

function transportTo(url: string, options: TransportOptions = {}) {
  const codes: string[] = [];
  const delaysMs: number[] = [];
  const transport = httpTransport({
    server: url,
    credentials: () => Promise.resolve({ authorization: "Bearer abc" }),
  }, {
    // Waiting for the next try is noted, not done; what has a signal of its own is a deadline.
    clock: {
      ...systemClock,
      sleep: (delayMs, signal) => {
        if (signal !== undefined) return systemClock.sleep(delayMs, signal);
        delaysMs.push(delayMs);
        return Promise.resolve();
      },
    },
    random: () => 1,
    onRequest: (sample: ApiRequestSample) => codes.push(sample.code),
    ...options,
  });
  return Object.assign(transport, { codes, delaysMs });
}

/** A TCP server that closes the first connections without an answer. */
function droppingServer(drops: number) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let connections = 0;
  const serving = (async () => {
    for await (const connection of listener) {
      connections++;
      await connection.read(new Uint8Array(4_096));
      if (connections > drops) {
        const answer =
          'HTTP/1.1 200 OK\r\ncontent-length: 11\r\nconnection: close\r\n\r\n{"ok":true}';
        await connection.write(new TextEncoder().encode(answer));
      }
      connection.close();
    }
  })();
  return {
    url: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

Deno.test("request() waits as long as the server asks for, also before a write", async () => {
  await using server = scriptedServer((_request, index) =>
    index < 2
      ? statusResponse(429, "TooManyRequests", { "retry-after": "3" })
      : Response.json({ ok: true })
  );
  await using transport = transportTo(server.url);
  assertEquals(await transport.request(POST), { ok: true });
  assertEquals(transport.delaysMs, [3_000, 3_000]);
  assertEquals(transport.codes, ["429", "429", "200"]);
});

Deno.test("request() gives up after its tries, with the words of the server", async () => {
  await using server = scriptedServer(() => new Response("upstream is down\n", { status: 503 }));
  await using transport = transportTo(server.url, { triesMax: 3 });
  const error = await assertRejects(() => transport.request(GET), ApiError);
  assertEquals(error.message, "Cannot get Pod shop/a: upstream is down (503 ServiceUnavailable)");
  assertEquals(transport.delaysMs, [100, 200]);
});

Deno.test("request() does not repeat what the server refused, nor a write that may have been done", async () => {
  await using server = scriptedServer((request) =>
    request.method === "POST" ? statusResponse(503, "Down") : statusResponse(422, "Invalid")
  );
  await using transport = transportTo(server.url);
  await assertRejects(() => transport.request(GET), ApiError, "422 Invalid");
  await assertRejects(() => transport.request(POST), ApiError, "503 Down");
  assertEquals(server.seen.length, 2);
});

Deno.test("request() repeats a read whose connection broke", async () => {
  await using server = droppingServer(2);
  await using transport = transportTo(server.url);
  assertEquals(await transport.request(GET), { ok: true });
  assertEquals(transport.codes, ["network", "network", "200"]);
});

Deno.test("request() does not repeat a creation whose connection broke", async () => {
  await using server = droppingServer(2);
  await using transport = transportTo(server.url);
  const error = await assertRejects(() => transport.request(POST), NoAnswerError);
  assertStringIncludes(error.message, "Cannot create Pod shop/a: no answer from http://127.0.0.1:");
  assert(error.cause instanceof Error);
  assertEquals(server.connections(), 1);
});

Deno.test("request() ends at its deadline when the server says nothing", async () => {
  const release = Promise.withResolvers<void>();
  await using server = scriptedServer(async () => {
    await release.promise;
    return Response.json({});
  });
  await using transport = transportTo(server.url, { deadlineMs: 50 });
  const error = await assertRejects(
    () => transport.request(GET),
    NoAnswerError,
    "no answer in 50 ms",
  );
  assertEquals([error.timedOut, transport.codes], [true, ["timeout", "timeout"]]);
  release.resolve();
});

Deno.test("request() ends at its deadline when the body stops in the middle", async () => {
  let stop = () => {};
  await using server = scriptedServer(() =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('{"items":['));
          stop = () => controller.close();
        },
      }),
    )
  );
  await using transport = transportTo(server.url, { deadlineMs: 50, triesMax: 1 });
  await assertRejects(() => transport.request(GET), NoAnswerError, "no answer in 50 ms");
  stop();
});

Deno.test("request() ends with the reason of its signal, also between tries", async () => {
  await using server = scriptedServer(() => statusResponse(429, "Slow", { "retry-after": "20" }));
  await using transport = transportTo(server.url, { clock: systemClock });
  const stop = new AbortController();
  const reason = new Error("shutting down");
  const asked = transport.request({ ...GET, signal: stop.signal });
  await new Promise((resolve) => setTimeout(resolve, 50));
  stop.abort(reason);
  assertEquals(await asked.catch((error) => error), reason);
});

Deno.test("request() does not repeat an answer that is no JSON", async () => {
  await using server = scriptedServer(() => new Response("<html>login</html>"));
  await using transport = transportTo(server.url);
  await assertRejects(
    () => transport.request(GET),
    NoAnswerError,
    "Cannot get Pod shop/a: the answer is no JSON",
  );
  assertEquals(server.seen.length, 1);
});

Deno.test("request() follows no redirect: credentials stay where they belong", async () => {
  await using elsewhere = scriptedServer(() => Response.json({}));
  await using server = scriptedServer(() => Response.redirect(`${elsewhere.url}/api`, 302));
  await using transport = transportTo(server.url, { triesMax: 1 });
  await assertRejects(() => transport.request(GET), NoAnswerError);
  assertEquals(elsewhere.seen, []);
});

Deno.test("request() sends credentials, agent, query and body", async () => {
  await using server = scriptedServer(() => Response.json({}));
  await using transport = transportTo(`${server.url}/`, { userAgent: "meshwright/1" });
  await transport.request({
    ...POST,
    query: { dryRun: "All", fieldManager: undefined },
    body: { a: 1 },
  });
  const [request] = server.seen;
  assertEquals(request?.headers.get("authorization"), "Bearer abc");
  assertEquals(request?.headers.get("user-agent"), "meshwright/1");
  assertEquals(request?.headers.get("content-type"), "application/json");
  assertEquals([request?.query.toString(), request?.body], ["dryRun=All", '{"a":1}']);
});

Deno.test("request() ends at its deadline when its credentials never come", async () => {
  const clock = new FakeClock();
  const credentials = () => new Promise<never>(() => {});
  const options = { clock, triesMax: 1 };
  await using transport = httpTransport({ server: "http://127.0.0.1:9", credentials }, options);
  const waiting = assertRejects(() => transport.request(GET), NoAnswerError, "in 30000 ms");
  await clock.advance(30_000);
  await waiting;
  assertEquals(clock.sleeping, 0);
});

Deno.test("tokenCredentials() reads a renewed token, and keeps the old one while the file is away", async () => {
  const path = await Deno.makeTempFile();
  const clock = new FakeClock();
  const credentials = tokenCredentials(path, clock);
  await Deno.writeTextFile(path, "one\n");
  assertEquals(await credentials(), { authorization: "Bearer one" });
  await Deno.writeTextFile(path, "two\n");
  assertEquals(await credentials(), { authorization: "Bearer one" });
  await clock.advance(60_000);
  assertEquals(await credentials(), { authorization: "Bearer two" });
  await Deno.remove(path);
  await clock.advance(60_000);
  assertEquals(await credentials(), { authorization: "Bearer two" });
  await assertRejects(
    () => tokenCredentials(path, clock)(),
    Error,
    "Cannot read the service account token",
  );
});

Deno.test("the authority of a pod's service account is what its file says now, if that is one", async () => {
  await using folder = await temporaryFolder();
  const directory = folder.path;
  const write = (name: string, text: string) => Deno.writeTextFile(`${directory}/${name}`, text);
  const pem = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}`;
  for (
    const [name, text] of [["token", "t"], ["namespace", "shop"], ["ca.crt", pem("old")]] as const
  ) {
    await write(name, text);
  }
  const env = (name: string) => name === "KUBERNETES_SERVICE_HOST" ? "10.0.0.1" : "443";
  const found = await inClusterEndpoint({ env, clock: systemClock, directory });
  const authority = () => found?.endpoint.authority?.();
  assertEquals(found?.endpoint.certificateAuthority, pem("old"));
  await write("ca.crt", pem("new"));
  assertEquals(await authority(), pem("new"));
  await write("ca.crt", "");
  assertEquals(await authority(), undefined);
  await Deno.remove(`${directory}/ca.crt`);
  assertEquals(await authority(), undefined);
});

/** A server that counts what it works on, and answers when it is let. */
function heldServer() {
  const gate = Promise.withResolvers<void>();
  let [under, most] = [0, 0];
  const server = scriptedServer(async () => {
    most = Math.max(most, ++under);
    await gate.promise;
    under--;
    return Response.json({ ok: true });
  });
  return {
    url: server.url,
    under: () => under,
    most: () => most,
    go: gate.resolve,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

Deno.test("requests take turns: so many are under way, fewer large ones, and who gives up waits no more", async () => {
  await using server = heldServer();
  await using transport = transportTo(server.url);
  const stop = new AbortController();
  const large = { ...POST, body: { text: "x".repeat(300_000) } };
  const asked = [
    ...Array.from({ length: 20 }, () => transport.request(large)),
    ...Array.from({ length: 60 }, () => transport.request(GET)),
  ];
  await eventually(() => server.under() === 52);
  const givenUp = assertRejects(
    () => transport.request({ ...GET, signal: stop.signal }),
    Error,
    "enough",
  );
  stop.abort(new Error("enough"));
  await givenUp;
  // A stream has no turn: who watches would never end one.
  const watching = transport.stream(GET);
  await eventually(() => server.under() === 53);
  server.go();
  await Promise.all(asked);
  await (await watching).cancel();
  assertEquals(server.most() <= 65, true, `${server.most()} at once`);
});
