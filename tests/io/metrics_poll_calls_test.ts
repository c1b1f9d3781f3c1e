import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { backlogOf } from "../../src/reconcile/metrics_poll/backlog.ts";
import { BrokerClient, type BrokerLimits } from "../../src/reconcile/metrics_poll/broker_client.ts";
import { CallProblem } from "../../src/reconcile/metrics_poll/call_problem.ts";
import { InstanceClient } from "../../src/reconcile/metrics_poll/instance_client.ts";
import { PollBackoff } from "../../src/reconcile/metrics_poll/poll_backoff.ts";
import { noTopic } from "../support/broker_double.ts";
import {
  ANSWERS,
  grpcAnswer,
  HAS_LOOPBACK_NETWORK,
  instanceDouble,
} from "../support/instance_double.ts";

const { signal } = new AbortController();
const ignore = !HAS_LOOPBACK_NETWORK;

async function problemOf(call: () => Promise<unknown>): Promise<string> {
  const error = await assertRejects(call, CallProblem);
  return (error as CallProblem).message;
}

Deno.test({ name: "InstanceClient reads the answer of an instance", ignore }, async () => {
  await using instance = instanceDouble("127.9.1.1", (request) => {
    const { pathname } = new URL(request.url);
    const isRight = pathname === "/proto.InstanceControl/GetFunctionStatus" &&
      request.headers.get("te") === "trailers";
    return isRight ? grpcAnswer(ANSWERS.javaFunction) : new Response(null, { status: 400 });
  });
  using client = new InstanceClient();
  const { received, processed } = await client.ask("127.9.1.1", { signal, deadlineMs: 3_000 });
  assertEquals([received, processed, instance.calls], [6, 3, 1]);
});

Deno.test({ name: "InstanceClient says what is wrong in words that stay", ignore }, async () => {
  const endless = () =>
    new Response(
      new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)) }),
    );
  const cases: readonly (readonly [string, () => Response])[] = [
    ["it does not tell: HTTP status 503", () => new Response("no", { status: 503 })],
    [
      "it does not tell: gRPC status 12",
      () => new Response(null, { headers: { "grpc-status": "12" } }),
    ],
    ["what answers is no function instance", () => new Response("<html>")],
    ["what answers is no function instance", () => grpcAnswer(ANSWERS.javaFunction.slice(0, 40))],
    ["what answers is no function instance", () => grpcAnswer(new Uint8Array([0, 0, 0, 0, 1, 8]))],
    ["the answer is too large", endless],
  ];
  for (const [expected, answer] of cases) {
    await using _instance = instanceDouble("127.9.1.2", answer);
    using client = new InstanceClient();
    const found = await problemOf(() => client.ask("127.9.1.2", { signal, deadlineMs: 3_000 }));
    assertEquals(found, expected);
  }
  using client = new InstanceClient();
  assertEquals(
    await problemOf(() => client.ask("127.9.1.3", { signal, deadlineMs: 3_000 })),
    "connection refused",
  );
});

Deno.test(
  { name: "InstanceClient waits for a hung instance until the deadline", ignore },
  async () => {
    const never = Promise.withResolvers<Response>();
    await using _instance = instanceDouble("127.9.1.4", () => never.promise);
    using client = new InstanceClient();
    const found = await problemOf(() => client.ask("127.9.1.4", { signal, deadlineMs: 200 }));
    assertEquals(found, "no answer in 0.2 s");
    const stop = new AbortController();
    const asking = client.ask("127.9.1.4", { signal: stop.signal, deadlineMs: 60_000 });
    const reason = new Error("stopped");
    stop.abort(reason);
    assertEquals(await assertRejects(() => asking), reason);
    never.resolve(new Response());
  },
);

const LOCAL = { apiServer: [], allowLoopback: true };

interface Broker extends AsyncDisposable {
  readonly url: string;
  readonly asked: string[];
}

