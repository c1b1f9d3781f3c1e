/** Weaknesses of the reference operator that no other test shows to be gone; docs/from-function-mesh.md lists all of them. */
import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import {
  type ControllerStory,
  controllerTest,
  kubectlIn,
  userFunction,
} from "../support/controller_story.ts";
import { runningController } from "../support/running_controller.ts";

const cluster = testCluster();

interface Autoscaler extends KubeObject {
  readonly spec: {
    readonly minReplicas: number;
    readonly maxReplicas: number;
    readonly metrics?: unknown;
    readonly behavior?: { readonly scaleDown?: { readonly stabilizationWindowSeconds?: number } };
  };
}

controllerTest(
  "an autoscaler gets the behaviour that its Function is given later (W-3)",
  { cluster },
  async (story) => {
    const autoScalingMetrics = [{
      type: "Resource",
      resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 40 } },
    }];
    await story.apply(userFunction("orders", { maxReplicas: 3, pod: { autoScalingMetrics } }));
    await story.untilReady("function/orders");
    const { metrics, behavior } = (await autoscaler(story)).spec;
    assertEquals(metrics, autoScalingMetrics);
    const autoScalingBehavior = { scaleDown: { stabilizationWindowSeconds: 17 } };
    await story.patch("function/orders", { spec: { pod: { autoScalingBehavior } } });
    const seconds = ({ spec }: Autoscaler) => spec.behavior?.scaleDown?.stabilizationWindowSeconds;
    await eventually(async () => seconds(await autoscaler(story)) === 17);
    assertEquals((await autoscaler(story)).spec.metrics, autoScalingMetrics);
    await story.patch("function/orders", { spec: { pod: { autoScalingBehavior: null } } });
    await eventually(async () => seconds(await autoscaler(story)) !== 17);
    assertEquals(behavior?.scaleDown?.stabilizationWindowSeconds === 17, false);
    await story.untilReady("function/orders");
  },
);

controllerTest(
  "an autoscaler has a minimum that nobody gave, and what is asked in vain is said (W-26)",
  { cluster },
  async (story) => {
    const pod = { builtinAutoscaler: ["AverageUtilizationCPUPercent99"] };
    await story.apply(userFunction("orders", { maxReplicas: 3, pod }));
    assertMatch(await story.untilReady("function/orders"), /CPUPercent99" is no preset/);
    assertEquals((await autoscaler(story)).spec.minReplicas, 1);
    const vpa = { updatePolicy: { updateMode: "Auto" } };
    await story.apply(userFunction("sized", { pod: { vpa } }));
    assertMatch(
      await story.untilReady("function/sized"),
      /1\/1 pods ready; spec\.pod\.vpa has no effect: the cluster has no VerticalPodAutoscaler$/,
    );
  },
);

Deno.test("a global BackendConfig may be outside the one namespace that is watched (W-25)", async () => {
  await using space = await cluster.namespace();
  await using elsewhere = await cluster.namespace();
  const story = kubectlIn(cluster, space.name);
  await using _controller = await runningController(cluster, {
    watchedNamespace: space.name,
    globalBackendConfig: { namespace: elsewhere.name, name: "all" },
  });
  await kubectlIn(cluster, elsewhere.name).apply({
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "BackendConfig",
    metadata: { name: "all" },
    spec: { autoUpdate: true, env: { REGION: "north" } },
  }, userFunction("unwatched"));
  await story.apply(userFunction("orders"));
  await story.untilReady("function/orders");
  await eventually(async () =>
    JSON.stringify(await story.get("statefulset/orders-function")).includes('"north"')
  );
  const other = await kubectlIn(cluster, elsewhere.name).get("function/unwatched");
  assertEquals(other.status, undefined);
});

controllerTest(
  "passwords of connectors are in no log line, event or status (W-48)",
  { cluster, logLevel: "debug" },
  async (story) => {
    const password = "s3cr3t-of-the-database";
    const sink = (user: string): KubeObject => ({
      apiVersion: "compute.functionmesh.io/v1alpha1",
      kind: "Sink",
      metadata: { name: "store" },
      spec: {
        className: "org.example.Sink",
        image: "example/runner:1",
        input: { topics: ["persistent://public/default/in"] },
        pulsar: { pulsarConfig: "pulsar" },
        java: { jar: "/pulsar/sink.nar" },
        sinkConfig: { user, password },
      },
    });
    await story.apply(sink("first"));
    await story.untilReady("sink/store");
    const set = "statefulset/store-sink";
    assertEquals(JSON.stringify(await story.get(set)).includes(password), true);
    await story.apply(sink("second"));
    await eventually(async () => JSON.stringify(await story.get(set)).includes("second"));
    await story.untilReady("sink/store");
    const { status } = await story.get("sink/store");
    const events = await story.events("sink/store");
    assertEquals(events.length > 0, true);
    assertEquals(story.controller.logLines.length > 0, true);
    const said = [...story.controller.logLines, ...events, JSON.stringify(status)].join("\n");
    assertEquals(said.includes(password), false);
  },
);

async function autoscaler(story: ControllerStory): Promise<Autoscaler> {
  return await story.get<Autoscaler>("hpa/orders-function");
}
