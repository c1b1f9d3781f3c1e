import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type KubeObject, ownerReference } from "#base";
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isInvalid,
  isKindMissing,
  isNamespaceMissing,
} from "#kube";
import { testCluster } from "../support/control_plane.ts";
import { testClient } from "../support/transport.ts";

const cluster = testCluster();
const CONFIG_MAP = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };
const BY = { fieldManager: "kube-test" };

function configMap(namespace: string, name: string, data: Record<string, string>): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name }, data };
}

Deno.test("apply() creates, changes, and leaves an equal object at its version", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  const first = await client.cluster.apply(configMap(space.name, "a", { x: "1", y: "2" }), BY);
  const second = await client.cluster.apply(configMap(space.name, "a", { x: "1" }), BY);
  assertEquals(second["data"], { x: "1" });
  const third = await client.cluster.apply(configMap(space.name, "a", { x: "1" }), BY);
  assertEquals(third.metadata.resourceVersion, second.metadata.resourceVersion);
  assert(first.metadata.resourceVersion !== second.metadata.resourceVersion);
  assertEquals(Object.keys(third.metadata).includes("managedFields"), false);
});

Deno.test("apply() with dryRun stores nothing", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  await client.cluster.apply(configMap(space.name, "a", { x: "1" }), { ...BY, dryRun: true });
  assertEquals(
    await client.cluster.get(CONFIG_MAP, { namespace: space.name, name: "a" }),
    undefined,
  );
});

Deno.test("apply() of a new object creates it as an apply does, and changes nothing that is there", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  const created = await client.cluster.apply(configMap(space.name, "a", { x: "1", y: "1" }), {
    ...BY,
    isNew: true,
  });
  assert(Number(created.metadata.resourceVersion) > 1);
  for (const fieldManager of ["kube-test", "other"]) {
    const error = await assertRejects(
      () =>
        client.cluster.apply(configMap(space.name, "a", { z: "1" }), { fieldManager, isNew: true }),
      ApiError,
    );
    assert(isConflict(error));
  }
  const live = await client.cluster.get(CONFIG_MAP, { namespace: space.name, name: "a" });
  assertEquals(live, created);
  const changed = await client.cluster.apply(configMap(space.name, "a", { x: "1" }), BY);
  assertEquals(changed["data"], { x: "1" });
});

Deno.test("apply() of an object with a uid does not create it", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  const { metadata, ...rest } = configMap(space.name, "a", { x: "1" });
  const uid = crypto.randomUUID();
  const error = await assertRejects(
    () => client.cluster.apply({ ...rest, metadata: { ...metadata, uid } }, BY),
    ApiError,
  );
  assert(isConflict(error));
});

Deno.test("apply() without force names the other manager in a conflict", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  await client.cluster.apply(configMap(space.name, "a", { x: "1" }), { fieldManager: "first" });
  const error = await assertRejects(
    () =>
      client.cluster.apply(configMap(space.name, "a", { x: "2" }), {
        fieldManager: "second",
        force: false,
      }),
    ApiError,
  );
  assert(isConflict(error));
  assertStringIncludes(error.message, `Cannot apply ConfigMap ${space.name}/a: `);
  assertStringIncludes(error.message, `conflict with "first"`);
  assertEquals(error.causes.map((cause: { field?: string }) => cause.field), [".data.x"]);
});

Deno.test("apply() with strict refuses a field that the kind does not have", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  const object = { ...configMap(space.name, "a", {}), dataa: {} };
  const error = await assertRejects(
    () => client.cluster.apply(object, { ...BY, strict: true, dryRun: true }),
    ApiError,
  );
  assertEquals([error.status, isInvalid(error)], [500, true]);
  assertStringIncludes(error.message, "dataa");
});

