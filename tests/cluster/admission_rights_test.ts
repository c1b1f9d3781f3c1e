import { CONFIGURATION_TYPE } from "#admission";
import { systemClock } from "#base";
import { httpCluster, httpTransport, type Transport } from "#kube";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { connect } from "../../src/kube/connect.ts";
import { installKinds, startAdmission, whenInstalled } from "../support/admission.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { testClient } from "../support/transport.ts";

const cluster = testCluster();

/** A connection with the rights of a ServiceAccount. */
async function accountTransport(namespace: string, name: string): Promise<Transport> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, await cluster.serviceAccountKubeconfig({ namespace, name }));
    const { endpoint } = await connect({
      kubeconfig: path,
      env: () => undefined,
      clock: systemClock,
    });
    return httpTransport(endpoint);
  } finally {
    await Deno.remove(path);
  }
}

/** All that the webhook needs; install manifests list the same. */
function rights(namespace: string, configuration: string): unknown[] {
  const rbac = "rbac.authorization.k8s.io";
  const subjects = [{ kind: "ServiceAccount", namespace, name: "webhook" }];
  const metadata = { name: "webhook", namespace };
  return [
    {
      apiVersion: `${rbac}/v1`,
      kind: "Role",
      metadata,
      rules: [
        { apiGroups: [""], resources: ["secrets"], verbs: ["create"] },
        {
          apiGroups: [""],
          resources: ["secrets"],
          resourceNames: ["meshwright-webhook-tls", "meshwright-webhook-ca"],
          verbs: ["get", "patch"],
        },
        {
          apiGroups: [""],
          resources: ["services"],
          resourceNames: ["meshwright-webhook"],
          verbs: ["get"],
        },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: "RoleBinding",
      metadata,
      subjects,
      roleRef: { apiGroup: rbac, kind: "Role", name: "webhook" },
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRole",
      metadata: { name: configuration },
      rules: [{
        apiGroups: ["admissionregistration.k8s.io"],
        resources: ["validatingwebhookconfigurations"],
        resourceNames: [configuration],
        verbs: ["get", "create", "patch"],
      }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: configuration },
      subjects,
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: configuration },
    },
  ];
}

Deno.test("the webhook needs few rights, says which it lacks, and takes them when they come", async () => {
  await using client = testClient(await cluster.access());
  await installKinds(client.cluster);
  await using space = await cluster.namespace();
  const namespace = space.name;
  await cluster.apply({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "meshwright-webhook", namespace },
    spec: { ports: [{ port: 443 }] },
  });
  await using transport = await accountTransport(namespace, "webhook");
  const limited = httpCluster(transport);
  await using webhook = startAdmission(limited, namespace, { url: undefined });
  const { configuration } = webhook;
  try {
    await eventually(() => webhook.admission.problem()?.includes("403"));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const warnings = webhook.logLines.filter((line) => line.includes("Cannot keep"));
    assertEquals(warnings.length, 1, "the same trouble is logged once");
    assertStringIncludes(warnings[0] ?? "", "services");
    assertStringIncludes(warnings[0] ?? "", "--enable-webhooks=false");
    const [role, binding, ...clusterWide] = rights(namespace, configuration);
    await cluster.apply(role, binding);
    await eventually(() =>
      webhook.admission.problem()?.includes("validatingwebhookconfigurations")
    );
    await cluster.apply(...clusterWide);
    await whenInstalled(webhook);
  } finally {
    const names = ["clusterrole", "clusterrolebinding", CONFIGURATION_TYPE.kind];
    for (const kind of names) {
      await cluster.kubectl(["delete", kind, configuration, "--ignore-not-found"]);
    }
  }
});