function broker(answer: (path: string, request: Request) => Response | Promise<Response>): Broker {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    asked.push(`${request.method} ${pathname} ${request.headers.get("authorization")}`);
    return answer(pathname, request);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function clientOf(url: string, authorization?: string): BrokerClient {
  return new BrokerClient(
    { url, ...(authorization === undefined ? {} : { authorization }) },
    { signal, deadlineMs: 3_000, addresses: LOCAL },
  );
}

Deno.test("H4: BrokerClient follows to the owner of a topic, without credentials where that is another host", async () => {
  await using owner = broker((_path, request) =>
    request.headers.has("authorization") || request.url.includes("/open/")
      ? Response.json({ subscriptions: {} })
      : new Response("who are you?", { status: 401 })
  );
  await using first = broker((path) => Response.redirect(`${owner.url}${path}`, 307));
  using client = clientOf(first.url, "Bearer t");
  assertEquals(await client.get("/persistent/a/open/c/stats"), { subscriptions: {} });
  assertEquals(
    await problemOf(() => client.get("/persistent/a/b/c/stats")),
    "it sends on to another host, which is not given the credentials; " +
      "name a Pulsar proxy as webServiceURL",
  );
  assertEquals(first.asked.every((call) => call.endsWith(" Bearer t")), true);
  assertEquals(owner.asked.every((call) => call.endsWith(" null")), true);
  assertEquals(owner.asked.length, 2);
  await using circle = broker((_path, { url }) => Response.redirect(url, 307));
  using lost = clientOf(circle.url);
  assertEquals(await problemOf(() => lost.get("/x")), "too many redirects");
  await using elsewhere = broker(() =>
    new Response(null, { status: 302, headers: { location: "ftp://x/" } })
  );
  using refused = clientOf(elsewhere.url);
  assertEquals(await problemOf(() => refused.get("/x")), "a redirect that cannot be followed");
});

Deno.test("BrokerClient tells absence from refusal, and repeats no words of others", async () => {
  const answers: Record<string, Response> = {
    "/admin/v2/absent": Response.json({ reason: "Topic not found" }, { status: 404 }),
    "/admin/v2/page": new Response("<html>Bearer t</html>", { status: 404 }),
    "/admin/v2/nothing": new Response(null, { status: 404 }),
    "/admin/v2/service": Response.json({ error: "Bearer t" }, { status: 404 }),
    "/admin/v2/refused": new Response("Bearer t", { status: 401 }),
    "/admin/v2/odd": new Response("Bearer t"),
  };
  await using found = broker((path) => answers[path] ?? new Response());
  using client = clientOf(found.url, "Bearer t");
  assertEquals(await client.get("/absent"), undefined);
  // Another server's: it knows nothing of topics.
  for (const path of ["/page", "/nothing", "/service"]) {
    assertEquals(await problemOf(() => client.get(path)), "HTTP status 404");
  }
  assertEquals(await problemOf(() => client.get("/refused")), "HTTP status 401");
  assertEquals(await problemOf(() => client.get("/odd")), "no usable answer");
});

Deno.test("BrokerClient says that an authority is no certificate", () => {
  const caPem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
  assertThrows(
    () =>
      new BrokerClient({ url: "https://broker:8443", caPem }, {
        signal,
        deadlineMs: 1,
        addresses: LOCAL,
      }),
    CallProblem,
    "its certificate authority is no certificate",
  );
});

function statsOf(backlogs: Record<string, number>): (path: string) => Response {
  return (path) => {
    const topic = /^\/admin\/v2\/persistent\/public\/default\/(.+)\/stats$/.exec(path)?.[1];
    if (path === "/admin/v2/persistent/public/default") {
      return Response.json(
        Object.keys(backlogs).map((name) => `persistent://public/default/${name}`),
      );
    }
    const msgBacklog = backlogs[decodeURIComponent(topic ?? "")];
    return msgBacklog === undefined
      ? noTopic()
      : Response.json({ subscriptions: { s: { msgBacklog } } });
  };
}

Deno.test("backlogOf() adds what topics of a pattern have, and says what is not known", async () => {
  await using found = broker(statsOf({ "in-a": 2, "in/b": 3, "parted-partition-0": 1 }));
  using client = clientOf(found.url);
  const pattern = { topic: "persistent://public/default/in.*", isPattern: true, name: "s" };
  const plain = { topic: "in-a", isPattern: false, name: "s" };
  const slash = { topic: "persistent://public/default/in/b", isPattern: false, name: "s" };
  const absent = { topic: "gone", isPattern: false, name: "s" };
  const other = { topic: "in-a", isPattern: false, name: "other" };
  assertEquals(await backlogOf([pattern, absent, slash, plain], client), {
    subscriptions: [
      { topic: pattern.topic, name: "s", backlog: 6 },
      { topic: slash.topic, name: "s", backlog: 3 },
      { topic: plain.topic, name: "s", backlog: 2 },
    ],
    problem: "gone: there is no such topic yet",
  });
  assertEquals(await backlogOf([other], client), {
    subscriptions: [],
    problem: "in-a: it has no subscription other yet",
  });
});

Deno.test("backlogOf() bounds what it asks, and gives up on a broker that is not there", async () => {
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`t${index}`, 1]));
  const found = broker(statsOf(many));
  using client = clientOf(found.url);
  const pattern = { topic: "persistent://public/default/.*", isPattern: true, name: "s" };
  const topics = Array.from({ length: 120 }, (_, index) => ({
    topic: `t${index % 60}`,
    isPattern: false,
    name: "s",
  }));
  assertEquals(
    (await backlogOf([pattern], client)).problem,
    `${pattern.topic}: not asked, as the namespace has more than 50 topics`,
  );
  assertEquals(found.asked.length, 1);
  const answer = await backlogOf(topics, client);
  assertEquals([answer.subscriptions.length, answer.problem], [
    100,
    "only the first 100 of 120 topics are asked about",
  ]);
  await found[Symbol.asyncDispose]();
  using gone = clientOf(found.url);
  assertEquals(await problemOf(() => backlogOf(topics, gone)), "connection refused");
});

