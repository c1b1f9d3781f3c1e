import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { StalledError, systemClock } from "#base";
import { httpCluster, httpTransport } from "#kube";
import { connect, type ConnectOptions } from "../../src/kube/connect.ts";
import { testCluster } from "../support/control_plane.ts";
import { firstWatched } from "../support/transport.ts";

const cluster = testCluster();
const NAMESPACE = { apiVersion: "v1", kind: "Namespace", plural: "namespaces", namespaced: false };

function options(env: Record<string, string>): ConnectOptions {
  return { env: (name) => env[name], clock: systemClock };
}

async function canRead(found: ConnectOptions): Promise<string | undefined> {
  const { endpoint } = await connect(found);
  await using transport = httpTransport(endpoint);
  const object = await httpCluster(transport).get(NAMESPACE, { namespace: "", name: "default" });
  return object?.metadata.name;
}

Deno.test("connect() reads the kubeconfig that it is given, or that the environment names", async () => {
  const { kubeconfigPath } = cluster;
  assertEquals(await canRead({ ...options({}), kubeconfig: kubeconfigPath }), "default");
  assertEquals(await canRead(options({ KUBECONFIG: `/not/there:${kubeconfigPath}` })), "default");
});

Deno.test("connect() runs the plugin that a kubeconfig names", async () => {
  const { serverUrl, caPem, token } = await cluster.access();
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  const credential = JSON.stringify({
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    status: { token },
  });
  await Deno.writeTextFile(
    path,
    JSON.stringify({
      clusters: [{
        name: "c",
        cluster: { server: serverUrl, "certificate-authority-data": btoa(caPem) },
      }],
      users: [{ name: "u", user: { exec: { command: "echo", args: [credential] } } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: "shop" } }],
      "current-context": "x",
    }),
  );
  try {
    assertEquals(await canRead({ ...options({}), kubeconfig: path }), "default");
    const connection = await connect({ ...options({}), kubeconfig: path });
    assertEquals(connection.namespace, "shop");
    assertStringIncludes(connection.source, "(context x)");
    const error = await assertRejects(
      () => connect({ ...options({}), kubeconfig: path, context: "y" }),
      StalledError,
    );
    assertEquals(error.message, "Cannot use context y: the kubeconfig has x");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("connect() uses a pod's service account without a kubeconfig", async () => {
  const { serverUrl, caPem, token } = await cluster.access();
  const { hostname, port } = new URL(serverUrl);
  const directory = await Deno.makeTempDir();
  await Deno.writeTextFile(`${directory}/ca.crt`, caPem);
  await Deno.writeTextFile(`${directory}/token`, `${token}\n`);
  await Deno.writeTextFile(`${directory}/namespace`, "mesh-system");
  try {
    const pod = options({ KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port });
    const found = { ...pod, serviceAccountDirectory: directory };
    assertEquals(await canRead(found), "default");
    const { namespace, source } = await connect(found);
    assertEquals([namespace, source], ["mesh-system", "service account"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("connect() says where it looked when there is no server", async () => {
  const error = await assertRejects(() => connect(options({ HOME: "/not/there" })), StalledError);
  assertEquals(
    error.message,
    "Cannot find an API server: not in a pod, and no kubeconfig at /not/there/.kube/config",
  );
});

Deno.test("connect() reads and watches by insecure-skip-tls-verify, tls-server-name and relative paths", async () => {
  const { serverUrl, caPem, token } = await cluster.access();
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/ca.crt`, caPem);
  await Deno.writeTextFile(`${folder}/token`, `${token}\n`);
  const at = "kubernetes.default.svc";
  const terms = [
    { "certificate-authority": "ca.crt" },
    { "insecure-skip-tls-verify": true },
    { "certificate-authority": "ca.crt", "tls-server-name": at },
  ];
  try {
    for (const term of terms) {
      const path = `${folder}/config`;
      const config = {
        clusters: [{ name: "c", cluster: { server: serverUrl, ...term } }],
        users: [{ name: "u", user: { tokenFile: "token" } }],
        contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
        "current-context": "x",
      };
      await Deno.writeTextFile(path, JSON.stringify(config));
      assertEquals(await canRead({ ...options({}), kubeconfig: path }), "default");
      const { endpoint } = await connect({ ...options({}), kubeconfig: path });
      await using transport = httpTransport(endpoint);
      assertStringIncludes(await firstWatched(transport), '"type":"ADDED"');
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
