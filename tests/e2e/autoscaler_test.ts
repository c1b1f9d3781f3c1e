import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { component, pythonFunction } from "./support/components.ts";
import { assertCross, numbered } from "./support/messages.ts";
import { e2eTest, type Resource } from "./support/story.ts";

e2eTest("hpa", "an autoscaler on the Function itself sets its instances", async (story) => {
  const topics = { input: story.topic("in"), output: story.topic("out") };
  const spec = pythonFunction(story.image, topics);
  const { replicas: _replicas, ...unsaid } = spec;
  await story.start({ exclaim: component("Function", "exclaim", { spec: unsaid }) });
  // No metrics are needed to keep to the bounds.
  await story.cluster.apply([{
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "exclaim", namespace: story.namespace },
    spec: {
      scaleTargetRef: {
        apiVersion: "compute.functionmesh.io/v1alpha1",
        kind: "Function",
        name: "exclaim",
      },
      minReplicas: 2,
      maxReplicas: 3,
      metrics: [{
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } },
      }],
    },
  }]);
  await eventually(async () => {
    assertEquals(await story.ready("Function", "exclaim"), "True Ready: 2/2 pods ready");
    return true;
  }, { timeoutMs: 120_000, intervalMs: 500 });
  assertEquals((await story.pods("exclaim-function")).length, 2);
  await eventually(async () => {
    const { status } = await story.get<Resource>("HorizontalPodAutoscaler", "exclaim");
    assertEquals([status?.["currentReplicas"], status?.["desiredReplicas"]], [2, 2]);
    return true;
  }, { timeoutMs: 60_000, intervalMs: 500 });
  await assertCross(story, { ...topics, texts: numbered("message", 10) });
  // What the autoscaler chose is not drift: a look at Git leaves it.
  await story.untilHealthy(await story.commit({}, "Change nothing of the function"));
  assertEquals((await story.pods("exclaim-function")).length, 2);
});
