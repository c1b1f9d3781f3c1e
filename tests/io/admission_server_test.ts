import { AdmissionServer, type Certificates } from "#admission";
import { errorText } from "#base";
import { createLogger } from "#telemetry";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ownCertificates } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { functionObject } from "../support/objects.ts";
import { type RawCaller, rawCaller } from "../support/raw_caller.ts";

const PATH = "/validate-compute-functionmesh-io-v1alpha1-function";
const HOSTS = ["127.0.0.1"];

async function certificates(): Promise<Certificates> {
  return await ownCertificates(HOSTS);
}

interface Running extends AsyncDisposable {
  readonly server: AdmissionServer;
  readonly log: string[];
  readonly url: string;
}

async function running(keys: Certificates): Promise<Running> {
  const log: string[] = [];
  const server = new AdmissionServer({
    address: "127.0.0.1:0",
    log: createLogger({ sink: (line) => log.push(line) }),
  });
  await server.use(keys);
  return {
    server,
    log,
    url: `https://127.0.0.1:${server.port}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** One request over a connection of its own, trusting one authority. */
async function ask(
  url: string,
  { trust, ...init }: RequestInit & { readonly trust: Certificates },
): Promise<{ status: number; text: string }> {
  const client = Deno.createHttpClient({ caCerts: [...trust.authorities] });
  try {
    const response = await fetch(url, { ...init, client });
    return { status: response.status, text: await response.text() };
  } finally {
    client.close();
  }
}

/** Why a client that trusts only `trust` does not get through. */
async function refusalOf(url: string, trust: Certificates): Promise<string> {
  return await ask(url, { trust }).then(() => "it got through", errorText);
}

function reviewText(spec: Record<string, unknown> = {}): string {
  const object = functionObject("orders", spec);
  const kind = { group: "compute.functionmesh.io", version: "v1alpha1", kind: "Function" };
  return JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: { uid: "1", kind, operation: "CREATE", name: "orders", namespace: "shop", object },
  });
}

Deno.test("AdmissionServer answers reviews over TLS, and logs refusals without values", async () => {
  const keys = await certificates();
  await using webhook = await running(keys);
  const post = { method: "POST", trust: keys };
  const allowed = await ask(webhook.url + PATH, { ...post, body: reviewText() });
  assertEquals(JSON.parse(allowed.text).response, { uid: "1", allowed: true });
  assertEquals(webhook.log, []);
  const refused = await ask(`${webhook.url}${PATH}?timeout=3s`, {
    ...post,
    body: reviewText({ output: { topic: "s3cret://" } }),
  });
  assertEquals([refused.status, JSON.parse(refused.text).response.status.code], [200, 422]);
  assertStringIncludes(webhook.log.join(), '"fields":["spec.output.topic"]');
  assert(!webhook.log.join().includes("s3cret"));
});

Deno.test("AdmissionServer turns away what is no review", async () => {
  const keys = await certificates();
  await using webhook = await running(keys);
  const post = { method: "POST", trust: keys };
  const answers = [
    await ask(`${webhook.url}/convert`, { ...post, body: reviewText() }),
    await ask(webhook.url + PATH, { trust: keys }),
    await ask(webhook.url + PATH, { ...post, body: "{" }),
    await ask(webhook.url + PATH, { ...post, body: "{}" }),
    await ask(webhook.url + PATH, { ...post, body: "[".repeat(200_000) }),
  ];
  assertEquals(answers.map(({ status }) => status), [404, 405, 400, 400, 400]);
  // The answer may be lost while the rest of the body is still being sent: either way it is no 200.
  const large = await ask(webhook.url + PATH, { ...post, body: " ".repeat(9_000_000) })
    .catch((error) => {
      if (!(error instanceof TypeError)) throw error;
      return { status: 413 };
    });
  assertEquals(large.status, 413);
  const after = await ask(webhook.url + PATH, { ...post, body: reviewText() });
  assertEquals(after.status, 200);
});

Deno.test("AdmissionServer takes a new certificate while it runs, at the same port", async () => {
  const [first, second] = [await certificates(), await certificates()];
  await using webhook = await running(first);
  const { port } = webhook.server;
  assertEquals((await ask(webhook.url, { trust: first })).status, 404);
  assertStringIncludes(await refusalOf(webhook.url, second), "invalid peer certificate");
  assertEquals(await webhook.server.use(second), true);
  assertEquals(await webhook.server.use(second), false);
  assertEquals((await ask(webhook.url, { trust: second })).status, 404);
  assertStringIncludes(await refusalOf(webhook.url, first), "invalid peer certificate");
  assertEquals(webhook.server.port, port);
});

Deno.test("AdmissionServer outlives who does not speak TLS, and ends while somebody is connected", async () => {
  const keys = await certificates();
  const webhook = await running(keys);
  using stranger = await Deno.connect({ hostname: "127.0.0.1", port: webhook.server.port ?? 0 });
  await stranger.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  using idle = await Deno.connect({ hostname: "127.0.0.1", port: webhook.server.port ?? 0 });
  const client = Deno.createHttpClient({ caCerts: [...keys.authorities] });
  const response = await fetch(webhook.url, { client });
  assertEquals(await response.text(), "not found\n");
  await webhook[Symbol.asyncDispose]();
  client.close();
  assertEquals(idle.remoteAddr.transport, "tcp");
});

Deno.test("AdmissionServer says when its address is taken", async () => {
  const keys = await certificates();
  await using webhook = await running(keys);
  const address = `127.0.0.1:${webhook.server.port}`;
  const second = new AdmissionServer({ address, log: createLogger({ sink: () => {} }) });
  await assertRejects(() => second.use(keys), Error, "EADDRINUSE");
  await second[Symbol.asyncDispose]();
});

Deno.test("C2: AdmissionServer answers reviews while others send large bodies that never end", async () => {
  const keys = await certificates();
  await using webhook = await running(keys);
  const port = webhook.server.port ?? 0;
  using callers = new DisposableStack();
  const head = `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n`;
  const strangers: RawCaller[] = [];
  for (let index = 0; index < 8; index++) {
    const stranger = callers.use(await rawCaller(port, { caCerts: keys.authorities }));
    strangers.push(stranger);
    await stranger.say(head);
    // More than all together may have: who finds no room is told so while still sending.
    stranger.say(" ".repeat(5_500_000)).catch(() => {});
  }
  await eventually(async () => {
    const answer = await ask(webhook.url + PATH, {
      method: "POST",
      trust: keys,
      body: reviewText(),
    });
    return answer.status === 200;
  });
  const answers = await Promise.all(strangers.map((stranger) => stranger.rest()));
  assertEquals(answers.every((text) => text === "" || / (408|503) /.test(text)), true);
});
