import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { component, pythonFunction } from "./support/components.ts";
import { assertCross, meanwhile, numbered } from "./support/messages.ts";
import { e2eTest } from "./support/story.ts";

const NAME = "kubernetes.io/hostname";

e2eTest("drained", "a function moves off a node that is drained", async (story) => {
  const [first = "", second = ""] = story.setting.nodes;
  assertEquals(story.setting.nodes.length >= 2, true, "a drain takes two nodes");
  const topics = { input: story.topic("in"), output: story.topic("out") };
  const preference = { key: NAME, operator: "In", values: [second] };
  const affinity = {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 100, preference: { matchExpressions: [preference] } },
      ],
    },
  };
  const spec = {
    ...pythonFunction(story.image, topics),
    pod: { terminationGracePeriodSeconds: 10, affinity },
  };
  await story.start({ exclaim: component("Function", "exclaim", { spec }) });
  const [before] = await story.pods("exclaim-function");
  assertEquals(before?.spec.nodeName, second);
  const crossing = meanwhile(
    assertCross(story, { ...topics, texts: numbered("message", 60), intervalMs: 200 }),
  );
  try {
    // Only this test's pods: others run on the same nodes at the same time.
    await story.cluster.kubectl(
      ["drain", second, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=60s"]
        .concat(["--pod-selector", `compute.functionmesh.io/namespace=${story.namespace}`]),
    );
    await eventually(async () => {
      const [pod] = await story.pods("exclaim-function");
      assertEquals(pod?.spec.nodeName, first);
      return await story.ready("Function", "exclaim") === "True Ready: 1/1 pods ready";
    }, { timeoutMs: 90_000, intervalMs: 250 });
  } finally {
    await story.cluster.kubectl(["uncordon", second]);
  }
  await crossing;
});
