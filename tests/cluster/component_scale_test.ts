import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import { type ControllerStory, controllerTest, userFunction } from "../support/controller_story.ts";

const cluster = testCluster();

interface Scaled extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly minReplicas?: number;
    readonly maxReplicas?: number;
  };
}

controllerTest(
  "kubectl scale changes the Function, and its StatefulSet follows",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders", { replicas: 1 }));
    await story.untilReady("function/orders");
    for (const replicas of [3, 0, 2]) {
      await story.kubectl("scale", "fn/orders", `--replicas=${replicas}`);
      await untilReplicas(story, "statefulset/orders-function", replicas);
      const ready = await story.untilReady("function/orders", /^True /);
      assertMatch(ready, replicas === 0 ? /^True ScaledToZero/ : /^True Ready/);
      await eventually(async () => (await story.list("pods")).length === replicas);
    }
  },
);

controllerTest(
  "kubectl scale works on a Function that names no replicas, and leaves the rest to its author",
  { cluster },
  async (story) => {
    const { replicas: _replicas, ...spec } = userFunction("orders").spec as Record<string, unknown>;
    const orders = { ...userFunction("orders"), spec };
    await story.apply(orders);
    await story.untilReady("function/orders");
    await story.kubectl("scale", "fn/orders", "--replicas=2");
    await untilReplicas(story, "statefulset/orders-function", 2);
    // Applied again as before, as a GitOps program does: the number of the scale stays.
    await story.apply(orders);
    await story.untilReady("function/orders");
    await untilReplicas(story, "statefulset/orders-function", 2);
    const { generation } = (await story.get("function/orders")).metadata;
    // A default that was filled in follows the minimum; this number is not one any longer.
    await story.patch("function/orders", { spec: { minReplicas: 2 } });
    await story.untilReady("function/orders");
    assertEquals((await story.get("function/orders")).metadata.generation, (generation ?? 0) + 1);
  },
);

controllerTest(
  "a number of replicas that was filled in follows the author's minimum",
  { cluster },
  async (story) => {
    const { replicas: _replicas, ...spec } = userFunction("orders").spec as Record<string, unknown>;
    await story.apply({ ...userFunction("orders"), spec });
    await story.untilReady("function/orders");
    await story.patch("function/orders", { spec: { minReplicas: 2 } });
    await untilReplicas(story, "statefulset/orders-function", 2);
    await story.untilReady("function/orders");
    assertEquals((await story.get<Scaled>("function/orders")).spec.replicas, 2);
  },
);

controllerTest(
  "what an autoscaler chose reaches the StatefulSet, and does not become the minimum",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders", { replicas: 1, maxReplicas: 5 }));
    await story.untilReady("function/orders");
    // The same subresource that an autoscaler writes.
    await story.kubectl("scale", "fn/orders", "--replicas=4");
    await untilReplicas(story, "statefulset/orders-function", 4);
    await story.untilReady("function/orders");
    const hpa = "hpa/orders-function";
    assertEquals((await story.get<Scaled>(hpa)).spec.minReplicas, 1);
    // Neither is forgotten when the autoscaler is made again, nor by a process that starts.
    await story.kubectl("delete", hpa, "--wait=false");
    await eventually(async () => await story.find(hpa));
    await story.restart();
    await story.patch("function/orders", { spec: { pod: { labels: { more: "yes" } } } });
    await story.untilReady("function/orders");
    assertEquals((await story.get<Scaled>(hpa)).spec.minReplicas, 1);
    assertEquals((await story.get<Scaled>("function/orders")).spec.replicas, 4);
    await story.kubectl("scale", "fn/orders", "--replicas=1");
    await untilReplicas(story, "statefulset/orders-function", 1);
  },
);

controllerTest(
  "bounds that move past the replicas are no mistake: the autoscaler follows",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders", { replicas: 1, maxReplicas: 5 }));
    await story.untilReady("function/orders");
    await story.patch("function/orders", { spec: { minReplicas: 2 } });
    await untilReplicas(story, "statefulset/orders-function", 2);
    await story.untilReady("function/orders");
    assertEquals((await story.get<Scaled>("hpa/orders-function")).spec.minReplicas, 2);
    // The autoscaler of the cluster itself writes the number within its period of 15 s.
    await eventually(
      async () => (await story.get<Scaled>("function/orders")).spec.replicas === 2,
      { intervalMs: 500 },
    );
  },
);

controllerTest(
  "removing maxReplicas removes our autoscaler and no other (W-12)",
  { cluster },
  async (story) => {
    const target = {
      apiVersion: "compute.functionmesh.io/v1alpha1",
      kind: "Function",
      name: "other",
    };
    await story.apply(
      userFunction("orders", { maxReplicas: 3 }),
      autoscaler("orders", target),
      userFunction("held", { maxReplicas: 3 }),
      autoscaler("held-function", target),
    );
    await story.untilReady("function/orders");
    await story.find("hpa/orders-function");
    const foreign = await story.get("hpa/orders");
    const ready = await story.untilReady("function/held", /^False NotOwned/);
    assertMatch(ready, /HorizontalPodAutoscaler \S+\/held-function is in the way/);
    const standing = await story.get("hpa/held-function");
    await story.kubectl(
      ..."patch function/orders --type=json -p".split(" "),
      '[{"op":"remove","path":"/spec/maxReplicas"}]',
    );
    await eventually(async () => await story.find("hpa/orders-function") === undefined);
    await story.untilReady("function/orders");
    assertEquals(
      (await story.events("function/orders")).includes(
        `Normal Deleted Deleted HorizontalPodAutoscaler ${story.namespace}/orders-function`,
      ),
      true,
    );
    assertEquals((await story.get("hpa/orders")).spec, foreign.spec);
    assertEquals((await story.get("hpa/held-function")).spec, standing.spec);
    // Without a wish for one there is nothing in the way any longer.
    await story.kubectl(
      ..."patch function/held --type=json -p".split(" "),
      '[{"op":"remove","path":"/spec/maxReplicas"}]',
    );
    await story.untilReady("function/held");
    assertEquals((await story.get("hpa/held-function")).metadata.uid, standing.metadata.uid);
  },
);

function autoscaler(name: string, scaleTargetRef: object): KubeObject {
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name },
    spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 2 },
  };
}

async function untilReplicas(story: ControllerStory, name: string, replicas: number) {
  await eventually(async () => (await story.get<Scaled>(name)).spec.replicas === replicas);
}