Deno.test("apply() tells a missing namespace from a missing kind", async () => {
  await using client = testClient(await cluster.access());
  const lost = await assertRejects(
    () => client.cluster.apply(configMap("not-there", "a", {}), BY),
    ApiError,
  );
  assertEquals([isNamespaceMissing(lost), isKindMissing(lost)], [true, false]);
  const widget = { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "a" } };
  const unknown = await assertRejects(() => client.cluster.apply(widget, BY), ApiError);
  assertEquals([isNamespaceMissing(unknown), isKindMissing(unknown)], [false, true]);
});

Deno.test("list() reads all pages, with the type in every object", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  const names = Array.from({ length: 520 }, (_, index) => `c${String(index).padStart(3, "0")}`);
  await Promise.all(names.map((name) => client.cluster.create(configMap(space.name, name, {}))));
  const before = client.requests.length;
  const objects = await client.cluster.list(CONFIG_MAP, { namespace: space.name });
  const listed = objects.map((object) => object.metadata.name).filter((name) => name[0] === "c");
  assertEquals(listed.sort(), names);
  assertEquals([...new Set(objects.map((object) => object.kind))], ["ConfigMap"]);
  assertEquals(client.requests.slice(before).map((request) => request.verb), ["list", "list"]);
});

Deno.test("create() honours generateName and refuses a second one", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  const generated = await client.cluster.create({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "", namespace: space.name, ...{ generateName: "made-" } },
  });
  assert(/^made-.{5}$/.test(generated.metadata.name), generated.metadata.name);
  const error = await assertRejects(
    () => client.cluster.create(configMap(space.name, generated.metadata.name, {})),
    ApiError,
  );
  assert(isAlreadyExists(error) && !isConflict(error));
});

Deno.test("patch() writes a subresource, and is refused for an old version", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  const id = { apiVersion: "v1", kind: "ResourceQuota", namespace: space.name, name: "q" };
  const { apiVersion, kind, ...metadata } = id;
  const quota = await client.cluster.apply({ apiVersion, kind, metadata, spec: {} }, BY);
  const patched = await client.cluster.patch(
    id,
    { status: { hard: { pods: "3" } } },
    { ...BY, subresource: "status" },
  );
  assertEquals((patched.status as { hard: unknown }).hard, { pods: "3" });
  const stale = {
    metadata: { resourceVersion: quota.metadata.resourceVersion ?? "", labels: { a: "b" } },
  };
  const error = await assertRejects(() => client.cluster.patch(id, stale, BY), ApiError);
  assert(isConflict(error));
});

Deno.test("remove() deletes once, only the very object, and says what was absent", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  const id = { apiVersion: "v1", kind: "ConfigMap", namespace: space.name, name: "a" };
  const owner = await client.cluster.create(configMap(space.name, "a", {}));
  const error = await assertRejects(
    () => client.cluster.remove(id, { uid: "00000000-0000-0000-0000-000000000000" }),
    ApiError,
  );
  assert(isConflict(error));
  const child = { ...configMap(space.name, "b", {}) };
  await client.cluster.create({
    ...child,
    metadata: { ...child.metadata, ownerReferences: [ownerReference(owner)] },
  });
  assertEquals(await client.cluster.remove(id, { uid: owner.metadata.uid ?? "" }), "deleted");
  assertEquals(await client.cluster.remove(id), "absent");
  assertEquals(await client.cluster.remove({ ...id, apiVersion: "no.such/v1" }), "absent");
});

Deno.test("resourceType() knows scope and plural, and finds a kind once it is served", async () => {
  await using client = testClient(await cluster.access());
  assertEquals(await client.cluster.resourceType("apps/v1", "StatefulSet"), {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    plural: "statefulsets",
    namespaced: true,
  });
  assertEquals((await client.cluster.resourceType("v1", "Namespace"))?.namespaced, false);
  assertEquals(await client.cluster.resourceType("v1", "Widget"), undefined);
});

Deno.test("a signal that aborts ends a request with its reason", async () => {
  await using client = testClient(await cluster.access());
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  const error = await assertRejects(() =>
    client.cluster.get(CONFIG_MAP, { namespace: "a", name: "b" }, signal)
  );
  assertEquals(error, reason);
});
