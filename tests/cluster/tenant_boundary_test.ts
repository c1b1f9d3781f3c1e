/** What a MeshSync of a tenant cannot do, with exactly what `install` prints and an ordinary user's token. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { MeshSync } from "#api";
import { folderWith, meshwright } from "../support/cli.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { functionObject } from "../support/objects.ts";
import { configMapText } from "../support/sync_texts.ts";
import { runPrinted, type TenantStage, tenantStage } from "../support/tenant_stage.ts";

const cluster = testCluster({ alone: true });

/** A tenant whose account may do in its namespace whatever a team may, Secrets included. */
async function trusted(stage: TenantStage): Promise<void> {
  const { own } = stage;
  await stage.grant("default", {
    namespace: own,
    groups: ["", "compute.functionmesh.io", "gitops.functionmesh.io"],
    resources: ["*"],
  });
  await cluster.kubectl([
    ...["create", "role", "act-as", "-n", own, "--verb=impersonate"],
    "--resource=serviceaccounts",
  ]);
  await cluster.kubectl([
    ...["create", "rolebinding", "act-as", "-n", own, "--role=act-as"],
    `--serviceaccount=${stage.home}:meshwright`,
  ]);
}

function json(apiVersion: string, kind: string, rest: Record<string, unknown>): string {
  return JSON.stringify({ apiVersion, kind, ...rest });
}

Deno.test("C1a: a tenant's MeshSync applies nothing into another namespace, and takes no Namespace along", async () => {
  await using stage = await tenantStage(cluster);
  const { other, own } = stage;
  await trusted(stage);
  await cluster.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "db", namespace: other },
    stringData: { password: "MARKER" },
  });
  const metadata = { name: "thief", namespace: other };
  const cases: Record<string, string> = {
    "sync.json": json("gitops.functionmesh.io/v1alpha1", "MeshSync", {
      metadata,
      spec: {
        url: `${stage.server.url}/work/.git`,
        variablesFrom: [{ kind: "Secret", name: "db" }],
      },
    }),
    "function.json": JSON.stringify({ ...functionObject("pwn"), metadata }),
    "secret.json": json("v1", "Secret", { metadata: { ...metadata, name: "db" }, data: {} }),
    "space.json": json("v1", "Namespace", { metadata: { name: other, labels: { a: "b" } } }),
    "home.json": json("v1", "Namespace", { metadata: { name: stage.home } }),
    "kube.json": json("v1", "ConfigMap", { metadata: { name: "x", namespace: "kube-system" } }),
    "role.json": json("rbac.authorization.k8s.io/v1", "ClusterRole", { metadata: { name: "x" } }),
  };
  for (const [file, text] of Object.entries(cases)) {
    const name = file.replace(".json", "");
    await stage.repository.commit({ [`${name}/${file}`]: text });
    await stage.sync(own, name);
    const ready = await stage.isReady(own, name, /^False InvalidManifests: /);
    assertStringIncludes(ready, `applies into its own namespace ${own} only`);
  }
  assertEquals(await stage.find("msync", other, "thief"), undefined);
  assertEquals(await stage.find("function", other, "thief"), undefined);
  const space = await stage.find("namespace", "", other);
  assertEquals([space?.metadata.labels?.["a"], space?.metadata.deletionTimestamp], [
    undefined,
    undefined,
  ]);
});

Deno.test("C1a: nor by its targetNamespace, nor does it depend on what is not its own", async () => {
  await using stage = await tenantStage(cluster);
  const { home, other, own } = stage;
  await trusted(stage);
  await stage.repository.commit({ "mine/a.yaml": configMapText("a", "1") });
  await stage.sync(own, "mine", { targetNamespace: other });
  assertMatch(
    await stage.isReady(own, "mine", /^False InvalidSpec: /),
    new RegExp(`spec.targetNamespace: names namespace "${other}", .* reaches ${own} only`),
  );
  await stage.sync(own, "mine", {
    targetNamespace: own,
    dependsOn: [{ name: "x", namespace: home }],
  });
  await stage.isReady(own, "mine", /^False InvalidSpec: .*spec.dependsOn\[0\].namespace/);
  await stage.sync(own, "mine", { targetNamespace: own });
  await stage.isReady(own, "mine", /^True Healthy: /);
  assertEquals(await stage.find("configmap", other, "a"), undefined);
});

