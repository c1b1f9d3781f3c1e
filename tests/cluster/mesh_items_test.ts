import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import {
  type Conditioned,
  type ControllerStory,
  controllerTest,
  userFunction,
} from "../support/controller_story.ts";

const cluster = testCluster();

interface Mesh extends Conditioned {
  readonly status: {
    readonly conditions: unknown;
    readonly ready: string;
    readonly components: readonly {
      readonly kind: string;
      readonly name: string;
      readonly child: string;
      readonly ready: boolean;
      readonly reason: string;
      readonly message: string;
      readonly replicas: number;
    }[];
  };
}

controllerTest(
  "a mesh makes its children and shows one line for each",
  { cluster },
  async (story) => {
    await story.apply(mesh("shop", [item("pay"), item("ship", { replicas: 2 })]));
    assertEquals(
      await story.untilReady("functionmesh/shop"),
      "True Ready: 2/2 components ready",
    );
    const { status } = await story.get<Mesh>("functionmesh/shop");
    assertEquals(status.ready, "2/2");
    assertEquals(
      status.components.map(({ kind, name, child, ready, reason, replicas }) =>
        [kind, name, child, ready, reason, replicas].join(" ")
      ),
      ["Function pay shop-pay true Ready 1", "Function ship shop-ship true Ready 2"],
    );
    assertEquals((await story.events("functionmesh/shop")).sort(), [
      "Normal Created Created Function shop-pay, Function shop-ship",
      "Normal Ready 2/2 components ready",
    ]);
  },
);

controllerTest(
  "an item that is wrong is named and blocks no other (W-16)",
  { cluster },
  async (story) => {
    await story.apply(
      mesh("shop", [item("bad", { className: "" }), item("good"), item("x".repeat(60))]),
    );
    const said = await story.untilReady("functionmesh/shop", /^False InvalidSpec: 1\/3/);
    assertMatch(said, /Function bad: .*className/);
    assertEquals(await lines(story), [
      "bad false InvalidSpec",
      "good true Ready",
      `${"x".repeat(60)} false InvalidSpec`,
    ]);
    await story.apply(mesh("shop", [item("bad"), item("good")]));
    await story.untilReady("functionmesh/shop", /^True Ready: 2\/2/);
  },
);

controllerTest(
  "two items of one name are reported, and nothing is written over and over (W-9)",
  { cluster },
  async (story) => {
    await story.apply(
      mesh("shop", [
        item("twice", { image: "example/runner:1" }),
        item("twice", { image: "example/runner:2" }),
        item("once"),
      ]),
    );
    const said = await story.untilReady("functionmesh/shop", /^False InvalidSpec/);
    assertMatch(said, /twice/);
    await story.untilReady("function/shop-once");
    const before = await story.get("functionmesh/shop");
    const count = async () => await story.controller.metric("mesh_api_requests_total");
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const requests = await count();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assertEquals(await count(), requests);
    const after = await story.get("functionmesh/shop");
    assertEquals(after.metadata.generation, before.metadata.generation);
  },
);

controllerTest(
  "an item that leaves the mesh takes its child with it, and only its own (W-18)",
  { cluster },
  async (story) => {
    await story.apply(mesh("shop", [item("pay"), item("ship")]));
    await story.untilReady("functionmesh/shop");
    // The status is no memory: what is owned is found by its owner.
    await story.kubectl(
      ..."patch fmesh/shop --subresource=status --type=merge -p".split(" "),
      '{"status":null}',
    );
    await story.apply(userFunction("shop-own"), mesh("shop", [item("ship")]));
    await eventually(async () => await story.find("function/shop-pay") === undefined);
    await eventually(async () => await story.find("statefulset/shop-pay-function") === undefined);
    assertEquals(
      await story.untilReady("functionmesh/shop", /1\/1 components ready$/),
      "True Ready: 1/1 components ready",
    );
    await story.untilReady("function/shop-own");
    await story.kubectl("delete", "fmesh/shop");
    await eventually(async () => await story.find("function/shop-ship") === undefined);
    await story.untilReady("function/shop-own");
  },
);

controllerTest(
  "an edited child is put right",
  { cluster },
  async (story) => {
    await story.apply(mesh("shop", [item("pay")]));
    await story.untilReady("functionmesh/shop");
    await story.patch("function/shop-pay", { spec: { image: "evil/image:1" } });
    await eventually(async () => {
      const { spec } = await story.get<KubeObject & { spec: { image: string } }>(
        "function/shop-pay",
      );
      return spec.image === "example/runner:1";
    });
    await eventually(async () =>
      (await story.events("functionmesh/shop")).includes(
        "Warning DriftCorrected Corrected Function shop-pay, which somebody changed: spec.image",
      )
    );
  },
);

controllerTest(
  "an edit of one function keeps what an autoscaler chose for another (W-17, U3)",
  { cluster },
  async (story) => {
    const items = (image: string) => [
      item("pay", { replicas: 1, maxReplicas: 5 }),
      item("ship", { image }),
    ];
    await story.apply(mesh("shop", items("example/runner:1")));
    await story.untilReady("functionmesh/shop");
    await story.kubectl("scale", "fn/shop-pay", "--replicas=4");
    await story.untilReady("function/shop-pay", /4\/4/);
    await story.apply(mesh("shop", items("example/runner:2")));
    await eventually(async () =>
      JSON.stringify(await story.get("statefulset/shop-ship-function")).includes("runner:2")
    );
    await story.untilReady("functionmesh/shop");
    const replicas = async (name: string) =>
      (await story.get<KubeObject & { spec: { replicas: number } }>(name)).spec.replicas;
    assertEquals(await replicas("function/shop-pay"), 4);
    assertEquals(await replicas("statefulset/shop-pay-function"), 4);
    // A smaller maximum brings the number inside; a new number that the mesh declares counts.
    await story.apply(mesh("shop", [item("pay", { replicas: 1, maxReplicas: 3 })]));
    await eventually(async () => await replicas("function/shop-pay") === 3);
    await story.apply(mesh("shop", [item("pay", { replicas: 2, maxReplicas: 3 })]));
    await eventually(async () => await replicas("function/shop-pay") === 2);
    await story.untilReady("functionmesh/shop", /^True Ready: 1\/1/);
  },
);

controllerTest(
  "a mesh is not Ready while a child is not, with the child's cause as its own",
  { cluster },
  async (story) => {
    await story.apply(mesh("shop", [item("pay"), item("ship")]));
    await story.untilReady("functionmesh/shop");
    await story.kubectl(
      "annotate",
      "pod/shop-ship-function-0",
      "meshwright.test/fail=ImagePullBackOff",
    );
    await story.kubectl("wait", "--for=condition=Ready=False", "pod/shop-ship-function-0");
    await story.untilReady(
      "functionmesh/shop",
      /^False ImagePullBackOff: 1\/2 components ready; Function ship: .*Pod shop-ship-function-0, container pulsar-function cannot get its image/,
    );
    await story.kubectl("annotate", "pod/shop-ship-function-0", "meshwright.test/fail-");
    await story.untilReady("functionmesh/shop", /^True Ready: 2\/2/);
  },
);

function mesh(name: string, functions: readonly object[]): KubeObject {
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "FunctionMesh",
    metadata: { name },
    spec: { functions },
  };
}

function item(name: string, spec: Record<string, unknown> = {}): object {
  return { ...userFunction(name, spec).spec as object, name };
}

async function lines(story: ControllerStory): Promise<string[]> {
  const { status } = await story.get<Mesh>("functionmesh/shop");
  return status.components.map(({ name, ready, reason }) => `${name} ${ready} ${reason}`);
}
