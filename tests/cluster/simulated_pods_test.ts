import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  eventually,
  FAIL,
  FAIL_CONTAINER,
  FAIL_EXIT_CODE,
  FAIL_MESSAGE,
  testCluster,
} from "../support/control_plane.ts";

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: Readonly<Record<string, { reason?: string; message?: string }>>;
  readonly lastState?: { terminated?: { exitCode: number; reason: string } };
}

interface Pod {
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly conditions?: readonly { type: string; status: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

const cluster = testCluster();

Deno.test("pods of a StatefulSet with volumes become ready within 5 s", async () => {
  await using namespace = await cluster.namespace();
  const inNamespace = ["-n", namespace.name];
  await cluster.apply({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "good", namespace: namespace.name },
    spec: {
      serviceName: "good",
      replicas: 2,
      podManagementPolicy: "Parallel",
      selector: { matchLabels: { app: "good" } },
      template: {
        metadata: { labels: { app: "good" } },
        spec: {
          initContainers: [{ name: "download", image: "a" }],
          containers: [{ name: "work", image: "b" }, { name: "side", image: "c" }],
        },
      },
      volumeClaimTemplates: [{
        metadata: { name: "data" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      }],
    },
  });
  await cluster.kubectl([
    ..."rollout status statefulset/good --timeout=5s".split(" "),
    ...inNamespace,
  ]);
  const claims = await cluster.get<{ items: { status: { phase: string } }[] }>([
    "pvc",
    ...inNamespace,
  ]);
  assertEquals(claims.items.map((claim) => claim.status.phase), ["Bound", "Bound"]);
});

Deno.test("a Job succeeds, and fails when its pods are told to", async () => {
  await using namespace = await cluster.namespace();
  const job = (name: string, annotations: Record<string, string>) => ({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace: namespace.name },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: { annotations },
        spec: { restartPolicy: "Never", containers: [{ name: "work", image: "a" }] },
      },
    },
  });
  await cluster.apply(job("good", {}), job("bad", { [FAIL]: "Error" }));
  const wait = ["wait", "--timeout=10s", "-n", namespace.name];
  await cluster.kubectl([...wait, "--for=condition=Complete", "job/good"]);
  await cluster.kubectl([...wait, "--for=condition=Failed", "job/bad"]);
});

Deno.test("a pod shows the image that cannot be pulled", async () => {
  const { status } = await failingPod({ [FAIL]: "ImagePullBackOff" });
  assertEquals(status.phase, "Pending");
  assertEquals(status.containerStatuses?.[0]?.state.waiting, {
    reason: "ImagePullBackOff",
    message: 'Back-off pulling image "work:1"',
  });
});

Deno.test("a pod shows the message of the container that is named", async () => {
  const message = `couldn't find key "password" in Secret shop/db`;
  const { status } = await failingPod({
    [FAIL]: "CreateContainerConfigError",
    [FAIL_MESSAGE]: message,
    [FAIL_CONTAINER]: "side",
  });
  assertEquals(
    status.containerStatuses?.map(({ name, ready, state }) => [name, ready, state.waiting]),
    [
      ["work", true, undefined],
      ["side", false, { reason: "CreateContainerConfigError", message }],
    ],
  );
});

Deno.test("a pod shows how a crashing container ended", async () => {
  const { status } = await failingPod({ [FAIL]: "CrashLoopBackOff", [FAIL_EXIT_CODE]: "3" });
  assertEquals(status.phase, "Running");
  const [work] = status.containerStatuses ?? [];
  assertEquals(work?.state.waiting?.reason, "CrashLoopBackOff");
  assertEquals(work?.lastState?.terminated?.exitCode, 3);
  assertEquals(work?.restartCount, 3);
});

Deno.test("a pod shows that its container was killed for its memory", async () => {
  const { status } = await failingPod({ [FAIL]: "OOMKilled" });
  const terminated = status.containerStatuses?.[0]?.lastState?.terminated;
  assertEquals([terminated?.reason, terminated?.exitCode], ["OOMKilled", 137]);
});

Deno.test("a pod whose init container fails starts nothing else", async () => {
  const { status } = await failingPod({ [FAIL]: "CrashLoopBackOff", [FAIL_CONTAINER]: "download" });
  assertEquals(status.phase, "Pending");
  assertEquals(status.initContainerStatuses?.[0]?.state.waiting?.reason, "CrashLoopBackOff");
  assertEquals(status.containerStatuses?.[0]?.state.waiting?.reason, "PodInitializing");
});

Deno.test("a pod that is told to fail and then not to is ready, broken and ready again", async () => {
  await using namespace = await cluster.namespace();
  await cluster.apply(pod(namespace.name, {}));
  const inNamespace = ["-n", namespace.name];
  const ready = (value: string) =>
    cluster.kubectl([
      "wait",
      `--for=condition=Ready=${value}`,
      "pod/p",
      "--timeout=5s",
      ...inNamespace,
    ]);
  await ready("True");
  const address = (await cluster.get<Pod>(["pod", "p", ...inNamespace])).status.podIP;
  await cluster.kubectl(["annotate", "pod", "p", `${FAIL}=NotReady`, ...inNamespace]);
  await ready("False");
  await cluster.kubectl(["annotate", "pod", "p", `${FAIL}-`, ...inNamespace]);
  await ready("True");
  assertEquals((await cluster.get<Pod>(["pod", "p", ...inNamespace])).status.podIP, address);
});

Deno.test("a ServiceAccount's kubeconfig has the rights of RBAC and no more", async () => {
  await using namespace = await cluster.namespace();
  const account = { namespace: namespace.name, name: "reader" };
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, await cluster.serviceAccountKubeconfig(account));
    const refused = await cluster.tryKubectl(["--kubeconfig", path, "get", "pods"]);
    assertStringIncludes(
      refused.stderr,
      `User "system:serviceaccount:${namespace.name}:reader" cannot list resource "pods"`,
    );
    const role = ["--clusterrole=view", `--serviceaccount=${namespace.name}:reader`];
    await cluster.kubectl(["create", "rolebinding", "r", ...role, "-n", namespace.name]);
    await eventually(async () =>
      (await cluster.tryKubectl(["--kubeconfig", path, "get", "pods"])).code === 0
    );
  } finally {
    await Deno.remove(path);
  }
});

async function failingPod(annotations: Record<string, string>): Promise<Pod> {
  await using namespace = await cluster.namespace();
  await cluster.apply(pod(namespace.name, annotations));
  return await eventually(async () => {
    const live = await cluster.get<Pod>(["pod", "p", "-n", namespace.name]);
    const ready = live.status.conditions?.find(({ type }) => type === "Ready");
    return ready?.status === "False" && live;
  });
}

function pod(namespace: string, annotations: Record<string, string>): unknown {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace, annotations },
    spec: {
      initContainers: [{ name: "download", image: "download:1" }],
      containers: [{ name: "work", image: "work:1" }, { name: "side", image: "side:1" }],
    },
  };
}