Deno.test("C1a: diff --sync says what the loop would refuse, which the MeshSync's status tells it", async () => {
  await using stage = await tenantStage(cluster);
  const { other, own } = stage;
  await trusted(stage);
  await stage.repository.commit({ "mine/a.yaml": configMapText("a", "1") });
  await stage.sync(own, "mine");
  await stage.isReady(own, "mine", /^True Healthy: /);
  const { status } = await stage.find("msync", own, "mine") as MeshSync;
  assertEquals(status?.actsAs, { serviceAccount: `${own}/default`, namespace: own });
  const metadata = { name: "b", namespace: other };
  await using folder = await folderWith({ "b.yaml": json("v1", "ConfigMap", { metadata }) });
  const where = ["--kubeconfig", cluster.kubeconfigPath, "--namespace", own];
  const { code, notes, out } = await meshwright(["diff", folder.path, "--sync=mine", ...where]);
  assertEquals([code, out], [2, []]);
  assertMatch(notes.join("\n"), /ConfigMap\/b: belongs to namespace .* a tenant's and applies/);
  // As a plain file it is nobody's yet.
  assertEquals((await meshwright(["diff", folder.path, ...where])).code, 1);
});

Deno.test("C1b: without a serviceAccountName a tenant's MeshSync is worth its namespace's default account: nothing, until somebody says so", async () => {
  await using stage = await tenantStage(cluster);
  const { own } = stage;
  await stage.repository.commit({ "mine/a.yaml": configMapText("a", "1") });
  await stage.sync(own, "mine");
  // First the program may not act for it, then the account may not do it: each message says what to grant.
  const first = await stage.isReady(
    own,
    "mine",
    / cannot impersonate\S* resource .* --verb=impersonate /,
  );
  assertEquals(await stage.find("configmap", own, "a"), undefined);
  await runPrinted(cluster, first);
  const second = await stage.isReady(
    own,
    "mine",
    new RegExp(`^False ApplyFailed: .*"system:serviceaccount:${own}:default" cannot get`),
  );
  assertEquals(await stage.find("configmap", own, "a"), undefined);
  await runPrinted(cluster, second);
  await stage.isReady(own, "mine", /^True Healthy: /);
});

Deno.test("C1b: MeshSyncs of the platform apply what mesh-only says, even where the account has a right too many", async () => {
  await using stage = await tenantStage(cluster);
  const { home, other } = stage;
  await cluster.kubectl([
    ...["create", "clusterrolebinding", `too-much-${home}`, "--clusterrole=cluster-admin"],
    `--serviceaccount=${home}:meshwright-gitops`,
  ]);
  await stage.repository.commit({
    "good/a.yaml": json("v1", "ConfigMap", { metadata: { name: "a", namespace: other } }),
    "bad/rootkit.yaml": json("apps/v1", "StatefulSet", {
      metadata: { name: "rootkit", namespace: "kube-system" },
      spec: {
        selector: { matchLabels: { a: "b" } },
        serviceName: "x",
        template: {
          metadata: { labels: { a: "b" } },
          spec: { hostPID: true, containers: [{ name: "x", image: "x" }] },
        },
      },
    }),
  });
  await stage.sync(home, "good");
  await stage.isReady(home, "good", /^True Healthy: /);
  await stage.sync(home, "bad");
  await stage.isReady(
    home,
    "bad",
    /^False InvalidManifests: .*StatefulSet\/rootkit.*--gitops-rights mesh-only/,
  );
  assertEquals(await stage.find("statefulset", "kube-system", "rootkit"), undefined);
  await cluster.kubectl(["delete", "clusterrolebinding", `too-much-${home}`]);
});

Deno.test("C1b: the rights of mesh-only end where they say, whatever the list of kinds", async () => {
  await using stage = await tenantStage(cluster);
  const account = `--as=system:serviceaccount:${stage.home}:meshwright-gitops`;
  const may = async (verb: string, resource: string) =>
    (await cluster.tryKubectl(["auth", "can-i", verb, resource, "-A", account])).stdout.trim();
  assertEquals(await may("create", "statefulsets.apps"), "no");
  assertEquals(await may("create", "pods"), "no");
  // An API server takes a moment to know of new rights.
  await eventually(async () => await may("patch", "functions.compute.functionmesh.io") === "yes");
  const program = `--as=system:serviceaccount:${stage.home}:meshwright`;
  for (const resource of ["secrets", "namespaces"]) {
    const list = await cluster.tryKubectl(["auth", "can-i", "list", resource, "-A", program]);
    assertEquals([resource, list.stdout.trim()], [resource, "no"]);
  }
});

Deno.test("C1: with --gitops-rights none Git of the platform applies nothing without an account that may", async () => {
  await using stage = await tenantStage(cluster, { gitOpsRights: "none" });
  const { home } = stage;
  await stage.repository.commit({ "a/a.yaml": configMapText("a", "1") });
  await stage.sync(home, "a");
  await stage.isReady(home, "a", /^False InvalidManifests: .*--gitops-rights none/);
  assertEquals(await stage.find("configmap", home, "a"), undefined);
});

Deno.test("C1: a MeshSync from Git is never worth more than the one that applies it", async () => {
  await using stage = await tenantStage(cluster);
  const { own } = stage;
  await trusted(stage);
  // An account that may make MeshSyncs, beside one that may do anything here.
  await stage.grant("maker", {
    namespace: own,
    groups: ["gitops.functionmesh.io"],
    resources: ["meshsyncs"],
  });
  const nested = (name: string, spec: Record<string, unknown>) =>
    json("gitops.functionmesh.io/v1alpha1", "MeshSync", {
      metadata: { name },
      spec: { url: `${stage.server.url}/work/.git`, path: "loot", interval: "1s", ...spec },
    });
  await stage.repository.commit({
    "loot/a.yaml": configMapText("loot", "1"),
    "heir/sync.json": nested("heir-child", {}),
    "grab/sync.json": nested("grab-child", { serviceAccountName: "default" }),
  });
  await stage.sync(own, "heir", { serviceAccountName: "maker" });
  await stage.isReady(own, "heir-child", /^False ApplyFailed: .*:maker" cannot get/);
  const child = await stage.find("msync", own, "heir-child");
  assertEquals((child?.spec as { serviceAccountName?: string }).serviceAccountName, "maker");
  await stage.sync(own, "grab", { serviceAccountName: "maker" });
  const refused = await stage.isReady(own, "grab", /^False InvalidManifests: .*serviceAccountName/);
  assertEquals(await stage.find("msync", own, "grab-child"), undefined);
  assertEquals(await stage.find("configmap", own, "loot"), undefined);
  await runPrinted(cluster, refused);
  await cluster.kubectl([
    "annotate",
    "msync",
    "grab",
    "-n",
    own,
    "reconcile.functionmesh.io/requestedAt=1",
  ]);
  await stage.repository.commit({
    "grab/again.yaml": nested("grab-again", { serviceAccountName: "maker" }),
  });
  await stage.isReady(own, "grab-child", /^True Healthy: /);
});

Deno.test("C1: with the policy of docs/security.md an author names only accounts that the author may act as", async () => {
  await using stage = await tenantStage(cluster);
  const { own } = stage;
  const page = await Deno.readTextFile(new URL("../../docs/security.md", import.meta.url));
  const [, policy = ""] = page.split("```yaml\n");
  await using folder = await folderWith({ "policy.yaml": policy.split("```")[0] ?? "" });
  await cluster.kubectl(["apply", "-f", `${folder.path}/policy.yaml`]);
  try {
    let attempts = 0;
    const attempt = async (spec: Record<string, unknown>) => {
      const full = { suspend: true, commonLabels: { attempt: `${attempts++}` }, ...spec };
      return await stage.sync(own, "mine", full).then(() => "taken", String);
    };
    // A policy takes effect a moment after it was made.
    await eventually(async () => {
      assertMatch(await attempt({ serviceAccountName: "robot" }), /you may not act as the Serv/);
      return true;
    });
    assertEquals(await attempt({}), "taken");
    await cluster.kubectl([
      ...["create", "role", "act-as-robot", "-n", own, "--verb=impersonate"],
      ...["--resource=serviceaccounts", "--resource-name=robot"],
    ]);
    await cluster.kubectl([
      ...["create", "rolebinding", "act-as-robot", "-n", own, "--role=act-as-robot"],
      `--serviceaccount=${own}:ada`,
    ]);
    // So does a right.
    await eventually(async () => await attempt({ serviceAccountName: "robot" }) === "taken");
    assertMatch(await attempt({ serviceAccountName: "other" }), /you may not act as the Serv/);
  } finally {
    await cluster.kubectl(["delete", "-f", `${folder.path}/policy.yaml`]);
  }
});

Deno.test("with --single-tenant MeshSyncs of all namespaces act as the platform's", async () => {
  await using stage = await tenantStage(cluster, { singleTenant: true });
  const { other, own } = stage;
  await stage.repository.commit({
    "mine/a.yaml": json("v1", "ConfigMap", { metadata: { name: "a", namespace: other } }),
  });
  await stage.sync(own, "mine");
  await stage.isReady(own, "mine", /^True Healthy: /);
  assertEquals((await stage.find("configmap", other, "a"))?.metadata.name, "a");
});
