import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import { controllerTest, userFunction } from "../support/controller_story.ts";

const cluster = testCluster();

controllerTest(
  "a child that another mesh owns is not touched, and that is reported (W-24)",
  { cluster },
  async (story) => {
    // Both would make shop-eu-pay.
    await story.apply(mesh("shop-eu", [item("pay")]));
    await story.untilReady("functionmesh/shop-eu");
    const child = await story.get("function/shop-eu-pay");
    await story.apply(mesh("shop", [item("eu-pay", { image: "example/runner:2" }), item("ship")]));
    const said = await story.untilReady("functionmesh/shop", /^False NotOwned: 1\/2/);
    assertMatch(said, /Function \S+\/shop-eu-pay is controlled by FunctionMesh shop-eu/);
    assertEquals((await story.get("function/shop-eu-pay")).spec, child.spec);
    // Neither an edit nor the end of the one touches what the other has.
    await story.apply(mesh("shop", [item("ship")]));
    await story.untilReady("functionmesh/shop", /^True Ready: 1\/1/);
    await story.kubectl("delete", "fmesh/shop");
    await eventually(async () => await story.find("function/shop-ship") === undefined);
    const after = await story.get("function/shop-eu-pay");
    assertEquals([after.metadata.uid, after.spec], [child.metadata.uid, child.spec]);
  },
);

controllerTest(
  "a StatefulSet, a Service and a Function of somebody else stay as they are (W-24)",
  { cluster },
  async (story) => {
    await story.apply(...strangers(), userFunction("shop-ship"));
    await story.untilReady("function/shop-ship");
    const names = [
      "statefulset/orders-function",
      "service/pay-function-headless",
      "function/shop-ship",
    ];
    const before = await Promise.all(names.map((name) => story.get(name)));
    await story.apply(
      userFunction("orders"),
      userFunction("pay"),
      mesh("shop", [item("ship", { image: "example/runner:2" })]),
    );
    const orders = await story.untilReady("function/orders", /^False NotOwned/);
    assertMatch(
      orders,
      /StatefulSet \S+\/orders-function is in the way: it is controlled by nobody/,
    );
    const pay = await story.untilReady("function/pay", /^False NotOwned/);
    assertMatch(pay, /Service \S+\/pay-function-headless is in the way/);
    const shop = await story.untilReady("functionmesh/shop", /^False NotOwned/);
    assertMatch(shop, /Function \S+\/shop-ship is controlled by nobody/);
    await eventually(async () =>
      (await story.events("function/orders")).some((line) => line.startsWith("Warning NotOwned"))
    );
    const after = await Promise.all(names.map((name) => story.get(name)));
    const meaning = ({ metadata, spec }: KubeObject) => ({
      uid: metadata.uid,
      labels: metadata.labels,
      annotations: metadata.annotations,
      owners: metadata.ownerReferences,
      spec,
    });
    assertEquals(after.map(meaning), before.map(meaning));
    // What is not in the way is there all the same, and the rest follows when the way is free.
    await story.get("service/orders-function-headless");
    await story.kubectl("delete", "statefulset/orders-function");
    await story.kubectl("annotate", "fn/orders", "reconcile.functionmesh.io/requestedAt=now");
    await story.untilReady("function/orders");
  },
);

controllerTest(
  "an object of ours that lost its owner is taken back by its labels",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders"));
    await story.untilReady("function/orders");
    await story.patch("statefulset/orders-function", { metadata: { ownerReferences: null } });
    await eventually(async () => {
      const { metadata } = await story.get("statefulset/orders-function");
      return metadata.ownerReferences?.[0]?.name === "orders";
    });
    await story.untilReady("function/orders");
  },
);

/** Objects of somebody else, with names that are about to be ours. */
function strangers(): KubeObject[] {
  const labels = { app: "other" };
  const containers = [{ name: "other", image: "other:1" }];
  return [
    {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "orders-function" },
      spec: {
        replicas: 0,
        serviceName: "other",
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "pay-function-headless" },
      spec: { ports: [{ port: 80 }], selector: labels },
    },
  ];
}

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
