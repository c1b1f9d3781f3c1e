import { assertEquals } from "@std/assert";
import type { MeshSync } from "#api";
import { HASH_ANNOTATION, readManifests } from "#gitops";
import { definedKinds, placed } from "../../../src/gitops/place.ts";

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

function placedText(text: string, spec: Partial<MeshSync["spec"]> = {}) {
  const [manifest] = readManifests([{ path: "a.yaml", text }]).documents;
  if (manifest === undefined) throw new Error("no manifest");
  return placed(manifest, { ...SYNC, spec: { ...SYNC.spec, ...spec } }, KINDS);
}

const PLAIN = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

Deno.test("placed() prefers the target namespace, then the manifest's, then the sync's own", () => {
  const own = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: mine}\n";
  assertEquals(placedText(PLAIN).id.namespace, "team");
  assertEquals(placedText(own).id.namespace, "mine");
  assertEquals(placedText(own, { targetNamespace: "target" }).id.namespace, "target");
  const cluster = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: nonsense}\n";
  assertEquals(placedText(cluster, { targetNamespace: "target" }).id.namespace, "");
});

Deno.test("placed() drops what only servers write and marks whose it is", () => {
  const { object, hash } = placedText(
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
      annotations: { [HASH_ANNOTATION]: hash },
    },
  });
});

Deno.test("placed() hashes the content, not its spelling", () => {
  const other = "kind: ConfigMap\n# why\nmetadata:\n  name: 'a'\napiVersion: v1\n";
  assertEquals(placedText(PLAIN).hash, placedText(other).hash);
  assertEquals(placedText(PLAIN).hash === placedText(`${PLAIN}data: {a: b}\n`).hash, false);
});

Deno.test("placed() knows the scope of kinds that the revision itself defines", () => {
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
  const thing = documents.flatMap((manifest) => placed(manifest, SYNC, kinds))[1];
  assertEquals([thing?.id.namespace, thing?.type], ["", undefined]);
});
