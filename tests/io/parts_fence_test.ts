import { assertEquals, assertRejects } from "@std/assert";
import type { KubeObject } from "#base";
import { DEFAULT_SETTINGS } from "#desired";
import { Leadership, NotLeadingError } from "#kube";
import type { Config } from "../../src/config.ts";
import { openParts, type Parts } from "../../src/parts.ts";
import { scriptedServer } from "../support/scripted_server.ts";

const CONFIG: Omit<Config, "cluster"> = {
  settings: DEFAULT_SETTINGS,
  namespacedBackendConfig: "backend-config",
  cacheDirectory: "/nonexistent",
  concurrency: 4,
  pauseRollout: false,
  rolloutOnUpgrade: false,
  reconcileMeshes: true,
  installDefinitions: true,
  logLevel: "error",
  metricsAddress: "0",
  healthAddress: "0",
};

const OBJECT: KubeObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace: "shop", name: "a" },
};

const ID = { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "a" };

/** The parts of a program whose API server takes every write. */
async function opened(choices: Partial<Config>) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(
    scriptedServer(({ path }) =>
      path === "/api/v1"
        ? Response.json({
          resources: [{ name: "configmaps", kind: "ConfigMap", namespaced: true }],
        })
        : Response.json({ ...OBJECT, metadata: { ...OBJECT.metadata, resourceVersion: "7" } })
    ),
  );
  const kubeconfig = await Deno.makeTempFile();
  stack.defer(() => Deno.remove(kubeconfig));
  await Deno.writeTextFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      clusters: [{ name: "test", cluster: { server: server.url } }],
      users: [{ name: "test", user: {} }],
      contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    }),
  );
  const parts = stack.use(
    await openParts({ ...CONFIG, cluster: { kubeconfig }, ...choices }, { logSink: () => {} }),
  );
  return {
    parts,
    writes: () => server.seen.filter(({ method }) => method !== "GET").length,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function write({ cluster }: Pick<Parts, "cluster">): Promise<void> {
  await cluster.apply(OBJECT, { fieldManager: "test" });
  await cluster.create(OBJECT);
  await cluster.patch(ID, {}, { fieldManager: "test" });
  await cluster.remove(ID);
}

Deno.test("openParts() lets only who leads write, Events included, where several replicas may run", async () => {
  await using it = await opened({ leaderElection: { name: "lease" } });
  const leadership = new Leadership(it.parts.clock);
  await using led = it.parts.led(leadership, it.parts.log);
  for (const parts of [it.parts, led]) {
    await assertRejects(() => write(parts), NotLeadingError, "does not lead yet");
    parts.events.record(OBJECT, { type: "Warning", reason: "Tried", message: "too early" });
    await parts.events.flush();
    assertEquals([it.writes(), parts.events.dropped], [0, 1]);
  }
  leadership.extend(it.parts.clock.monotonicMs() + 60_000);
  await write(led);
  assertEquals(it.writes(), 4);
  await assertRejects(() => write(it.parts), NotLeadingError, "does not lead yet");
  leadership.end("the lease is gone");
  await assertRejects(() => write(led), NotLeadingError, "the lease is gone");
  assertEquals(it.writes(), 4);
  // What every replica does goes on: the lease itself, certificates, webhooks.
  await write(it.parts.unfenced);
  assertEquals(it.writes(), 8);
});

Deno.test("openParts() fences nothing where one replica runs", async () => {
  await using it = await opened({});
  await write(it.parts);
  assertEquals(it.writes(), 4);
});
