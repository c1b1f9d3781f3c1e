/** A tenant's objects are watched, pruned and let go with the rights of its account, as installed. */
import { assertEquals } from "@std/assert";
import type { KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import { configMapText } from "../support/sync_texts.ts";
import { type TenantStage, tenantStage } from "../support/tenant_stage.ts";

const cluster = testCluster({ alone: true });

/** A tenant whose account `deployer` may do these things with ConfigMaps. */
async function mapTenant(verbs: readonly string[]): Promise<TenantStage> {
  const stage = await tenantStage(cluster);
  const { home, own } = stage;
  await stage.grant("deployer", { namespace: own, resources: ["configmaps"], verbs });
  await cluster.kubectl([
    ...["create", "role", "act-as", "-n", own, "--verb=impersonate"],
    ...["--resource=serviceaccounts", "--resource-name=deployer"],
  ]);
  await cluster.kubectl([
    ...["create", "rolebinding", "act-as", "-n", own, "--role=act-as"],
    `--serviceaccount=${home}:meshwright`,
  ]);
  return stage;
}

const DEPLOYER = { serviceAccountName: "deployer" };
const ALL = ["create", "delete", "get", "list", "patch", "watch"];

function valueOf(object: KubeObject | undefined): unknown {
  return (object?.["data"] as Record<string, string> | undefined)?.["value"];
}

Deno.test("C1: an edit of a tenant's object is seen by its account's watch and undone, and no request is refused", async () => {
  await using stage = await mapTenant(ALL);
  const { own } = stage;
  await stage.repository.commit({ "mine/a.yaml": configMapText("a", "1") });
  await stage.sync(own, "mine", { ...DEPLOYER, interval: "1h" });
  await stage.isReady(own, "mine", /^True Healthy: /);
  await eventually(async () => {
    const watches = await stage.program.metric("mesh_api_requests_total");
    return watches.some(({ labels }) =>
      labels["verb"] === "watch" && labels["kind"] === "ConfigMap" && labels["code"] === "200"
    );
  }, { intervalMs: 200 });
  await cluster.kubectl([
    "patch",
    "cm",
    "a",
    "-n",
    own,
    "--type=merge",
    `-p={"data":{"value":"9"}}`,
  ]);
  await eventually(async () => valueOf(await stage.find("cm", own, "a")) === "1", {
    timeoutMs: 180_000,
    intervalMs: 200,
  });
  assertEquals(await stage.program.answered(/^403$/), []);
});

Deno.test("C1: an account that may not look at an object loses none: what it may not see is not gone", async () => {
  await using stage = await mapTenant(ALL);
  const { own } = stage;
  await stage.repository.commit({
    "mine/a.yaml": configMapText("a", "1"),
    "mine/b.yaml": configMapText("b", "1"),
  });
  await stage.sync(own, "mine", { ...DEPLOYER, interval: "1h" });
  await stage.isReady(own, "mine", /^True Healthy: /);
  // From now on it acts as an account that may write, and neither look nor delete.
  await stage.grant("writer", {
    namespace: own,
    resources: ["configmaps"],
    verbs: ["create", "patch"],
  });
  await cluster.kubectl([
    ...["create", "role", "act-as-writer", "-n", own, "--verb=impersonate"],
    ...["--resource=serviceaccounts", "--resource-name=writer"],
  ]);
  await cluster.kubectl([
    ...["create", "rolebinding", "act-as-writer", "-n", own, "--role=act-as-writer"],
    `--serviceaccount=${stage.home}:meshwright`,
  ]);
  await stage.repository.commit({ "mine/b.yaml": undefined });
  await stage.sync(own, "mine", { serviceAccountName: "writer" });
  await stage.isReady(own, "mine", /^False .*"system:serviceaccount:\S+:writer" cannot get/);
  const held = await stage.find("msync", own, "mine");
  const { inventory = [] } = held?.status as { inventory?: readonly { id: string }[] };
  assertEquals(inventory.length, 2, "both are still the sync's");
  await stage.grant("writer", { namespace: own, resources: ["configmaps"], verbs: ALL });
  await stage.isReady(own, "mine", /^True Healthy: /);
  assertEquals(await stage.find("cm", own, "b"), undefined);
});

Deno.test("C1: a tenant's namespace ends with its MeshSync in it, although the rights of its account went first", async () => {
  await using stage = await mapTenant(ALL);
  const { own } = stage;
  await stage.repository.commit({ "mine/a.yaml": configMapText("a", "1") });
  await stage.sync(own, "mine", DEPLOYER);
  await stage.isReady(own, "mine", /^True Healthy: /);
  await cluster.kubectl(["delete", "rolebinding", "act-as", "-n", own]);
  await cluster.kubectl(["delete", "namespace", own, "--timeout=180s"]);
  assertEquals(await stage.find("namespace", "", own), undefined);
});
