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

const STATEFUL_SET = "statefulset/orders-function";
const PAUSE = "compute.functionmesh.io/pause-rollout";
const MANAGED = "compute.functionmesh.io/managed";

controllerTest(
  "the BackendConfig of a namespace reaches pods when it says autoUpdate, on every change (W-19)",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders"));
    await story.untilReady("function/orders");
    for (const region of ["north", "south"]) {
      await story.apply(backend({ autoUpdate: true, env: { REGION: region } }));
      await eventually(async () => await regionOf(story) === region);
      await story.untilReady("function/orders");
    }
    const config = await story.get("backendconfig/backend-config");
    await eventually(async () => {
      const { status } = await story.get<Conditioned & { status: Record<string, unknown> }>(
        "function/orders",
      );
      return status["namespacedBackendConfigRevision"] === config.metadata.resourceVersion;
    });
    await story.kubectl("delete", "backendconfig/backend-config");
    await eventually(async () => await regionOf(story) === undefined);
    await story.untilReady("function/orders");
  },
);

controllerTest(
  "a BackendConfig without autoUpdate waits for the next edit of the Function",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders"));
    await story.untilReady("function/orders");
    await story.apply(backend({ autoUpdate: false, env: { REGION: "north" } }));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assertEquals(await regionOf(story), undefined);
    await story.patch("function/orders", { spec: { image: "example/runner:2" } });
    await eventually(async () => await regionOf(story) === "north");
    await story.untilReady("function/orders");
  },
);

controllerTest(
  "a paused Function keeps what it runs, says what waits, and still follows its own edits (W-62)",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders", {}, { annotations: { [PAUSE]: "true" } }));
    await story.untilReady("function/orders");
    await story.apply(backend({ autoUpdate: true, env: { REGION: "north" } }));
    const said = await story.untilReady("function/orders", /paused/);
    assertMatch(said, /^True Ready: 1\/1 pods ready; .*paused/);
    assertEquals(await regionOf(story), undefined);
    const { status } = await story.get<Conditioned & { status: Record<string, unknown> }>(
      "function/orders",
    );
    const pending = String(status["pendingChange"]);
    assertMatch(pending, /env/);
    assertEquals(pending.includes("north"), false, "values may be secrets (W-62)");
    // What is missing is made again; what the user edits is rolled out.
    await story.kubectl("delete", "service/orders-function-headless", "--wait=false");
    await eventually(async () => {
      const service = await story.find("service/orders-function-headless");
      return service !== undefined && service.metadata.deletionTimestamp === undefined;
    });
    await story.patch("function/orders", { spec: { image: "example/runner:2" } });
    await eventually(async () =>
      JSON.stringify(await story.get(STATEFUL_SET)).includes("example/runner:2")
    );
    await story.untilReady("function/orders", /^True /);
  },
);

controllerTest(
  "without its pause a Function gets what waited",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders", {}, { annotations: { [PAUSE]: "true" } }));
    await story.untilReady("function/orders");
    await story.apply(backend({ autoUpdate: true, env: { REGION: "north" } }));
    await story.untilReady("function/orders", /paused/);
    await story.kubectl("annotate", "fn/orders", `${PAUSE}-`);
    await eventually(async () => await regionOf(story) === "north");
    assertEquals(await story.untilReady("function/orders"), "True Ready: 1/1 pods ready");
  },
);

controllerTest(
  "a Function that is not to be managed is left alone until it is",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders"));
    await story.untilReady("function/orders");
    await story.kubectl("annotate", "fn/orders", `${MANAGED}=false`);
    await story.kubectl("scale", STATEFUL_SET, "--replicas=2");
    await story.patch("function/orders", { spec: { image: "example/runner:2" } });
    await story.apply(userFunction("other", {}, { annotations: { [MANAGED]: "false" } }));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const { spec } = await story.get<KubeObject & { spec: { replicas: number } }>(STATEFUL_SET);
    assertEquals(spec.replicas, 2);
    assertEquals(JSON.stringify(spec).includes("runner:2"), false);
    const other = await story.get<Conditioned>("function/other");
    assertEquals(other.status, undefined);
    assertEquals(await story.find("statefulset/other-function"), undefined);
    await story.kubectl("annotate", "fn/orders", "fn/other", `${MANAGED}-`);
    assertEquals(await story.untilReady("function/orders"), "True Ready: 1/1 pods ready");
    await story.untilReady("function/other");
    assertEquals(JSON.stringify(await story.get(STATEFUL_SET)).includes("runner:2"), true);
  },
);

controllerTest(
  "fields that cannot be changed are kept and named (W-58)",
  { cluster },
  async (story) => {
    const claims = (storage: string) => [{
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
    }];
    await story.apply(userFunction("orders", { volumeClaimTemplates: claims("1Gi") }));
    await story.untilReady("function/orders");
    await story.patch("function/orders", {
      spec: { image: "example/runner:2", volumeClaimTemplates: claims("2Gi") },
    });
    const said = await story.untilReady("function/orders", /cannot be changed/);
    assertMatch(said, /StatefulSet spec\.volumeClaimTemplates/);
    await story.untilReady("function/orders", /^True Ready: 1\/1/);
    assertEquals(JSON.stringify(await story.get(STATEFUL_SET)).includes("runner:2"), true);
  },
);

controllerTest(
  "reconciles are counted as the reference names them, meshes too, until the object is gone",
  { cluster },
  async (story) => {
    const functions = [{ ...userFunction("pay").spec as object, name: "pay" }];
    await story.apply({
      apiVersion: "compute.functionmesh.io/v1alpha1",
      kind: "FunctionMesh",
      metadata: { name: "shop" },
      spec: { functions },
    });
    await story.untilReady("functionmesh/shop");
    const { namespace } = story;
    const passes = (type: string, name: string) =>
      story.controller.metric("function_mesh_reconcile_count", { type, name, namespace });
    assertEquals(await passes("functionmesh", "shop") > 0, true);
    assertEquals(await passes("function", "shop-pay") > 0, true);
    assertMatch(
      await story.controller.exposition(),
      new RegExp(
        `function_mesh_reconcile_latency_bucket\\{le="100",type="functionmesh",name="shop",namespace="${namespace}"\\} \\d`,
      ),
    );
    await story.kubectl("delete", "fmesh/shop");
    await eventually(async () => {
      const text = await story.controller.exposition();
      return !text.split("\n").some((line) =>
        line.startsWith("function_mesh_") && line.includes(`namespace="${namespace}"`)
      );
    });
  },
);

function backend(spec: { readonly autoUpdate: boolean; readonly env: object }): KubeObject {
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "BackendConfig",
    metadata: { name: "backend-config" },
    spec,
  };
}

/** The variable REGION of the Function's pods. */
async function regionOf(story: ControllerStory): Promise<string | undefined> {
  const { spec } = await story.get<
    KubeObject & {
      spec: {
        template: { spec: { containers: { env: { name: string; value?: string }[] }[] } };
      };
    }
  >(STATEFUL_SET);
  return spec.template.spec.containers[0]?.env.find(({ name }) => name === "REGION")?.value;
}
