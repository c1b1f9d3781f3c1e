/** What a MeshSync refers to is read with its account's rights: as installed, with an ordinary user's token. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { KubeObject } from "#base";
import { createHmac } from "node:crypto";
import { localTarget } from "../support/admission.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { scriptedServer } from "../support/scripted_server.ts";
import { configMapText } from "../support/sync_texts.ts";
import { runPrinted, type TenantStage, tenantStage } from "../support/tenant_stage.ts";

const cluster = testCluster({ alone: true });

const MARKER = "MARKER-ROBOT-PASSWORD";

/** A tenant whose account may apply ConfigMaps, and read no Secret; the program may act for it. */
async function poorTenant(flags: readonly string[] = []): Promise<TenantStage> {
  const stage = await tenantStage(cluster, {}, flags);
  const { home, own } = stage;
  await stage.grant("default", { namespace: own, resources: ["configmaps"] });
  await cluster.kubectl([
    ...["create", "role", "act-as", "-n", own, "--verb=impersonate"],
    ...["--resource=serviceaccounts", "--resource-name=default"],
  ]);
  await cluster.kubectl([
    ...["create", "rolebinding", "act-as", "-n", own, "--role=act-as"],
    `--serviceaccount=${home}:meshwright`,
  ]);
  await cluster.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "robot", namespace: own },
    stringData: { username: "git", password: MARKER, token: MARKER },
  });
  return stage;
}

/** All that the tenant can read of it, and the log. */
async function shown({ other, own, program, user }: TenantStage): Promise<string> {
  const words = ["get", "msync,cm,ev", "-n", own, "-o", "json"];
  const { stdout } = await user(words);
  return `${stdout}${(await user(["get", "cm", "-n", other])).stdout}${program.log()}`;
}

const FORBIDDEN =
  /^False SyncFailed: .*secrets "robot" is forbidden: .*:default" cannot get .*--verb=get --resource=secrets --resource-name=robot/;

Deno.test("H2a: variablesFrom tells nothing of a Secret that the account may not read, and what to grant", async () => {
  await using stage = await poorTenant();
  const { own } = stage;
  await stage.repository.commit({
    "mine/loot.yaml": configMapText("loot", "${password}"),
  });
  await stage.sync(own, "mine", { variablesFrom: [{ kind: "Secret", name: "robot" }] });
  const message = await stage.isReady(own, "mine", FORBIDDEN);
  assertEquals(await stage.find("configmap", own, "loot"), undefined);
  assertEquals((await shown(stage)).includes(MARKER), false);
  await runPrinted(cluster, message);
  await stage.isReady(own, "mine", /^True Healthy: /);
});

Deno.test("H2b: a host of the tenant's choice gets no credential of a Secret that the account may not read", async () => {
  await using stage = await poorTenant();
  const { own } = stage;
  await using attacker = scriptedServer(() => new Response("no", { status: 401 }));
  await stage.sync(own, "mine", { url: `${attacker.url}/a.git`, secretRef: { name: "robot" } });
  await stage.isReady(own, "mine", FORBIDDEN);
  assertEquals(attacker.seen.length, 0);
  assertEquals((await shown(stage)).includes(MARKER), false);
});

for (
  const [member, value] of Object.entries({
    decryption: { secretRef: { name: "robot" } },
    verify: { secretRef: { name: "robot" } },
  })
) {
  Deno.test(`H2: spec.${member} reads no Secret that the account may not read`, async () => {
    await using stage = await poorTenant();
    const { own } = stage;
    await stage.repository.commit({ "mine/a.yaml": configMapText("a", "1") });
    await stage.sync(own, "mine", { [member]: value });
    await stage.isReady(own, "mine", FORBIDDEN);
    assertEquals(await stage.find("configmap", own, "a"), undefined);
  });
}

Deno.test("H2: notify tells nobody with a Secret that the account may not read, and an event says why", async () => {
  await using stage = await poorTenant();
  const { own } = stage;
  await using service = scriptedServer(() => new Response(null, { status: 200 }));
  await stage.repository.commit({ "mine/a.yaml": configMapText("a", "1") });
  await stage.sync(own, "mine", {
    notify: [{ type: "webhook", address: `${service.url}/x`, secretRef: { name: "robot" } }],
  });
  await stage.isReady(own, "mine", /^True Healthy: /);
  await eventually(async () => {
    const { stdout } = await stage.user(["get", "ev", "-n", own, "-o", "json"]);
    const { items } = JSON.parse(stdout) as { readonly items: readonly KubeObject[] };
    const found = items.find((event) => event["reason"] === "NotificationFailed");
    assertStringIncludes(String(found?.["message"]), 'secrets "robot" is forbidden');
    return true;
  }, { intervalMs: 200 });
  assertEquals(service.seen.length, 0);
});

Deno.test("H2: a receiver whose Secret the account may not read takes no call for genuine", async () => {
  const { address } = localTarget();
  await using stage = await poorTenant([`--receiver-addr=${address}`]);
  const { own } = stage;
  await stage.repository.commit({ "mine/a.yaml": configMapText("a", "1") });
  await stage.sync(own, "mine", { receiver: { type: "generic", secretRef: { name: "robot" } } });
  await stage.isReady(own, "mine", /^True Healthy: /);
  const body = "{}";
  const call = async () => {
    const signature = createHmac("sha256", MARKER).update(body).digest("hex");
    const headers = { "x-signature-256": `sha256=${signature}` };
    const url = `http://${address}/receive/${own}/mine`;
    const answer = await fetch(url, { method: "POST", body, headers });
    await answer.body?.cancel();
    return answer.status;
  };
  assertEquals(await call(), 401);
  // The log comes through a pipe, after the answer.
  await eventually(() => {
    assertStringIncludes(stage.program.log(), "--resource=secrets --resource-name=robot");
    return true;
  });
  await stage.grant("default", { namespace: own, resources: ["secrets"], verbs: ["get"] });
  await eventually(async () => await call() === 202, { intervalMs: 500 });
});
