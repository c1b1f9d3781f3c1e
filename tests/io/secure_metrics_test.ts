/** Secure metrics beside strangers who make tokens up. */
import { assertEquals } from "@std/assert";
import { httpCluster, type Transport, type TransportRequest } from "#kube";
import { createLogger, createMetrics } from "#telemetry";
import { SecureMetrics } from "../../src/secure_metrics.ts";
import { eventually } from "../support/eventually.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeCluster } from "../support/fake_cluster.ts";

const GOOD = "good-token";
const STRANGER = "127.0.0.1";
const SCRAPER = "127.0.0.2";

/** What an API server says of tokens, and which it was asked about. */
function reviewing(transport: Transport, asked: string[]): Transport {
  const answers = (request: TransportRequest) => {
    const { spec } = request.body as { spec: { token?: string } };
    if (!request.path.endsWith("/tokenreviews")) return { status: { allowed: true } };
    asked.push(spec.token ?? "");
    return { status: spec.token === GOOD ? { authenticated: true, user: { username: "p" } } : {} };
  };
  return new Proxy(transport, {
    get: (target, name) => {
      if (name !== "request") return Reflect.get(target, name);
      return (request: TransportRequest) =>
        request.path.includes("reviews")
          ? Promise.resolve(answers(request))
          : target.request(request);
    },
  });
}

async function startMetrics() {
  const clock = new FakeClock(Date.now());
  const fake = new FakeCluster(clock);
  const asked: string[] = [];
  const lines: string[] = [];
  const cluster = httpCluster(fake.transport());
  const server = new SecureMetrics({
    address: "0.0.0.0:0",
    namespace: "default",
    metrics: createMetrics(),
    cluster,
    transport: reviewing(fake.transport(), asked),
    clock,
    log: createLogger({ sink: (line) => lines.push(line) }),
  });
  const over = new AbortController();
  const running = server.run(over.signal);
  const port = await eventually(() => server.port);
  const type = { apiVersion: "v1", kind: "Secret", plural: "secrets", namespaced: true } as const;
  const secret = await cluster.get(type, { namespace: "default", name: "meshwright-metrics-tls" });
  const authority = atob((secret?.["data"] as Record<string, string>)["ca.crt"] ?? "");
  return {
    asked,
    clock,
    lines,
    /** What somebody gets who shows a token, without a connection that stays. */
    async scrape(token: string, localAddress: string): Promise<number> {
      using client = Deno.createHttpClient({ caCerts: [authority], localAddress });
      const headers = { authorization: `Bearer ${token}`, connection: "close" };
      const response = await fetch(`https://127.0.0.1:${port}/metrics`, { client, headers });
      await response.body?.cancel();
      return response.status;
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      await running;
      await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test("M5: an API server is asked about few tokens that a stranger makes up, and about a scraper's all the while", async () => {
  await using metrics = await startMetrics();
  const { asked, clock, scrape } = metrics;
  const codes = [];
  for (let index = 0; index < 30; index++) codes.push(await scrape(`made-up-${index}`, STRANGER));
  assertEquals(codes, [...Array(10).fill(401), ...Array(20).fill(429)]);
  assertEquals(asked.length, 10);
  assertEquals(await scrape("made-up-3", STRANGER), 401, "what is remembered costs nothing");
  assertEquals(await scrape(GOOD, SCRAPER), 200);
  assertEquals(asked.splice(0).length, 11);
  await clock.advance(2_000);
  assertEquals(await scrape("made-up-30", STRANGER), 401, "one more a second");
  assertEquals(asked.splice(0), ["made-up-30"]);
});

Deno.test("M5: a token that was a good one is asked about again, whatever strangers at its address did", async () => {
  await using metrics = await startMetrics();
  const { asked, clock, scrape } = metrics;
  assertEquals(await scrape(GOOD, STRANGER), 200);
  for (let index = 0; index < 30; index++) await scrape(`made-up-${index}`, STRANGER);
  asked.length = 0;
  await clock.advance(90_000);
  for (let index = 30; index < 60; index++) await scrape(`made-up-${index}`, STRANGER);
  assertEquals([await scrape(GOOD, STRANGER), asked.at(-1)], [200, GOOD]);
  assertEquals(asked.length, 11);
  assertEquals(metrics.lines.filter((line) => line.includes("made-up") || line.includes(GOOD)), []);
});
