/** What the other tests take for granted: that pods run, reach each other and the API server, and fail as they should. */
import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { eventually } from "../support/eventually.ts";
import { e2eTest, type Pod, type Story } from "./support/story.ts";

const SERVER = { app: "server" };
const PORT = 8000;

e2eTest(
  "service",
  "a Service leads to a pod on another node, and kubectl to both",
  async (story) => {
    const { nodes } = story.setting;
    await story.cluster.apply([
      pod(story, "client", { node: nodes[0] }),
      pod(story, "server", { node: nodes.at(-1), labels: SERVER, script: SERVE }),
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "server", namespace: story.namespace },
        spec: { selector: SERVER, ports: [{ port: 80, targetPort: PORT }] },
      },
    ]);
    await story.kubectl("wait", "pod/client", "pod/server", "--for=condition=Ready");
    const [client, server] = await Promise.all([
      running(story, "client"),
      running(story, "server"),
    ]);
    assertEquals(client.spec.nodeName === server.spec.nodeName, nodes.length === 1);
    const address = await story.cluster.serviceAddress(story.namespace, "server");
    for (const host of [address, `${server.status.podIP}:${PORT}`]) {
      // The server is ready when its process runs, which may be before it listens.
      const said = await eventually(() => python(story, "client", asking(`http://${host}/node`)));
      assertEquals(said, server.spec.nodeName);
    }
    await eventually(async () => {
      assertMatch(await story.kubectl("logs", "server"), /serving[^]*"GET \/node HTTP/);
      return true;
    });
  },
);

e2eTest("account", "a pod is known to the API server by its ServiceAccount", async (story) => {
  await story.cluster.apply([pod(story, "client", { node: story.setting.nodes[0] })]);
  await story.kubectl("wait", "pod/client", "--for=condition=Ready");
  const said = JSON.parse(await python(story, "client", ASK_API_SERVER));
  assertEquals(said.status, 403);
  assertMatch(
    said.message,
    new RegExp(`User "system:serviceaccount:${story.namespace}:default" cannot list`),
  );
});

e2eTest("memory", "a container that outgrows its limit is OOMKilled", async (story) => {
  const script = `exec python3 -c 'b"x" * (1 << 30)'`;
  await story.cluster.apply([pod(story, "large", { script, memory: "64Mi" })]);
  await eventually(async () => {
    const [container] = (await running(story, "large")).status.containerStatuses ?? [];
    const ended = container?.state?.["terminated"];
    assertEquals(ended?.exitCode, 137);
    // Where containerd misses the kernel's word the reason is `Error`, and the exit code is all that tells.
    assertMatch(ended?.reason ?? "none", /^(OOMKilled|Error)$/);
    return true;
  }, { timeoutMs: 180_000, intervalMs: 200 });
});

e2eTest("image", "an image that is nowhere is said", async (story) => {
  await story.cluster.apply([pod(story, "absent", { image: "localhost/nowhere:1" })]);
  await eventually(async () => {
    const [container] = (await running(story, "absent")).status.containerStatuses ?? [];
    assertMatch(
      container?.state?.["waiting"]?.reason ?? "none",
      /^(ErrImagePull|ImagePullBackOff)$/,
    );
    return true;
  }, { timeoutMs: 240_000, intervalMs: 200 });
});

/** Serves the name of its node. */
const SERVE = `mkdir -p /tmp/www && cd /tmp/www && printf %s "$NODE" >node && echo serving &&
exec python3 -u -m http.server ${PORT}`;

/** As clients in a cluster do it: address, certificate and token are where Kubernetes puts them. */
const ASK_API_SERVER = `
import json, os, ssl, urllib.error, urllib.request
folder = "/var/run/secrets/kubernetes.io/serviceaccount/"
read = lambda name: open(folder + name).read()
host, port = (os.environ["KUBERNETES_SERVICE_" + name] for name in ("HOST", "PORT"))
url = f"https://{host}:{port}/api/v1/namespaces/{read('namespace')}/pods"
ask = urllib.request.Request(url, headers={"Authorization": "Bearer " + read("token")})
try:
    context = ssl.create_default_context(cafile=folder + "ca.crt")
    with urllib.request.urlopen(ask, timeout=20, context=context) as answer:
        print(json.dumps({"status": answer.status, "message": ""}))
except urllib.error.HTTPError as error:
    print(json.dumps({"status": error.code, "message": json.load(error)["message"]}))
`;

function asking(url: string): string {
  return `import urllib.request
print(urllib.request.urlopen("${url}", timeout=5).read().decode(), end="")`;
}

/** Runs a Python program, given on its standard input, in a pod. */
async function python(story: Story, name: string, program: string): Promise<string> {
  const args = ["exec", "-i", name, "-n", story.namespace, "--", "python3", "-"];
  return await story.cluster.kubectl(args, { stdin: program });
}

async function running(story: Story, name: string): Promise<Pod> {
  return await story.get<Pod>("Pod", name);
}

function pod(
  story: Story,
  name: string,
  options: {
    readonly node?: string | undefined;
    readonly labels?: Readonly<Record<string, string>>;
    readonly image?: string;
    readonly script?: string;
    readonly memory?: string;
  },
): KubeObject {
  const { node, labels = {}, image = story.image, script = "sleep 600", memory } = options;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: story.namespace, labels },
    spec: {
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 0,
      ...node === undefined ? {} : { nodeSelector: { "kubernetes.io/hostname": node } },
      containers: [{
        name: "main",
        image,
        imagePullPolicy: "IfNotPresent",
        command: ["bash", "-c", script],
        env: [{ name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
        ...memory === undefined ? {} : { resources: { limits: { memory } } },
      }],
    },
  };
}
