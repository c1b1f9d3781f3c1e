import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import {
  eventually,
  FAIL,
  FAIL_CONTAINER,
  FAIL_EXIT_CODE,
  FAIL_MESSAGE,
  testCluster,
} from "../support/control_plane.ts";
import { controllerTest, userFunction } from "../support/controller_story.ts";

const cluster = testCluster();

/** A pod of a Function that shows a trouble, and the words for it in the Function's status. */
interface Trouble {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly says: RegExp;
}

const POD = "Pod orders-function-0";
const RUNNER = `${POD}, container pulsar-function`;

const TROUBLES: readonly Trouble[] = [
  {
    name: "an image that cannot be pulled",
    annotations: { [FAIL]: "ImagePullBackOff" },
    says: new RegExp(
      `^False ImagePullBackOff: 0/1 pods ready: ${RUNNER} cannot get its image ` +
        `example/runner:1: Back-off pulling image "example/runner:1"$`,
    ),
  },
  {
    name: "a missing key of a Secret",
    annotations: {
      [FAIL]: "CreateContainerConfigError",
      [FAIL_MESSAGE]: `couldn't find key password in Secret shop/db`,
    },
    says: new RegExp(
      `^False CreateContainerConfigError: 0/1 pods ready: ${RUNNER} cannot start: ` +
        "couldn't find key password in Secret shop/db$",
    ),
  },
  {
    name: "a container that keeps crashing",
    annotations: {
      [FAIL]: "CrashLoopBackOff",
      [FAIL_EXIT_CODE]: "3",
      [FAIL_MESSAGE]: "class not found: org.example.Exclaim",
    },
    says: new RegExp(
      `^False CrashLoopBackOff: 0/1 pods ready: ${RUNNER} keeps failing \\(restarted 3 times\\): ` +
        "the last run ended with exit code 3: class not found: org.example.Exclaim$",
    ),
  },
  {
    name: "a container that needs more memory than it may have",
    annotations: { [FAIL]: "OOMKilled" },
    says: new RegExp(
      `^False OOMKilled: 0/1 pods ready: ${RUNNER} keeps failing \\(restarted 3 times\\): ` +
        "the last run ended with exit code 137 \\(OOMKilled\\)$",
    ),
  },
  {
    name: "a container that runs and does not become ready",
    annotations: { [FAIL]: "NotReady" },
    says: new RegExp(
      `^False ContainerNotReady: 0/1 pods ready: ${RUNNER} runs but is not ready yet$`,
    ),
  },
];

for (const { name, annotations, says } of TROUBLES) {
  controllerTest(
    `status names ${name} while it lasts, and goes back to Ready`,
    { cluster },
    async (story) => {
      await story.apply(userFunction("orders", { pod: { annotations } }));
      const pod = "pod/orders-function-0";
      await story.kubectl("wait", "--for=create", pod, "--timeout=180s");
      await story.kubectl("wait", "--for=condition=Ready=False", pod, "--timeout=180s");
      assertMatch(await story.untilReady("function/orders", /^False [^P]/, 1_500), says);
      assertEquals(
        (await story.tryWait("function/orders")).code,
        1,
        "kubectl wait sees that it is not Ready",
      );
      await eventually(async () =>
        (await story.events("function/orders")).some((line) =>
          line.startsWith("Warning ") && line.includes(RUNNER)
        )
      );
      await story.kubectl("annotate", pod, `${FAIL}-`);
      await story.kubectl("wait", "--for=condition=Ready", pod, "--timeout=180s");
      assertMatch(await story.untilReady("function/orders", /^True /, 1_500), /^True Ready: 1\/1/);
    },
  );
}

controllerTest(
  "status names the init container that fails",
  { cluster },
  async (story) => {
    const annotations = { [FAIL]: "ImagePullBackOff", [FAIL_CONTAINER]: "prepare" };
    const initContainers = [{ name: "prepare", image: "example/prepare:1" }];
    await story.apply(userFunction("orders", { pod: { annotations, initContainers } }));
    const said = await story.untilReady("function/orders", /^False ImagePullBackOff/);
    assertMatch(said, /container prepare cannot get its image example\/prepare:1/);
  },
);

