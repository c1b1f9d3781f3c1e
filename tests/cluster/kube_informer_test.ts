import { assertEquals, assertRejects } from "@std/assert";
import { type KubeObject, ownerReference, systemClock } from "#base";
import { Informer, type InformerOptions, type ObjectChange } from "#kube";
import { eventually, testCluster } from "../support/control_plane.ts";
import { type TestClient, testClient } from "../support/transport.ts";

const cluster = testCluster();
const CONFIG_MAP = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };
const WIDGET = {
  apiVersion: "informer.example/v1",
  kind: "Widget",
  plural: "widgets",
  namespaced: true,
};
const BY = { fieldManager: "kube-test" };

function configMap(namespace: string, name: string, data: Record<string, string>): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name }, data };
}

function changeText(change: ObjectChange): string {
  const { before, after } = change;
  const name = (after ?? before)?.metadata.name;
  return `${before === undefined ? "+" : after === undefined ? "-" : "~"}${name}`;
}

/** An informer that runs, and what it told. */
function running(client: TestClient, options: Partial<InformerOptions> & { namespace: string }) {
  const stop = new AbortController();
  const changes: string[] = [];
  const restarts: string[] = [];
  const informer = new Informer({
    transport: client.transport,
    type: CONFIG_MAP,
    fieldSelector: "metadata.name!=kube-root-ca.crt",
    onChange: (change) => changes.push(changeText(change)),
    onRestart: (cause) => restarts.push(cause),
    clock: systemClock,
    signal: stop.signal,
    ...options,
  });
  const run = informer.run();
  return {
    informer,
    changes,
    restarts,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await run;
    },
  };
}

Deno.test("Informer lists, then follows creations, changes and deletions in order", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  await client.cluster.apply(configMap(space.name, "a", {}), BY);
  await using it = running(client, { namespace: space.name });
  await it.informer.whenSynced();
  assertEquals(it.changes, ["+a"]);
  await client.cluster.apply(configMap(space.name, "b", { x: "1" }), BY);
  await client.cluster.apply(configMap(space.name, "a", { x: "1" }), BY);
  await client.cluster.remove({
    apiVersion: "v1",
    kind: "ConfigMap",
    namespace: space.name,
    name: "b",
  });
  await eventually(() => it.changes.length >= 4);
  assertEquals(it.changes, ["+a", "+b", "~a", "-b"]);
  const [only, ...others] = it.informer.list(space.name);
  assertEquals(others, []);
  assertEquals(only?.["data"], { x: "1" });
  assertEquals(only?.kind, "ConfigMap");
  assertEquals(Object.keys(only?.metadata ?? {}).includes("managedFields"), false);
});

Deno.test("Informer.observe() shows our own write at once, and the watch says no more about it", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  await using it = running(client, { namespace: space.name });
  await it.informer.whenSynced();
  const written = await client.cluster.apply(configMap(space.name, "a", { x: "1" }), BY);
  it.informer.observe(written);
  assertEquals(it.informer.get({ namespace: space.name, name: "a" })?.["data"], { x: "1" });
  await client.cluster.apply(configMap(space.name, "last", {}), BY);
  await eventually(() => it.changes.includes("+last"));
  assertEquals(it.changes, ["+a", "+last"]);
});

Deno.test("Informer.observe() does not bring back what is deleted", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  await using it = running(client, { namespace: space.name });
  await it.informer.whenSynced();
  const written = await client.cluster.apply(configMap(space.name, "a", {}), BY);
  await client.cluster.remove({
    apiVersion: "v1",
    kind: "ConfigMap",
    namespace: space.name,
    name: "a",
  });
  await eventually(() => it.changes.includes("-a"));
  it.informer.observe(written);
  assertEquals(it.informer.list(), []);
  assertEquals(it.changes, ["+a", "-a"]);
});

Deno.test("Informer finds children by their owner, and objects by a declared index", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  await using it = running(client, {
    namespace: space.name,
    indexes: { colour: (object) => Object.values(object["data"] as Record<string, string> ?? {}) },
  });
  const owner = await client.cluster.apply(configMap(space.name, "owner", {}), BY);
  for (const name of ["b", "a"]) {
    const child = configMap(space.name, name, { colour: "red" });
    await client.cluster.apply(
      { ...child, metadata: { ...child.metadata, ownerReferences: [ownerReference(owner)] } },
      BY,
    );
  }
  await eventually(() => it.informer.size === 3);
  const names = (objects: readonly KubeObject[]) => objects.map((object) => object.metadata.name);
  assertEquals(names(it.informer.ownedBy(owner.metadata.uid ?? "")), ["a", "b"]);
  assertEquals(names(it.informer.index("colour", "red")), ["a", "b"]);
  await client.cluster.apply(configMap(space.name, "b", { colour: "blue" }), BY);
  await eventually(() => it.informer.index("colour", "blue").length === 1);
  assertEquals(names(it.informer.index("colour", "red")), ["a"]);
});

Deno.test("Informer waits for a kind that is not served, and follows it once it is", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  await using it = running(client, { namespace: space.name, type: WIDGET, fieldSelector: "" });
  await eventually(() => it.restarts.length > 0);
  assertEquals([...new Set(it.restarts)], ["not_served"]);
  assertEquals(it.informer.problem, "the server does not serve this kind yet");
  assertEquals(it.informer.synced, false);
  await assertRejects(
    () => it.informer.whenSynced(AbortSignal.abort(new Error("no patience"))),
    Error,
    "no patience",
  );
  await cluster.apply({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.informer.example" },
    spec: {
      group: "informer.example",
      scope: "Namespaced",
      names: { plural: "widgets", kind: "Widget", singular: "widget", listKind: "WidgetList" },
      versions: [{
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        },
      }],
    },
  });
  await it.informer.whenSynced();
  assertEquals(it.informer.problem, undefined);
  await cluster.apply({
    apiVersion: "informer.example/v1",
    kind: "Widget",
    metadata: { namespace: space.name, name: "w" },
  });
  await eventually(() => it.changes.includes("+w"));
  // Its definition goes: what it held is gone, and that is told.
  await cluster.kubectl(["delete", "crd", "widgets.informer.example"]);
  await eventually(() => it.changes.includes("-w"));
});

Deno.test("Informer keeps what its projection keeps", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  await client.cluster.apply(configMap(space.name, "a", { big: "x".repeat(1000) }), BY);
  await using it = running(client, {
    namespace: space.name,
    project: ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }),
  });
  await it.informer.whenSynced();
  const kept = it.informer.list().map((object) => Object.keys(object));
  assertEquals(kept, [["apiVersion", "kind", "metadata"]]);
});
