/**
 * Markers in all with which a broker's admin API can be asked, brokers, instances and API servers that repeat them in every
 * spelling; then the statuses and the log of the poll are looked through (H3).
 */
import { assert, assertEquals } from "@std/assert";
import { errorText, type JsonObject, type ObjectId, type ObjectKey } from "#base";
import { ApiError, type ResourceType } from "#kube";
import { MetricsPoll } from "#reconcile";
import { createLogger } from "#telemetry";
import { FakeClock } from "../support/fake_clock.ts";
import { cacheWith } from "../support/live_cache.ts";
import { toldFunction } from "../support/objects.ts";
import { scaledFunction, ScalingWorld } from "../support/scaling_world.ts";
import { scriptedServer, type SeenRequest } from "../support/scripted_server.ts";
import { leaksIn, secretSpellings, spelledParts } from "../support/secret_spellings.ts";

const { signal } = new AbortController();
const TOKEN = "MARKTOKEN/77+words";
const PASSWORD = 'MARKPASSWORD"in<side>&x';
const VARIABLE = "MARKVARIABLE-0a1b2c3d";
const KEY = "MARKPRIVATEKEYofTLS0123456789";
const MARKERS = [TOKEN, PASSWORD, VARIABLE, KEY];
const PARTS = [...spelledParts(MARKERS), "MARK", "mark"];
const SPELLED = MARKERS.flatMap((value) => [...secretSpellings(value).values()]);
const QUOTED = SPELLED.join(" ");
const TOKEN_PLUGIN = "org.apache.pulsar.client.impl.auth.AuthenticationToken";
const PEM = `-----BEGIN PRIVATE KEY-----\n${KEY}\n-----END PRIVATE KEY-----\n`;

function generic(plugin: string, parameters: string): JsonObject {
  return {
    authConfig: {
      genericAuth: {
        clientAuthenticationPlugin: plugin,
        clientAuthenticationParameters: parameters,
      },
    },
  };
}

const BASIC = JSON.stringify({ userId: "bot", password: PASSWORD });
/** Members of `pulsar` with credentials, good and bad, by what they are. */
const LOGINS: Readonly<Record<string, JsonObject>> = {
  "a token in a Secret": { authSecret: "auth" },
  "a token in the resource": generic(TOKEN_PLUGIN, `token:${TOKEN}`),
  "a token that cannot be sent": generic(TOKEN_PLUGIN, `token:${TOKEN} ${PASSWORD}`),
  "a token of a file": generic(TOKEN_PLUGIN, `file:///${TOKEN}`),
  "a token in broken JSON": generic(TOKEN_PLUGIN, `{"token": "${TOKEN}`),
  "a password": generic("basic", BASIC),
  "a plugin that is a password": generic(PASSWORD, TOKEN),
  "OAuth2": {
    authConfig: {
      oauth2Config: {
        audience: "urn:a",
        issuerUrl: `https://bot:${TOKEN}@issuer.example`,
        keySecretName: "auth",
        keySecretKey: "key.json",
      },
    },
  },
  "a private key in place of an authority": {
    tlsConfig: { enabled: true, certSecretName: "auth", certSecretKey: "tls.key" },
  },
};

const DATA: Readonly<Record<string, string>> = {
  clientAuthenticationPlugin: TOKEN_PLUGIN,
  clientAuthenticationParameters: `token:${TOKEN}`,
  "key.json": JSON.stringify({ client_id: "bot", client_secret: PASSWORD }),
  "tls.key": PEM,
};

function redirect(location: string): Response {
  return new Response(QUOTED, { status: 307, headers: { location } });
}

/** What a broker answers to a question about a topic, repeating what it was asked with. */
const ANSWERS: Readonly<Record<string, (request: SeenRequest) => Response>> = {
  "a refusal": () => Response.json({ reason: QUOTED }, { status: 401 }),
  "an error": () => new Response(QUOTED, { status: 500 }),
  "no JSON": () => new Response(QUOTED),
  "broken JSON": () => new Response(`{"subscriptions": {${QUOTED}`),
  "a text": () => Response.json(QUOTED),
  "other subscriptions": () => Response.json({ subscriptions: { [QUOTED]: { msgBacklog: 1 } } }),
  "an odd backlog": () =>
    Response.json({ subscriptions: { "public/default/f": { msgBacklog: QUOTED } } }),
  "odd headers": () => new Response("{}", { status: 502, headers: { "x-a": TOKEN, server: KEY } }),
  "another scheme": () => redirect(`ftp://bot:${TOKEN}@x/`),
  "a host that is a token": () => redirect(`http://MARKTOKEN.invalid/${TOKEN}`),
  "an address with a token": () => redirect(`http://bot:${encodeURIComponent(TOKEN)}@127.0.0.1:1/`),
  "a circle": ({ path }) => redirect(`${path}?token=${encodeURIComponent(TOKEN)}`),
  "no address": () => redirect(`http://[${TOKEN}`),
};

/** A ready pod at whose address nobody listens. */
const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "f-0", uid: "p" },
  status: {
    phase: "Running",
    podIP: "127.9.9.8",
    conditions: [{ type: "Ready", status: "True" }],
  },
};

/** What an API server says instead of what it is asked. */
type Refuse = (verb: string, kind: string) => Error | undefined;