controllerTest(
  "a running pod that breaks shows within a second or so, and is mended by an edit",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders", { replicas: 2 }));
    await story.untilReady("function/orders");
    await story.kubectl("annotate", "pod/orders-function-1", `${FAIL}=OOMKilled`);
    await story.kubectl("wait", "--for=condition=Ready=False", "pod/orders-function-1");
    const said = await story.untilReady("function/orders", /^False /, 1_500);
    assertMatch(said, /^False OOMKilled: 1\/2 pods ready: Pod orders-function-1, container/);
    await story.patch("function/orders", { spec: { image: "example/runner:2" } });
    assertEquals(await story.untilReady("function/orders"), "True Ready: 2/2 pods ready");
  },
);

controllerTest(
  "status says why a pod cannot be scheduled",
  { cluster },
  async (story) => {
    const resources = (cpu: string) => ({
      requests: { cpu, memory: "1Gi" },
      limits: { cpu, memory: "1Gi" },
    });
    await story.apply(userFunction("orders", { resources: resources("100000") }));
    const said = await story.untilReady("function/orders", /^False Unschedulable/);
    assertMatch(said, /Pod orders-function-0 cannot be scheduled: 0\/\d+ nodes .*Insufficient cpu/);
    await story.patch("function/orders", { spec: { resources: resources("1") } });
    assertEquals(await story.untilReady("function/orders"), "True Ready: 1/1 pods ready");
  },
);

controllerTest(
  "status names the quota that keeps pods from being created, and forgets it afterwards",
  { cluster },
  async (story) => {
    const quota = (pods: string): KubeObject => ({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "small" },
      spec: { hard: { pods } },
    });
    await story.apply(quota("1"));
    await eventually(async () => {
      const { status } = await story.get("resourcequota/small");
      return (status as { readonly hard?: unknown } | undefined)?.hard !== undefined;
    });
    await story.apply(userFunction("orders", { replicas: 2 }));
    const said = await story.untilReady("function/orders", /^False QuotaExceeded/);
    assertMatch(said, /1\/2 pods ready: .*exceeded quota: small/);
    await story.apply(quota("10"));
    assertEquals(
      // The StatefulSet controller tries again later and later.
      await story.untilReady("function/orders", /^True /, 90_000),
      "True Ready: 2/2 pods ready",
    );
    // The warning stays in the cluster for an hour: it must not be taken for the cause of what comes.
    await story.kubectl("annotate", "pod/orders-function-1", `${FAIL}=OOMKilled`);
    assertMatch(await story.untilReady("function/orders", /^False /), /^False OOMKilled/);
  },
);

controllerTest(
  "a rolling update is not Ready before the pods of the new revision are (W-10)",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders", { replicas: 2 }));
    await story.untilReady("function/orders");
    const annotations = { [FAIL]: "ImagePullBackOff" };
    await story.patch("function/orders", {
      spec: { image: "example/runner:broken", pod: { annotations } },
    });
    const said = await story.untilReady("function/orders", /^False ImagePullBackOff/);
    // One of the old pods works on, and does not count.
    assertMatch(said, /0\/2 pods ready: Pod orders-function-1, .*example\/runner:broken/);
    const { status } = await story.get<KubeObject & { status: { readyReplicas: number } }>(
      "function/orders",
    );
    assertEquals(status.readyReplicas, 1);
    await story.patch("function/orders", {
      spec: { image: "example/runner:3", pod: { annotations: { [FAIL]: null } } },
    });
    assertEquals(await story.untilReady("function/orders"), "True Ready: 2/2 pods ready");
    const images = (await story.list<KubeObject & { spec: { containers: { image: string }[] } }>(
      "pods",
    )).map(({ spec }) => spec.containers.at(-1)?.image);
    assertEquals(images, ["example/runner:3", "example/runner:3"]);
  },
);
