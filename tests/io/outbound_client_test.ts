import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import {
  InvalidAuthorityError,
  type OutboundCall,
  OutboundClient,
  type OutboundOptions,
  RefusedAddressError,
} from "#outbound";
import { errorText } from "#base";
import { createServer } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { ownCertificates } from "../support/certificates.ts";
import { scriptedServer } from "../support/scripted_server.ts";

const LOCAL = { apiServer: [], allowLoopback: true };
const STRICT = { apiServer: ["10.96.0.1"], allowLoopback: false };
const NO_ENV = () => undefined;

function get(url: string, more: Partial<OutboundCall> = {}): OutboundCall {
  const { signal } = new AbortController();
  return { url: new URL(url), method: "GET", headers: {}, bytesMax: 1_000, signal, ...more };
}

/** A resolver that knows these names, each with the answers of one question after the other. */
function names(known: Record<string, readonly (readonly string[])[]>) {
  const asked: string[] = [];
  const resolve: OutboundOptions["resolve"] = (host, _options, found) => {
    const answers = known[host] ?? [];
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(host);
    found(null, addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })));
  };
  return { resolve, asked };
}

Deno.test("OutboundClient calls, follows no redirect, and keeps no more than asked for", async () => {
  await using server = scriptedServer((request) => {
    if (request.path === "/moved") {
      return new Response("", { status: 307, headers: { location: "http://else.example/" } });
    }
    return new Response(`${request.method} ${request.body} ${request.headers.get("x-a")}`);
  });
  using client = new OutboundClient({ policy: LOCAL, env: NO_ENV });
  const post = { method: "POST", body: "hé", headers: { "x-a": "1" } } as const;
  const answer = await client.call(get(`${server.url}/`, post));
  assertEquals([answer.status, new TextDecoder().decode(answer.bytes)], [200, "POST hé 1"]);
  const moved = await client.call(get(`${server.url}/moved`));
  assertEquals([moved.status, moved.location], [307, "http://else.example/"]);
  assertEquals(server.seen.length, 2);
  const cut = await client.call(get(`${server.url}/`, { bytesMax: 3 }));
  assertEquals([cut.isWhole, cut.bytes.length <= 3], [false, true]);
  const again = await client.call(get(`${server.url}/`));
  assertEquals(again.isWhole, true);
});

Deno.test("OutboundClient refuses addresses, whatever name leads there", async () => {
  await using server = scriptedServer(() => new Response("secret"));
  const { port } = new URL(server.url);
  const { resolve } = names({
    "public.example": [["127.0.0.1"]],
    "both.example": [["93.184.216.34", "127.0.0.1"]],
    "meta.example": [["169.254.169.254"]],
    "api.example": [["10.96.0.1"]],
    "mapped.example": [["::ffff:127.0.0.1"]],
  });
  using client = new OutboundClient({ policy: STRICT, resolve, env: NO_ENV });
  for (
    const host of [
      "127.0.0.1",
      "localhost",
      "[::1]",
      "0x7f.1",
      "169.254.169.254",
      "10.96.0.1",
      "kubernetes.default.svc",
      "public.example",
      "both.example",
      "meta.example",
      "api.example",
      "mapped.example",
    ]
  ) {
    const call = () => client.call(get(`http://${host}:${port}/`));
    const { message } = await assertRejects(call, RefusedAddressError, "", host);
    // The words go into statuses: they tell nothing about the network.
    assertEquals(/\d/.test(message), false, message);
  }
  assertEquals(server.seen, []);
});

Deno.test("OutboundClient connects to the address that it checked", async () => {
  await using server = scriptedServer(() => new Response("fine"));
  const { port } = new URL(server.url);
  // A name that means something else each time somebody asks.
  const { resolve, asked } = names({ "rebound.example": [["127.0.0.1"], ["169.254.169.254"]] });
  using client = new OutboundClient({ policy: LOCAL, resolve, env: NO_ENV });
  const answer = await client.call(get(`http://rebound.example:${port}/`));
  assertEquals([answer.status, asked], [200, ["rebound.example"]]);
  assertEquals(server.seen[0]?.headers.get("host"), `rebound.example:${port}`);
});

Deno.test("OutboundClient tries the next address of a name where nobody listens at one", async () => {
  await using server = scriptedServer(() => new Response("fine"));
  const { port } = new URL(server.url);
  const { resolve } = names({ "two.example": [["127.9.9.9", "127.0.0.1"]] });
  using client = new OutboundClient({ policy: LOCAL, resolve, env: NO_ENV });
  const answer = await client.call(get(`http://two.example:${port}/`));
  assertEquals(answer.status, 200);
});

Deno.test("OutboundClient ends with its signal, and says what the network failed with", async () => {
  const stop = new AbortController();
  await using server = scriptedServer(async () => {
    stop.abort(new Error("enough"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    return new Response("late");
  });
  using client = new OutboundClient({ policy: LOCAL, env: NO_ENV });
  const call = () => client.call(get(server.url, { signal: stop.signal }));
  await assertRejects(call, Error, "enough");
  const nobody = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = nobody.addr;
  nobody.close();
  const refused = await assertRejects(() => client.call(get(`http://127.0.0.1:${port}/`)));
  assertMatch(errorText(refused), /connection refused/i);
  const unknown = await assertRejects(() => client.call(get("http://nobody.invalid/")));
  assertMatch(errorText(unknown), /ENOTFOUND/);
});

Deno.test("OutboundClient trusts the authority that it is given, and no other stranger", async () => {
  const keys = await ownCertificates(["127.0.0.1"]);
  const server = createServer({ cert: keys.certificate, key: keys.privateKey }, (_, response) => {
    response.end("over TLS");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  {
    const caPem = keys.authorities.join("\n");
    using client = new OutboundClient({ policy: LOCAL, caPem, env: NO_ENV });
    const answer = await client.call(get(url));
    assertEquals(new TextDecoder().decode(answer.bytes), "over TLS");
    using other = new OutboundClient({ policy: LOCAL, env: NO_ENV });
    const stranger = await assertRejects(() => other.call(get(url)));
    assertMatch(errorText(stranger), /certificate/);
  }
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  server.closeAllConnections();
  await closed.promise;
  const options = { policy: LOCAL, caPem: "-----BEGIN CERTIFICATE-----\nnone" };
  assertThrows(() => new OutboundClient(options), InvalidAuthorityError);
});
