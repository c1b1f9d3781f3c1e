import { assertEquals, assertMatch } from "@std/assert";
import { eventually, testCluster } from "../support/control_plane.ts";
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

Deno.test("a kind that an account may not watch is told in the status with what comes of it, until it may", async () => {
  await using loop = await runningLoop(cluster);
  const { namespace } = loop;
  const metadata = { namespace, name: "team" };
  const grant = async (...verbs: string[]) => {
    const rules = [
      { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "create", "patch", ...verbs] },
      { apiGroups: [""], resources: ["secrets"], verbs: ["*"] },
    ];
    const apiVersion = "rbac.authorization.k8s.io/v1";
    await cluster.apply({ apiVersion, kind: "Role", metadata, rules });
  };
  await grant();
  const subjects = [{ kind: "ServiceAccount", name: "team", namespace }];
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "team" };
  await cluster.apply(
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata,
      roleRef,
      subjects,
    },
  );
  await loop.repository.commit({
    "meshes/a.yaml": configMapText("a", "1"),
    "meshes/s.yaml": SECRET_TEXT,
  });
  await loop.sync("meshes", { serviceAccountName: "team" });
  await loop.isReady("meshes", /^True Healthy: .*: 2 objects$/);
  const notes = async () => (await loop.read("meshes"))?.status?.notes ?? [];
  // The refusal of the watch may come after the revision is healthy.
  const [note = "", ...others] = await eventually(async () => {
    const found = await notes();
    return found.length > 0 && found;
  });
  assertEquals(others, []);
  assertMatch(
    note,
    /^ConfigMap \(v1\) is not watched: what somebody changes of its objects is seen within 10 minutes; .*cannot list resource "configmaps"/,
  );
  await grant("list", "watch");
  await eventually(async () => (await notes()).length === 0);
  const edit = JSON.stringify({ data: { value: "2" } });
  await cluster.kubectl(["patch", "configmap", "a", "-n", namespace, "-p", edit]);
  const value = ["get", "configmap", "a", "-n", namespace, "-o", "jsonpath={.data.value}"];
  await eventually(async () => await cluster.kubectl(value) === "1");
});
