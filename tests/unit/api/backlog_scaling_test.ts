import { assertEquals } from "@std/assert";
import { backlogScalingOf, type FunctionMesh, meshItems, problems } from "#api";
import { functionObject } from "../../support/objects.ts";

function found(spec: Record<string, unknown>): string[] {
  return problems(functionObject("orders", spec)).map(({ path, message }) => `${path} ${message}`);
}

function mesh(spec: Record<string, unknown>): FunctionMesh {
  const { spec: item } = functionObject("parse", { name: "parse" });
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "FunctionMesh",
    metadata: { name: "shop", namespace: "a" },
    spec: { functions: [item], ...spec },
  } as FunctionMesh;
}

Deno.test("problems() takes backlogScaling with and without terms, and zero only together with it", () => {
  assertEquals(found({ backlogScaling: {} }), []);
  const terms = { catchUp: "90s", idleAfter: "1h", mode: "recommend", maxBacklogPerReplica: 100 };
  assertEquals(found({ minReplicas: 0, maxReplicas: 20, backlogScaling: terms }), []);
  assertEquals(found({ replicas: 0, minReplicas: 0, maxReplicas: 9, backlogScaling: {} }), []);
  // Scaled beyond what it began with, and below what it has at least: the scaling brings it back.
  assertEquals(found({ replicas: 7, minReplicas: 2, maxReplicas: 9, backlogScaling: {} }), []);
  assertEquals(found({ minReplicas: 0, maxReplicas: 20 }), [
    "spec.minReplicas is 0; give 1 or more, or leave it out",
  ]);
});

Deno.test("problems() refuses backlogScaling beside whatever else scales, and times that mean nothing", () => {
  const others = {
    builtinAutoscaler: ["AverageUtilizationCPUPercent80"],
    autoScalingMetrics: [],
    autoScalingBehavior: {},
    vpa: {},
  };
  for (const [name, value] of Object.entries(others)) {
    assertEquals(found({ backlogScaling: {}, pod: { [name]: value } }), [
      `spec.backlogScaling scales the component, and so does pod.${name}; keep one of them`,
    ]);
  }
  for (const member of ["catchUp", "idleAfter"]) {
    assertEquals(found({ backlogScaling: { [member]: "soon" } }), [
      `spec.backlogScaling.${member} "soon" is no duration; write e.g. 30s, 5m or 1h`,
    ]);
    assertEquals(found({ backlogScaling: { [member]: "5ms" } }), [
      `spec.backlogScaling.${member} "5ms" is out of range; ` +
      "give a second or more, and at most ten years",
    ]);
  }
});

Deno.test("meshItems() gives what stands once for all to functions and sinks without their own", () => {
  const { spec: item } = functionObject("parse", { name: "parse" });
  const all = mesh({
    backlogScaling: { catchUp: "1m" },
    functions: [item, { ...(item as object), name: "own", backlogScaling: { catchUp: "5m" } }],
    sources: [{ name: "in" }],
    sinks: [{ name: "out" }],
  });
  assertEquals(
    meshItems(all).map(({ component }) => backlogScalingOf(component)?.catchUp),
    ["1m", "5m", undefined, "1m"],
  );
});

Deno.test("problems() wants a budget that is enough, and that somebody shares", () => {
  const messages = (spec: Record<string, unknown>) =>
    problems(mesh(spec)).map((one) => one.message);
  assertEquals(messages({ backlogScaling: {}, maxReplicasTotal: 5 }), []);
  assertEquals(messages({ maxReplicasTotal: 5 }), [
    "has no effect without backlogScaling; add that, or remove it",
  ]);
  const { spec: item } = functionObject("parse", { name: "parse", replicas: 4, minReplicas: 4 });
  assertEquals(messages({ backlogScaling: {}, maxReplicasTotal: 3, functions: [item] }), [
    "3 is less than all minReplicas (4); raise it",
  ]);
});