Deno.test("PollBackoff asks a silent one less and less often, and forgets whom nobody asks", () => {
  const backoff = new PollBackoff(1_000);
  const waits: number[] = [];
  let nowMs = 0;
  for (let round = 0; round < 700; round++, nowMs += 1_000) {
    if (backoff.problem("a", nowMs) === undefined) {
      waits.push(round);
      backoff.failed("a", "no answer", nowMs);
    }
  }
  assertEquals(waits, [0, 1, 3, 7, 15, 31, 63, 127, 255, 511]);
  assertEquals(backoff.problem("a", nowMs), "no answer");
  backoff.answered("a");
  assertEquals(backoff.problem("a", nowMs), undefined);
  backoff.failed("b", "x", nowMs);
  backoff.forgetExcept(new Set(["c"]));
  assertEquals(backoff.problem("b", nowMs), undefined);
});

Deno.test("PollBackoff counts several who ask at the same time as one", () => {
  const backoff = new PollBackoff(1_000);
  for (let asker = 0; asker < 8; asker++) backoff.failed("a", "no answer", 10);
  assertEquals(backoff.problem("a", 500), "no answer");
  assertEquals(backoff.problem("a", 1_000), undefined);
});

Deno.test("H4: BrokerClient asks no address of the program's own network", async () => {
  await using local = broker(() => Response.json({}));
  const addresses = { apiServer: ["10.96.0.1"], allowLoopback: false };
  for (const url of [local.url, "http://10.96.0.1", "http://169.254.169.254"]) {
    using client = new BrokerClient({ url }, { signal, deadlineMs: 3_000, addresses });
    const problem = await problemOf(() => client.get("/x"));
    assertMatch(problem, /^its address is .+, which is not called$/);
  }
  // Nor does a redirect lead there.
  await using first = broker(() => Response.redirect("http://169.254.169.254/", 307));
  using client = clientOf(first.url);
  const problem = await problemOf(() => client.get("/x"));
  assertEquals(problem, "its address is a link-local address, which is not called");
  assertEquals(local.asked, []);
});

/** Every name is this machine. */
const resolve: NonNullable<BrokerLimits["resolve"]> = (_host, _options, found) =>
  found(null, [{ address: "127.0.0.1", family: 4 }]);

Deno.test("H4: BrokerClient gives credentials to no other host after a redirect, a Service of the same namespace included", async () => {
  const authorization = "Bearer MARKBROKERTOKEN";
  await using other = broker(() => Response.json({ subscriptions: {} }));
  const { port } = new URL(other.url);
  const meant = "pulsar-broker.pulsar.svc";
  const hosts = [
    "b-1.pulsar-broker.pulsar.svc.cluster.local",
    "anybody.pulsar.svc",
    "pulsar-broker.pulsar.svc.cluster.local",
    `${meant}.attacker.example`,
    meant,
  ];
  for (const host of hosts) {
    await using first = broker((path) => Response.redirect(`http://${host}:${port}${path}`, 307));
    const url = first.url.replace("127.0.0.1", meant);
    const limits = { signal, deadlineMs: 3_000, addresses: LOCAL, resolve };
    using client = new BrokerClient({ url, authorization }, limits);
    assertEquals(await client.get("/persistent/a/b/c/stats"), { subscriptions: {} }, host);
    assertEquals(first.asked.at(-1)?.endsWith(` ${authorization}`), true, host);
  }
  assertEquals(other.asked.length, hosts.length);
  assertEquals(other.asked.filter((call) => !call.endsWith(" null")), []);
});

Deno.test("H4: BrokerClient keeps credentials on the same host, and gives them to nobody who was asked by another", async () => {
  const authorization = "Bearer MARKBROKERTOKEN";
  await using back = broker((path) =>
    path.endsWith("/chosen") ? Response.json({}) : Response.redirect(`${first.url}/chosen`, 307)
  );
  await using first = broker((path) => {
    if (path.endsWith("/here")) return Response.redirect(`${first.url}/there`, 307);
    return path.endsWith("/away") ? Response.redirect(`${back.url}/x`, 307) : Response.json({});
  });
  using client = clientOf(first.url, authorization);
  assertEquals(await client.get("/here"), {});
  assertEquals(first.asked.splice(0).every((call) => call.endsWith(` ${authorization}`)), true);
  // Whoever is sent to does not choose what is asked with them either.
  assertEquals(await client.get("/away"), {});
  assertEquals(first.asked, [`GET /admin/v2/away ${authorization}`, "GET /chosen null"]);
});
