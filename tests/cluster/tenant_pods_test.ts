/** Which ServiceAccounts pods of meshes run as: as installed, with an ordinary user's token. */
import { assertEquals, assertMatch } from "@std/assert";
import { conditionOf, type KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import { functionObject } from "../support/objects.ts";
import { type TenantStage, tenantStage } from "../support/tenant_stage.ts";

const cluster = testCluster({ alone: true });

async function applied(stage: TenantStage, object: KubeObject): Promise<void> {
  const { name } = object.metadata;
  const own = { ...object, metadata: { name, namespace: stage.own } };
  const { code, stderr } = await stage.user(["apply", "-f", "-"], JSON.stringify(own));
  assertEquals(code, 0, stderr);
}

async function untilSaid(stage: TenantStage, name: string, pattern: RegExp): Promise<void> {
  await eventually(async () => {
    const found = await stage.find("function", stage.own, name);
    const status = found?.status as { readonly conditions?: unknown } | undefined;
    const ready = conditionOf(status?.conditions, "Ready");
    assertMatch(`${ready?.status} ${ready?.reason}: ${ready?.message}`, pattern);
    return true;
  }, { intervalMs: 200 });
}

const REFUSED =
  /^False InvalidSpec: spec\.pod\.serviceAccountName: .*\/boss, .*--pod-service-accounts runner.*name one of them/;

Deno.test("M6: with --pod-service-accounts no pod of a mesh runs as another ServiceAccount", async () => {
  await using stage = await tenantStage(cluster, { podServiceAccounts: "runner" });
  const { own } = stage;
  for (const name of ["boss", "runner"]) {
    await cluster.kubectl(["create", "serviceaccount", name, "-n", own]);
  }
  await applied(stage, functionObject("pwn", { pod: { serviceAccountName: "boss" } }));
  await untilSaid(stage, "pwn", REFUSED);
  await applied(stage, functionObject("good", { pod: { serviceAccountName: "runner" } }));
  const setOf = async (name: string) => await stage.find("statefulset", own, `${name}-function`);
  await eventually(async () => await setOf("good") !== undefined, { intervalMs: 200 });
  const { template } = (await setOf("good"))?.spec as {
    readonly template: { readonly spec: { readonly serviceAccountName?: string } };
  };
  assertEquals(template.spec.serviceAccountName, "runner");
  assertEquals(await setOf("pwn"), undefined);
  // Nor by the way of a BackendConfig.
  await applied(stage, {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "BackendConfig",
    metadata: { name: "backend-config" },
    spec: { pod: { serviceAccountName: "boss" } },
  });
  await applied(stage, functionObject("sly"));
  await untilSaid(stage, "sly", REFUSED);
  assertEquals(await setOf("sly"), undefined);
});
