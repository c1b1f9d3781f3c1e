import { assertEquals } from "@std/assert";
import { ANNOTATIONS, type MeshSync } from "#api";
import { fieldManager, formerFieldManagers, readManifests } from "#manifests";
import { definedKinds, targetObject } from "../../../src/manifests/target.ts";

const SYNC: MeshSync = {
  apiVersion: "gitops.functionmesh.io/v1alpha1",
  kind: "MeshSync",
  metadata: { name: "shop", namespace: "team" },
  spec: { url: "https://git.example/shop.git" },
};
const CONFIG_MAP = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };
const NAMESPACE = { apiVersion: "v1", kind: "Namespace", plural: "namespaces", namespaced: false };
const KINDS = {
  served: new Map([["v1 ConfigMap", CONFIG_MAP], ["v1 Namespace", NAMESPACE]]),
  defined: new Map<string, boolean>(),
};

function targetText(text: string, spec: Partial<MeshSync["spec"]> = {}) {
  const [manifest] = readManifests([{ path: "a.yaml", text }]).documents;
  if (manifest === undefined) throw new Error("no manifest");
  return targetObject(manifest, { ...SYNC, spec: { ...SYNC.spec, ...spec } }, KINDS);
}

const PLAIN = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

Deno.test("targetObject() prefers the target namespace, then the manifest's, then the sync's own", () => {
  const own = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: mine}\n";
  assertEquals(targetText(PLAIN).id.namespace, "team");
  assertEquals(targetText(own).id.namespace, "mine");
  assertEquals(targetText(own, { targetNamespace: "target" }).id.namespace, "target");
  const cluster = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: nonsense}\n";
  assertEquals(targetText(cluster, { targetNamespace: "target" }).id.namespace, "");
});

Deno.test("targetObject() drops what only servers write and marks whose it is", () => {
  const { object, hash } = targetText(
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  uid: x\n  resourceVersion: '1'\n" +
      "  labels: {app: b}\nstatus: {}\n",
  );
  assertEquals(object, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: "a",
      namespace: "team",
      labels: {
        app: "b",
        "gitops.functionmesh.io/name": "shop",
        "gitops.functionmesh.io/namespace": "team",
      },
      annotations: { [ANNOTATIONS.gitHash]: hash },
    },
  });
});

Deno.test("targetObject() leaves members without a value out, as kubectl apply does, and items of lists in", () => {
  const { object } = targetText(
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  labels: {app: }\n  annotations: {note: }\n" +
      "data: {a: eA==, b: }\nstringData: {a: , c: x, d: }\nother: [{e: , f: [~]}, ~]\n",
  );
  assertEquals(object["data"], { a: "eA==", c: "eA==" });
  assertEquals(object["other"], [{ f: [null] }, null]);
  assertEquals(Object.keys(object.metadata.labels ?? {}).length, 2);
  assertEquals(object.metadata.annotations?.["note"], null as unknown as string);
});

Deno.test("targetObject() knows no type of a kind that the revision defines with another scope", () => {
  const type = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };
  const [manifest] = readManifests([{ path: "a.yaml", text: PLAIN }]).documents;
  if (manifest === undefined) throw new Error("there is one");
  const served = new Map([["v1 ConfigMap", type]]);
  const target = (namespaced: boolean) =>
    targetObject(manifest, SYNC, { served, defined: new Map([["v1 ConfigMap", namespaced]]) });
  assertEquals([target(true).type, target(true).id.namespace], [type, "team"]);
  assertEquals([target(false).type, target(false).id.namespace], [undefined, ""]);
});

Deno.test("targetObject() hashes the content, not its spelling", () => {
  const other = "kind: ConfigMap\n# why\nmetadata:\n  name: 'a'\napiVersion: v1\n";
  assertEquals(targetText(PLAIN).hash, targetText(other).hash);
  assertEquals(targetText(PLAIN).hash === targetText(`${PLAIN}data: {a: b}\n`).hash, false);
});

Deno.test("targetObject() knows the scope of kinds that the revision itself defines", () => {
  const files = [{
    path: "a.yaml",
    text: `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.org}
spec:
  group: example.org
  scope: Cluster
  names: {kind: Thing, plural: things}
  versions: [{name: v1, served: true, storage: true}]
---
apiVersion: example.org/v1
kind: Thing
metadata: {name: a}
`,
  }];
  const { documents } = readManifests(files);
  const kinds = { ...KINDS, defined: definedKinds(documents) };
  const thing = documents.flatMap((manifest) => targetObject(manifest, SYNC, kinds))[1];
  assertEquals([thing?.id.namespace, thing?.type], ["", undefined]);
});

Deno.test("L2: fieldManager() differs for syncs that differ, whatever their names", () => {
  const keys = [
    { namespace: "a-b", name: "c" },
    { namespace: "a", name: "b-c" },
    { namespace: "a", name: "b.c" },
    { namespace: "a-b", name: "c".repeat(120) },
    { namespace: "a", name: `b-${"c".repeat(120)}` },
    { namespace: "a", name: `b-${"c".repeat(121)}` },
  ];
  const managers = keys.map(fieldManager);
  assertEquals(new Set(managers).size, keys.length);
  assertEquals(managers.filter((manager) => manager.length > 128), []);
  const former = keys.flatMap(formerFieldManagers);
  assertEquals(former.slice(0, 2), ["meshwright-sync-a-b-c", "meshwright-sync-a-b-c"]);
  assertEquals(former.filter((manager) => managers.includes(manager)), [], "nor is one that was");
});
