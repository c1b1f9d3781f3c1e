import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import { type ControllerStory, controllerTest, userFunction } from "../support/controller_story.ts";

const cluster = testCluster();

const MANAGED = "compute.functionmesh.io/managed";
const PAUSE = "compute.functionmesh.io/pause-rollout";
const ROLLOUT = "compute.functionmesh.io/rollout";
const STATEFUL_SET = "statefulset/shop-pay-function";

controllerTest(
  "a paused mesh holds back its children, which say so (U12)",
  { cluster },
  async (story) => {
    await story.apply(mesh(), backend("north"));
    await story.untilReady("functionmesh/shop");
    assertEquals(await regionOf(story), "north");
    await story.kubectl("annotate", "fmesh/shop", `${PAUSE}=true`);
    await story.apply(backend("south"));
    assertMatch(await story.untilReady("function/shop-pay", /paused/), /1 changed field waits/);
    assertEquals(await regionOf(story), "north");
    const child = await story.get("function/shop-pay");
    assertEquals(child.metadata.annotations?.[PAUSE], undefined, "the child is not written for it");
    // What the child says itself counts more.
    await story.kubectl("annotate", "fn/shop-pay", `${PAUSE}=false`);
    await eventually(async () => await regionOf(story) === "south");
    await story.kubectl("annotate", "fn/shop-pay", `${PAUSE}-`);
    await story.apply(backend("west"));
    await story.untilReady("function/shop-pay", /paused/);
    await story.kubectl("annotate", "fmesh/shop", `${PAUSE}-`);
    await eventually(async () => await regionOf(story) === "west");
    await story.untilReady("functionmesh/shop", /^True Ready: 1\/1 components ready$/);
  },
);

controllerTest(
  "the children of a mesh that is not to be managed are left alone with it (U12)",
  { cluster },
  async (story) => {
    await story.apply(mesh());
    await story.untilReady("functionmesh/shop");
    await story.kubectl("annotate", "fmesh/shop", `${MANAGED}=false`);
    // The controller has seen the annotation when it has seen what came after it.
    await story.apply(userFunction("later"));
    await story.untilReady("function/later");
    await story.kubectl("scale", STATEFUL_SET, "--replicas=2");
    await story.patch("function/shop-pay", { spec: { maxMessageRetry: 3 } });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assertEquals((await statefulSet(story)).spec.replicas, 2);
    assertEquals(
      (await story.get<KubeObject & { spec: { maxMessageRetry: number } }>("function/shop-pay"))
        .spec.maxMessageRetry,
      3,
    );
    await story.kubectl("annotate", "fmesh/shop", `${MANAGED}-`);
    await eventually(async () => (await statefulSet(story)).spec.replicas === 1);
    await story.untilReady("functionmesh/shop");
  },
);

controllerTest(
  "a roll-out that is asked of a mesh reaches its children",
  { cluster },
  async (story) => {
    // Without a roll-out what comes after the children does not reach them.
    await story.apply(backend("north", false));
    await story.apply(mesh());
    await story.untilReady("functionmesh/shop");
    assertEquals(await regionOf(story), "north");
    await story.apply(backend("south", false));
    const said = await story.untilReady("function/shop-pay", /does not say autoUpdate/);
    assertMatch(said, /^True Ready/);
    assertEquals(await regionOf(story), "north");
    await story.kubectl("annotate", "fmesh/shop", `${ROLLOUT}=1`);
    await eventually(async () => await regionOf(story) === "south");
    await story.untilReady("function/shop-pay", /^True Ready: 1\/1 pods ready$/);
  },
);

function mesh(): KubeObject {
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "FunctionMesh",
    metadata: { name: "shop" },
    spec: { functions: [{ ...userFunction("pay").spec as object, name: "pay" }] },
  };
}

function backend(region: string, autoUpdate = true): KubeObject {
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "BackendConfig",
    metadata: { name: "backend-config" },
    spec: { autoUpdate, env: { REGION: region } },
  };
}

interface StatefulSet extends KubeObject {
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly env: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
}

async function statefulSet(story: ControllerStory): Promise<StatefulSet> {
  return await story.get<StatefulSet>(STATEFUL_SET);
}

async function regionOf(story: ControllerStory): Promise<string | undefined> {
  const { spec } = await statefulSet(story);
  return spec.template.spec.containers[0]?.env.find(({ name }) => name === "REGION")?.value;
}