/** One round about one component: what is written into its status, and the log. */
async function saidOf(
  pulsar: JsonObject,
  url: string,
  refuse: Refuse = () => undefined,
): Promise<string[]> {
  const said: string[] = [];
  const data: Record<string, Record<string, string>> = {
    ConfigMap: { webServiceURL: url },
    Secret: Object.fromEntries(
      Object.entries(DATA).map(([name, value]) => [
        name,
        new TextEncoder().encode(value).toBase64(),
      ]),
    ),
  };
  const answered = <T>(verb: string, kind: string, value: T): Promise<T> => {
    const refusal = refuse(verb, kind);
    return refusal === undefined ? Promise.resolve(value) : Promise.reject(refusal);
  };
  const cluster = {
    get: ({ apiVersion, kind }: ResourceType, key: ObjectKey) =>
      answered("get", kind, { apiVersion, kind, metadata: key, data: data[kind] ?? {} }),
    patch: ({ apiVersion, kind, name }: ObjectId, body: JsonObject) => {
      said.push(JSON.stringify(body));
      return answered("patch", kind, { apiVersion, kind, metadata: { name } });
    },
  };
  const component = toldFunction("f", {
    pulsar: { pulsarConfig: "pulsar", ...pulsar },
    pod: { env: [{ name: "PASSWORD", value: VARIABLE }] },
  });
  const caches = {
    Function: cacheWith([component]),
    StatefulSet: {
      ...cacheWith([]),
      get: () => ({
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        metadata: { name: "f", uid: "s" },
      }),
    },
    Pod: { ...cacheWith([]), ownedBy: () => [POD] },
  };
  const log = createLogger({ level: "debug", sink: (line) => said.push(line) });
  const ctx = { cluster, caches, clock: new FakeClock(), log };
  using poll = new MetricsPoll({
    ctx,
    intervalMs: 1_000,
    addresses: { apiServer: [], allowLoopback: true },
  });
  await poll.round(signal);
  return said;
}

Deno.test("no credential of a component comes out of the poll, whatever a broker answers (H3)", async () => {
  let isShown = false;
  for (const [login, pulsar] of Object.entries(LOGINS)) {
    for (const [name, answer] of Object.entries(ANSWERS)) {
      await using broker = scriptedServer(answer);
      const said = await saidOf(pulsar, broker.url);
      assertEquals(leaksIn(said, PARTS), [], `${login}: ${name}`);
      assert(said.join("\n").includes("backlogProblem"), `${login}: ${name}: ${said}`);
      isShown ||= broker.seen.some(({ headers }) =>
        headers.get("authorization") === `Bearer ${TOKEN}`
      );
    }
  }
  assert(isShown, "no broker was shown a token");
});

Deno.test("no credential comes out of an address of a broker that cannot be called (H3)", async () => {
  const urls = [
    `http://bot:${encodeURIComponent(TOKEN)}@127.0.0.1:1`,
    `http://127.0.0.1:1/?token=${TOKEN}`,
    `ftp://${TOKEN}@x`,
    `${TOKEN}`,
    `http://MARKTOKEN.invalid`,
    `http://bot:${TOKEN}@[x`,
  ];
  for (const url of urls) {
    for (const [login, pulsar] of Object.entries(LOGINS)) {
      assertEquals(leaksIn(await saidOf(pulsar, url), PARTS), [], `${login}: ${url}`);
    }
  }
});

Deno.test("no value of a component comes out of the poll, whatever an API server quotes (H3)", async () => {
  // A server that refuses knows the resource, so it can repeat its variables and settings.
  const quoted = [VARIABLE, `token:${TOKEN}`].flatMap((one) => [...secretSpellings(one).values()]);
  await using broker = scriptedServer(() => Response.json({ subscriptions: {} }));
  const pulsar = LOGINS["a token in the resource"] ?? {};
  const told = quoted.join(" ");
  for (const [status, reason] of [[422, "Invalid"], [403, "Forbidden"], [500, "Broken"]] as const) {
    const refuse: Refuse = (verb, kind) =>
      verb !== "patch" ? undefined : new ApiError({
        ask: { verb, kind, subresource: "status" },
        status,
        reason,
        text: `Invalid value: ${told}`,
        causes: [{ reason: "FieldValueInvalid", message: told, field: "spec" }],
      });
    const said = await saidOf(pulsar, broker.url, refuse);
    assertEquals(leaksIn(said, PARTS), [], reason);
    assert(said.join("\n").includes("Cannot tell how instances are doing"), said.join("\n"));
  }
});

Deno.test("no value of a component comes out of scaling, whatever an API server quotes (H3)", async () => {
  await using broker = scriptedServer(() =>
    Response.json({ msgInCounter: 90, subscriptions: { "shop/f": { msgBacklog: 90 } } })
  );
  const world = new ScalingWorld(broker.url);
  const env = [{ name: "PASSWORD", value: VARIABLE }];
  world.addComponent(scaledFunction("f", { subscriptionName: "shop/f", pod: { env } }));
  world.refusal = (request) =>
    !request.startsWith("status") ? undefined : new ApiError({
      ask: { verb: "patch", kind: "Function", subresource: "status" },
      status: 422,
      reason: "Invalid",
      text: `Invalid value: ${[...secretSpellings(VARIABLE).values()].join(" ")}`,
    });
  using loop = world.loop();
  await loop.round(signal);
  assertEquals(world.errors.length, 1);
  assertEquals(leaksIn(world.errors.map(errorText), PARTS), []);
});
