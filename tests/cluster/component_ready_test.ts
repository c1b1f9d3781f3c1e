import { assertEquals, assertMatch } from "@std/assert";
import { type KubeObject } from "#base";
import { testCluster } from "../support/control_plane.ts";
import { controllerTest, userFunction } from "../support/controller_story.ts";

const cluster = testCluster();

interface FunctionResource extends KubeObject {
  readonly status?: {
    readonly observedGeneration: number;
    readonly replicas: number;
    readonly readyReplicas: number;
    readonly updatedReplicas: number;
    readonly selector: string;
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
    readonly instances: readonly Record<string, unknown>[];
  };
}

controllerTest("a Function becomes Ready, and kubectl wait sees it", { cluster }, async (story) => {
  await story.apply(userFunction("orders", { replicas: 2 }));
  await story.kubectl("wait", "--for=condition=Ready", "fn/orders", "--timeout=15s");
  const { status, metadata } = await story.get<FunctionResource>("function/orders");
  assertEquals(status?.observedGeneration, metadata.generation);
  assertEquals([status?.replicas, status?.readyReplicas, status?.updatedReplicas], [2, 2, 2]);
  assertEquals(
    status?.conditions.map(({ type, status }) => `${type}=${status}`),
    ["Ready=True", "Reconciling=False", "Stalled=False"],
  );
  assertEquals(
    status?.instances.map(({ name, ordinal, state, ready, restarts }) => [
      name,
      ordinal,
      state,
      ready,
      restarts,
    ]),
    [
      ["orders-function-0", 0, "Running", true, 0],
      ["orders-function-1", 1, "Running", true, 0],
    ],
  );
  const selected = await story.list("pods", "-l", status?.selector ?? "none=none");
  assertEquals(selected.map((pod) => pod.metadata.name), [
    "orders-function-0",
    "orders-function-1",
  ]);
});

controllerTest(
  "a fresh Function costs two creations, few status writes and two events (W-47, W-49)",
  { cluster },
  async (story) => {
    const startMs = performance.now();
    await story.apply(userFunction("orders"));
    await story.untilReady("function/orders");
    // What comes after the last pod event would come within the pace of status writes.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const seconds = Math.ceil((performance.now() - startMs) / 1000);
    const writes = async (verb: string, kind: string) =>
      await story.controller.metric("mesh_api_requests_total", { verb, kind });
    assertEquals(await writes("apply", "StatefulSet"), 1);
    assertEquals(await writes("apply", "Service"), 1);
    assertEquals(await writes("apply", "Function"), 0);
    const statusWrites = await writes("patch", "Function");
    // On a slow machine more states last for the second that a status is written after.
    const mostWrites = Math.max(3, seconds);
    assertEquals(
      statusWrites >= 2 && statusWrites <= mostWrites,
      true,
      `${statusWrites} status writes`,
    );
    assertEquals(await story.events("function/orders"), [
      "Normal Created Created Service orders-function-headless, StatefulSet orders-function",
      "Normal Ready 1/1 pods ready",
    ]);
  },
);

controllerTest(
  "kubectl get shows functions, sources, sinks and meshes in columns that read well (W-45)",
  { cluster },
  async (story) => {
    await story.apply(
      userFunction("orders", { replicas: 2 }),
      userFunction("broken", { input: { topics: [] } }),
      connector("Source", "events", { output: { topic: "persistent://public/default/in" } }),
      connector("Sink", "store", { input: { topics: ["persistent://public/default/out"] } }),
      {
        apiVersion: "compute.functionmesh.io/v1alpha1",
        kind: "FunctionMesh",
        metadata: { name: "shop" },
        spec: { functions: [{ name: "pay", ...userFunction("pay").spec as object }] },
      },
    );
    for (const name of ["function/orders", "source/events", "sink/store", "functionmesh/shop"]) {
      await story.untilReady(name);
    }
    await story.untilReady("function/broken", /^False InvalidSpec/);
    const table = await story.kubectl("get", "fn,source,sink,fmesh");
    const rows = table.split("\n").map((line) => line.trim().split(/\s{2,}/));
    const row = (name: string) => rows.find(([first]) => first?.endsWith(`/${name}`))?.slice(1, 5);
    assertEquals(rows[0], ["NAME", "READY", "REPLICAS", "AVAILABLE", "REASON", "AGE"]);
    assertEquals(row("orders"), ["True", "2", "2", "Ready"]);
    assertEquals(row("broken"), ["False", "0", "0", "InvalidSpec"]);
    assertEquals(row("events"), ["True", "1", "1", "Ready"]);
    assertEquals(row("store"), ["True", "1", "1", "Ready"]);
    assertEquals(row("shop")?.slice(0, 3), ["True", "1/1", "Ready"]);
    const mesh = await story.kubectl("get", "mesh");
    assertMatch(mesh, /function\S*\/shop-pay\s+True\s+1\s+1\s+Ready/);
  },
);

function connector(kind: "Source" | "Sink", name: string, spec: object): KubeObject {
  const config = kind === "Source" ? { sourceConfig: { a: "b" } } : { sinkConfig: { a: "b" } };
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind,
    metadata: { name },
    spec: {
      className: "org.example.Connector",
      image: "example/connector:1",
      pulsar: { pulsarConfig: "pulsar" },
      java: { jar: "/pulsar/connector.jar" },
      ...config,
      ...spec,
    },
  };
}
