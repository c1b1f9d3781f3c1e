import { assertEquals, assertMatch } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { runningLoop } from "../support/running_loop.ts";
import { configMapText } from "../support/sync_story.ts";

const cluster = testCluster();

const SECRET_TEXT = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: b}\n";

Deno.test("a sync with a ServiceAccount applies and deletes with that account's rights only", async () => {
  await using loop = await runningLoop(cluster);
  const { namespace } = loop;
  const role = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "maps" };
  await cluster.apply(
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace, name: "team" } },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { namespace, name: "maps" },
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["*"] }],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { namespace, name: "maps" },
      roleRef: role,
      subjects: [{ kind: "ServiceAccount", name: "team", namespace }],
    },
  );
  await loop.repository.commit({
    "meshes/a.yaml": configMapText("a", "1"),
    "meshes/b.yaml": configMapText("b", "1"),
    "meshes/s.yaml": SECRET_TEXT,
  });
  await loop.sync("meshes", { serviceAccountName: "team" });
  await loop.isReady("meshes", /^False ApplyFailed: /);
  assertMatch(
    await loop.ready("meshes"),
    new RegExp(`meshes/s.yaml:1: Secret/s: .*"system:serviceaccount:${namespace}:team" cannot`),
  );
  const first = ["get", "configmap", "a", "-n", namespace];
  assertEquals((await cluster.tryKubectl(first)).code, 1, "refused as a whole");
  const secret = ["get", "secret", "s", "-n", namespace];
  assertEquals((await cluster.tryKubectl(secret)).code, 1);

  await loop.repository.commit({ "meshes/s.yaml": undefined });
  await loop.look("meshes");
  await loop.isReady("meshes", /^True Healthy: .*: 2 objects$/);
  await cluster.kubectl(first);
  await loop.repository.commit({ "meshes/b.yaml": undefined });
  await loop.look("meshes");
  await loop.isReady("meshes", /^True Healthy: .*: 1 object$/);
  const dropped = ["get", "configmap", "b", "-n", namespace];
  assertEquals((await cluster.tryKubectl(dropped)).code, 1, "the account may delete it");
});

Deno.test("an account without rights, or that is not there, applies nothing", async () => {
  await using loop = await runningLoop(cluster);
  await loop.repository.commit({ "meshes/a.yaml": configMapText("a", "1") });
  await loop.sync("meshes", { serviceAccountName: "nobody" });
  await loop.isReady("meshes", /^False ApplyFailed: .*serviceaccount:.*:nobody" cannot/);
  const found = await cluster.tryKubectl(["get", "configmap", "a", "-n", loop.namespace]);
  assertEquals(found.code, 1);
});
