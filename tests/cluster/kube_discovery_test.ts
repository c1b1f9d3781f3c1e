import { assertEquals, assertRejects } from "@std/assert";
import { ApiError } from "#kube";
import { DROPPED_VERSIONS } from "#manifests";
import { eventually, testCluster } from "../support/control_plane.ts";
import { testClient } from "../support/transport.ts";

// An API that does not answer keeps namespaces of other tests from going.
const cluster = testCluster({ alone: true });

const GROUP = "widgets.example";

function definition(...versions: readonly { readonly name: string; readonly served: boolean }[]) {
  const openAPIV3Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `widgets.${GROUP}` },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
      versions: versions.map(({ name, served }) => ({
        name,
        served,
        storage: name === "v1",
        schema: { openAPIV3Schema },
      })),
    },
  };
}

Deno.test("no version that validate warns of is served, and what it names instead is", async () => {
  await using client = testClient(await cluster.access());
  const isServed = async (apiVersion: string, kind: string) =>
    await client.cluster.resourceType(apiVersion, kind) !== undefined;
  for (const { apiVersion, kinds, use } of DROPPED_VERSIONS) {
    for (const kind of kinds) {
      assertEquals(await isServed(apiVersion, kind), false, `${apiVersion} ${kind}`);
      if (use !== undefined) assertEquals(await isServed(use, kind), true, `${use} ${kind}`);
    }
  }
});

Deno.test("an object whose version is served no more is found by group and kind", async () => {
  await using client = testClient(await cluster.access());
  await cluster.apply(definition({ name: "v1beta1", served: true }, { name: "v1", served: true }));
  await cluster.kubectl(["wait", "--for=condition=Established", `crd/widgets.${GROUP}`]);
  const id = { apiVersion: `${GROUP}/v1beta1`, kind: "Widget", namespace: "default", name: "a" };
  await eventually(async () =>
    await client.cluster.resourceType(id.apiVersion, "Widget") !== undefined
  );
  await client.cluster.create({ ...id, metadata: { namespace: "default", name: "a" } });
  await cluster.apply(definition({ name: "v1beta1", served: false }, { name: "v1", served: true }));
  const old = { apiVersion: id.apiVersion, kind: "Widget", plural: "widgets", namespaced: true };
  await eventually(async () => {
    // What a client knows from before is corrected by an answer.
    await client.cluster.get(old, id).catch(() => {});
    return await client.cluster.resourceType(id.apiVersion, "Widget").catch(() => old) ===
      undefined;
  });
  const type = await client.cluster.servedVersion(GROUP, "Widget");
  assertEquals(type, { ...old, apiVersion: `${GROUP}/v1` });
  const found = await client.cluster.get(type ?? old, id);
  assertEquals(found?.metadata.name, "a");
  assertEquals(await client.cluster.remove({ ...id, apiVersion: `${GROUP}/v1` }), "deleted");
  assertEquals(await client.cluster.servedVersion("", "ConfigMap"), {
    apiVersion: "v1",
    kind: "ConfigMap",
    plural: "configmaps",
    namespaced: true,
  });
  assertEquals(await client.cluster.servedVersion("apps", "Widget"), undefined);
  assertEquals(await client.cluster.servedVersion("nobody.example", "Widget"), undefined);
});

Deno.test("an aggregated API that is away is not one that is gone", async () => {
  await using client = testClient(await cluster.access());
  const name = "v1.away.example";
  await cluster.apply({
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name },
    spec: {
      group: "away.example",
      version: "v1",
      groupPriorityMinimum: 100,
      versionPriority: 100,
      insecureSkipTLSVerify: true,
      service: { namespace: "default", name: "nobody" },
    },
  });
  const key = { namespace: "default", name: "a" };
  const type = { apiVersion: "away.example/v1", kind: "Thing", plural: "things", namespaced: true };
  await eventually(async () => {
    const { groups } = JSON.parse(await cluster.kubectl(["get", "--raw", "/apis"]));
    return groups.some((group: { readonly name: string }) => group.name === "away.example");
  });
  await assertRejects(() => client.cluster.resourceType(type.apiVersion, "Thing"), ApiError);
  await assertRejects(() => client.cluster.servedVersion("away.example", "Thing"), ApiError);
  await assertRejects(() => client.cluster.get(type, key), ApiError);
  await assertRejects(() => client.cluster.remove({ ...type, ...key }), ApiError);
  await cluster.kubectl(["delete", "apiservice", name]);
  await eventually(async () =>
    await client.cluster.servedVersion("away.example", "Thing").catch(() => type) === undefined
  );
  assertEquals(await client.cluster.get(type, key), undefined);
});
