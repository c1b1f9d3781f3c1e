import { assertEquals } from "@std/assert";
import { resourceOf, type RuntimeStatus } from "#api";
import type { JsonObject, KubeObject, ObjectId, ObjectKey } from "#base";
import { type LiveCache, MetricsPoll } from "#reconcile";
import type { ResourceType } from "#kube";
import { silentLogger } from "#telemetry";
import { FakeClock } from "../support/fake_clock.ts";
import { functionObject } from "../support/objects.ts";

const { signal } = new AbortController();
const NO_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";

function cacheWith(objects: readonly KubeObject[]): LiveCache {
  return {
    type: resourceOf("Function"),
    synced: true,
    size: objects.length,
    get: ({ name }) => objects.find(({ metadata }) => metadata.name === name),
    list: () => objects,
    ownedBy: () => [],
    index: () => [],
    observe() {},
  };
}

/** A cluster with a broker's address and an authority that is none; remembers what is written. */
function clusterOf(url: string) {
  const written = new Map<string, RuntimeStatus>();
  const data: Record<string, Record<string, string>> = {
    ConfigMap: { webServiceURL: url },
    Secret: { "ca.crt": btoa(NO_CERTIFICATE) },
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
    functionObject("bad", { pulsar: { pulsarConfig: "pulsar", tlsConfig } }),
    functionObject("good"),
  ];
  const cluster = clusterOf(`http://127.0.0.1:${server.addr.port}`);
  const ctx = {
    cluster,
    caches: { Function: cacheWith(components) },
    clock: new FakeClock(),
    log: silentLogger,
  };
  {
    using poll = new MetricsPoll({ ctx, intervalMs: 1_000 });
    for (let round = 0; round < 3; round++) await poll.round(signal);
  }
  await server.shutdown();
  assertEquals(cluster.written.get("bad"), {
    backlogProblem: "the broker could not be asked: its certificate authority is no certificate",
  });
  assertEquals(cluster.written.get("good")?.backlog, 7);
  assertEquals(cluster.written.get("good")?.backlogProblem, undefined);
});
