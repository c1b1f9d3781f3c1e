import { assertEquals } from "@std/assert";
import type { RuntimeStatus } from "#api";
import type { JsonObject, KubeObject, ObjectId, ObjectKey } from "#base";
import { MetricsPoll } from "#reconcile";
import type { ResourceType } from "#kube";
import { silentLogger } from "#telemetry";
import { FakeClock } from "../support/fake_clock.ts";
import { cacheWith } from "../support/live_cache.ts";
import { functionObject, toldFunction } from "../support/objects.ts";

const { signal } = new AbortController();
const NO_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";

const LOCAL = { apiServer: [], allowLoopback: true };

/** A cluster with a broker's address and an authority that is none; remembers what is written. */
function clusterOf(url: string) {
  const written = new Map<string, RuntimeStatus>();
  const data: Record<string, Record<string, string>> = {
    ConfigMap: { webServiceURL: url },
    Secret: {
      "ca.crt": btoa(NO_CERTIFICATE),
      clientAuthenticationPlugin: btoa("token"),
      clientAuthenticationParameters: btoa("token:MARKTOKEN"),
    },
  };
  const get = ({ apiVersion, kind }: ResourceType, key: ObjectKey) =>
    Promise.resolve({ apiVersion, kind, metadata: key, data: data[kind] ?? {} });
  const patch = ({ apiVersion, kind, name }: ObjectId, body: JsonObject) => {
    const status: unknown = body["status"];
    written.set(name, (status as { readonly runtime: RuntimeStatus }).runtime);
    return Promise.resolve({ apiVersion, kind, metadata: { name } });
  };
  return { written, get, patch };
}

Deno.test("MetricsPoll.round() holds one component's bad authority against no other", async () => {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => Response.json({ subscriptions: { "public/default/good": { msgBacklog: 7 } } }),
  );
  const tlsConfig = { enabled: true, certSecretName: "tls", certSecretKey: "ca.crt" };
  const components = [
    toldFunction("bad", { pulsar: { pulsarConfig: "pulsar", tlsConfig } }),
    toldFunction("good"),
  ];
  const cluster = clusterOf(`http://127.0.0.1:${server.addr.port}`);
  const ctx = {
    cluster,
    caches: { Function: cacheWith(components) },
    clock: new FakeClock(),
    log: silentLogger,
  };
  {
    using poll = new MetricsPoll({ ctx, intervalMs: 1_000, addresses: LOCAL });
    for (let round = 0; round < 3; round++) await poll.round(signal);
  }
  await server.shutdown();
  assertEquals(cluster.written.get("bad"), {
    backlogProblem: "the broker could not be asked: its certificate authority is no certificate",
  });
  assertEquals(cluster.written.get("good")?.backlog, 7);
  assertEquals(cluster.written.get("good")?.backlogProblem, undefined);
});

Deno.test("H4: MetricsPoll.round() shows a component's token to nobody before one of its pods is ready", async () => {
  const shown: (string | null)[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    shown.push(request.headers.get("authorization"));
    return Response.json({ subscriptions: { "public/default/secured": { msgBacklog: 7 } } });
  });
  const pulsar = { pulsarConfig: "pulsar", authSecret: "auth" };
  const cluster = clusterOf(`http://127.0.0.1:${server.addr.port}`);
  const pods: KubeObject[] = [];
  const statefulSet = { apiVersion: "apps/v1", kind: "StatefulSet", metadata: { uid: "s" } };
  const ctx = {
    cluster,
    caches: {
      Function: cacheWith([toldFunction("secured", { pulsar })]),
      StatefulSet: {
        ...cacheWith([]),
        get: () => statefulSet as unknown as KubeObject,
      },
      Pod: { ...cacheWith([]), ownedBy: () => pods },
    },
    clock: new FakeClock(),
    log: silentLogger,
  };
  {
    using poll = new MetricsPoll({ ctx, intervalMs: 1_000, addresses: LOCAL });
    await poll.round(signal);
    assertEquals(
      cluster.written.get("secured")?.backlogProblem,
      "the broker is not asked: no instance was ready yet",
    );
    // Where nobody listens, so that only the broker is asked in vain.
    const status = { phase: "Running", podIP: "127.9.9.9", conditions: [] as unknown[] };
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "secured-0", uid: "p" },
      status,
    };
    pods.push(pod);
    await poll.round(signal);
    assertEquals(shown, []);
    status.conditions.push({ type: "Ready", status: "True" });
    await poll.round(signal);
  }
  await server.shutdown();
  assertEquals([...new Set(shown)], ["Bearer MARKTOKEN"]);
  assertEquals(cluster.written.get("secured")?.backlog, 7);
});

Deno.test("MetricsPoll.round() leaves alone of what nothing was said yet", async () => {
  let writes = 0;
  const cluster = {
    get: () => Promise.resolve(undefined),
    patch: () => Promise.reject(new Error(`write ${++writes}`)),
  };
  using poll = new MetricsPoll({
    ctx: {
      cluster,
      caches: { Function: cacheWith([functionObject("new")]) },
      clock: new FakeClock(),
      log: silentLogger,
    },
    intervalMs: 1_000,
    addresses: { apiServer: [], allowLoopback: true },
  });
  await poll.round(new AbortController().signal);
  assertEquals(writes, 0);
});
