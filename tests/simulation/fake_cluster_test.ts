/** The fake API server by itself; that it is like the real one is shown by the stories that run on both. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { FINALIZERS } from "#api";
import type { KubeObject } from "#base";
import {
  ApiError,
  httpCluster,
  isAlreadyExists,
  isConflict,
  isInvalid,
  isKindMissing,
  isNamespaceMissing,
  isNamespaceTerminating,
  NoAnswerError,
} from "#kube";
import { fieldConflicts } from "#plan";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeCluster } from "../support/fake_cluster.ts";
import { FakeCache } from "../support/fake_cluster_cache.ts";
import { faultAt, faultyTransport } from "../support/fault_plan.ts";

function setting() {
  const clock = new FakeClock(1_000);
  const server = new FakeCluster(clock);
  return { clock, server, client: httpCluster(server.transport({ user: "admin" }), { clock }) };
}

function configMap(name: string, data: Record<string, string>, more: object = {}): KubeObject {
  const metadata = { name, namespace: "default", ...more };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data };
}

const A = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "a" } as const;
const CONFIG_MAPS = {
  apiVersion: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
} as const;

async function refusal(action: () => Promise<unknown>): Promise<ApiError> {
  return await assertRejects(action, ApiError);
}

Deno.test("the fake server creates a new object only where none is, and none for a uid", async () => {
  const { client } = setting();
  const by = { fieldManager: "one", isNew: true };
  const created = await client.apply(configMap("a", { x: "1" }), by);
  assert(isConflict(await refusal(() => client.apply(configMap("a", { z: "1" }), by))));
  assertEquals(await client.get(CONFIG_MAPS, A), created);
  const gone = configMap("b", {}, { uid: "1" });
  assert(isConflict(await refusal(() => client.apply(gone, { fieldManager: "one" }))));
});

Deno.test("the fake server keeps who owns which field, and says so in a conflict", async () => {
  const { client } = setting();
  await client.apply(configMap("a", { x: "1", y: "1" }), { fieldManager: "one" });
  await client.patch(A, { data: { y: "2" } }, { fieldManager: "kubectl-edit" });
  await client.apply(configMap("a", { x: "1" }), { fieldManager: "helm", force: false });
  const error = await refusal(() =>
    client.apply(configMap("a", { x: "3", y: "1" }), { fieldManager: "one", force: false })
  );
  assertEquals(fieldConflicts(error.causes), [
    { field: ".data.x", manager: "helm", declares: true },
    { field: ".data.y", manager: "kubectl-edit", declares: false },
  ]);
  assertEquals(
    error.text,
    'Apply failed with 2 conflicts: conflicts with "helm":\n- .data.x\n' +
      'conflicts with "kubectl-edit" using v1:\n- .data.y',
  );
  const forced = await client.apply(configMap("a", { x: "3" }), { fieldManager: "one" });
  assertEquals(forced["data"], { x: "3", y: "2" });
});

Deno.test("the fake server removes what a manager no longer applies, and nothing of others", async () => {
  const { client } = setting();
  const labels = { team: "red" };
  await client.apply(configMap("a", { x: "1", y: "1" }, { labels }), { fieldManager: "one" });
  await client.apply(configMap("a", { y: "1", z: "1" }), { fieldManager: "two" });
  const left = await client.apply(configMap("a", { x: "1" }), { fieldManager: "one" });
  assertEquals([left["data"], left.metadata.labels], [{ x: "1", y: "1", z: "1" }, undefined]);
  const managed = await client.managedFields(A);
  assertEquals(managed?.fields.map((entry) => [entry["manager"], entry["fieldsV1"]]), [
    ["two", { "f:data": { "f:y": {}, "f:z": {} } }],
    ["one", { "f:data": { "f:x": {} } }],
  ]);
});

Deno.test("the fake server stores nothing in a dry run, and nothing that changes nothing", async () => {
  const { client, server } = setting();
  const dry = await client.apply(configMap("a", { x: "1" }), { fieldManager: "one", dryRun: true });
  assertEquals([dry.metadata.resourceVersion, await client.get(CONFIG_MAPS, A)], [
    undefined,
    undefined,
  ]);
  const first = await client.apply(configMap("a", { x: "1" }), { fieldManager: "one" });
  const version = server.store.version;
  const again = await client.apply(configMap("a", { x: "1" }), { fieldManager: "one" });
  assertEquals([again, server.store.version], [first, version]);
});

Deno.test("the fake server counts generations of specs, not of statuses", async () => {
  const { client } = setting();
  const sync = (interval: string): KubeObject => ({
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { name: "a", namespace: "default" },
    spec: { url: "https://git.example/a.git", interval },
    status: { ignored: true },
  });
  const id = {
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    namespace: "default",
    name: "a",
  };
  const made = await client.apply(sync("1m"), { fieldManager: "user" });
  assertEquals([made.metadata.generation, made.status], [1, undefined]);
  const options = { fieldManager: "status", subresource: "status" };
  const told = await client.patch(id, { status: { seen: 1 }, spec: { interval: "9m" } }, options);
  assertEquals([told.metadata.generation, told.status, told.spec], [1, { seen: 1 }, made.spec]);
  const changed = await client.apply(sync("2m"), { fieldManager: "user" });
  assertEquals([changed.metadata.generation, changed.status], [2, { seen: 1 }]);
});

Deno.test("the fake server refuses stale versions, other uids and second creations", async () => {
  const { client } = setting();
  const first = await client.create(configMap("a", { x: "1" }));
  assert(isAlreadyExists(await refusal(() => client.create(configMap("a", {})))));
  await client.patch(A, { data: { x: "2" } }, { fieldManager: "user" });
  const { resourceVersion = "" } = first.metadata;
  const stale = () => client.patch(A, { metadata: { resourceVersion } }, { fieldManager: "user" });
  assert(isConflict(await refusal(stale)));
  const error = await refusal(() => client.remove(A, { uid: "another" }));
  assert(isConflict(error), error.message);
  assertEquals(await client.remove(A, { uid: first.metadata.uid ?? "" }), "deleted");
  assertEquals(await client.remove(A), "absent");
});

Deno.test("the fake server keeps what has finalizers until they are gone", async () => {
  const { client } = setting();
  await client.apply(configMap("a", {}, { finalizers: [FINALIZERS.sync] }), {
    fieldManager: "one",
  });
  assertEquals(await client.remove(A), "deleted");
  const kept = await client.get(CONFIG_MAPS, A);
  assertEquals(kept?.metadata.deletionTimestamp, "1970-01-01T00:00:01Z");
  const finalizers = [FINALIZERS.sync, "example.org/late"];
  const late = () => client.patch(A, { metadata: { finalizers } }, { fieldManager: "user" });
  assert(isInvalid(await refusal(late)));
  await client.patch(A, { metadata: { finalizers: [] } }, { fieldManager: "user" });
  assertEquals(await client.get(CONFIG_MAPS, A), undefined);
});

Deno.test("the fake server takes along what has no owner left, and what a namespace holds", async () => {
  const { client } = setting();
  const space = (name: string) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  await client.create(space("shop"));
  const owner = await client.create(configMap("a", {}));
  const { uid = "" } = owner.metadata;
  const reference = { apiVersion: "v1", kind: "ConfigMap", name: "a", uid };
  await client.create(configMap("child", {}, { ownerReferences: [reference] }));
  await client.create(configMap("inside", {}, { namespace: "shop" }));
  const kept = { namespace: "shop", finalizers: ["example.org/keep"] };
  await client.create(configMap("kept", {}, kept));
  await client.remove(A);
  assertEquals(await client.get(CONFIG_MAPS, { ...A, name: "child" }), undefined);
  await client.remove({ apiVersion: "v1", kind: "Namespace", namespace: "", name: "shop" });
  const within = (name: string) => client.get(CONFIG_MAPS, { namespace: "shop", name });
  assertEquals([await within("inside"), (await within("kept"))?.metadata.name], [
    undefined,
    "kept",
  ]);
  const late = await refusal(() => client.create(configMap("late", {}, { namespace: "shop" })));
  assert(isNamespaceTerminating(late), late.message);
  const keptId = { ...A, namespace: "shop", name: "kept" };
  await client.patch(keptId, { metadata: { finalizers: [] } }, { fieldManager: "user" });
  const after = await refusal(() => client.create(configMap("late", {}, { namespace: "shop" })));
  assert(isNamespaceMissing(after), after.message);
});

Deno.test("the fake server serves a kind while its definition is there", async () => {
  const { client, clock } = setting();
  const definition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "shops.example.org" },
    spec: {
      group: "example.org",
      scope: "Namespaced",
      names: { kind: "Shop", plural: "shops" },
      versions: [{ name: "v1", served: true, storage: true, subresources: { status: {} } }],
    },
  };
  const shop = {
    apiVersion: "example.org/v1",
    kind: "Shop",
    metadata: { name: "a", namespace: "default" },
  };
  assert(isKindMissing(await refusal(() => client.apply(shop, { fieldManager: "one" }))));
  await client.apply(definition, { fieldManager: "one" });
  await clock.advance(1_000);
  assertEquals((await client.apply(shop, { fieldManager: "one" })).metadata.generation, 1);
  await client.remove({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    namespace: "",
    name: "shops.example.org",
  });
  assert(isKindMissing(await refusal(() => client.apply(shop, { fieldManager: "one" }))));
  assertEquals(await client.resourceType("example.org/v1", "Shop"), undefined);
});

Deno.test("a fake cache tells changes in order, as late as it is told to", async () => {
  const { client, server } = setting();
  const told: string[] = [];
  const cache = new FakeCache(server.store, {
    type: CONFIG_MAPS,
    onChange: ({ after, before }) =>
      told.push(`${JSON.stringify(before?.["data"])} ${JSON.stringify(after?.["data"])}`),
  });
  await client.create(configMap("a", { x: "1" }));
  assertEquals(cache.synced, false);
  cache.relist();
  cache.lag = 1;
  await client.patch(A, { data: { x: "2" } }, { fieldManager: "user" });
  cache.deliver();
  assertEquals(cache.get(A)?.["data"], { x: "1" });
  const own = await client.patch(A, { data: { x: "3" } }, { fieldManager: "user" });
  cache.observe(own);
  cache.deliver();
  assertEquals(cache.get(A)?.["data"], { x: "3" });
  await client.remove(A);
  cache.lag = 0;
  cache.deliver();
  assertEquals([cache.get(A), cache.behindSince], [undefined, undefined]);
  assertEquals(told, [
    'undefined {"x":"1"}',
    '{"x":"1"} {"x":"3"}',
    '{"x":"3"} undefined',
  ]);
});

Deno.test("a planned fault happens before or after a request took effect, and once", async () => {
  const { clock, server } = setting();
  let plan = faultAt(({ verb }) => verb === "apply", { fails: { when: "before", how: "500" } });
  const transport = faultyTransport(server.transport({ user: "program" }), {
    clock,
    plan: (request) => plan(request),
    crash: () => {},
    isAlive: () => true,
  });
  const client = httpCluster(transport, { clock });
  const apply = () => client.apply(configMap("a", { x: "1" }), { fieldManager: "one" });
  assertEquals((await refusal(apply)).status, 500);
  assertEquals(await client.get(CONFIG_MAPS, A), undefined);
  plan = faultAt(({ verb }) => verb === "apply", { fails: { when: "after", how: "lost" } });
  await assertRejects(apply, NoAnswerError);
  assertEquals((await client.get(CONFIG_MAPS, A))?.["data"], { x: "1" });
  await apply();
});
