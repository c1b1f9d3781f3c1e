import { assertEquals } from "@std/assert";
import type { FunctionSpec } from "#api";
import { DEFAULT_SETTINGS, desiredChildren } from "#desired";
import { aFunction, at, ofKind } from "./fixtures.ts";

function autoscalerOf(spec: FunctionSpec): unknown {
  const objects = desiredChildren(aFunction({ maxReplicas: 5, ...spec }), {}, DEFAULT_SETTINGS);
  return at(ofKind(objects, "HorizontalPodAutoscaler"), "spec");
}

function utilizations(spec: FunctionSpec): unknown[] {
  const metrics = at(autoscalerOf(spec), "metrics") as unknown[] | undefined ?? [];
  return metrics.map((metric) => [
    at(metric, "resource", "name"),
    at(metric, "resource", "target", "averageUtilization"),
  ]);
}

Deno.test("autoscaler() scales the component, not its StatefulSet", () => {
  assertEquals(at(autoscalerOf({}), "scaleTargetRef"), {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "Function",
    name: "orders",
  });
});

Deno.test("autoscaler() takes 80 % of the CPU without rules", () => {
  assertEquals(utilizations({}), [["cpu", 80]]);
});

Deno.test("autoscaler() measures its rules against the limits", () => {
  const resources = { requests: { cpu: "300m", memory: "1Gi" }, limits: { cpu: 1, memory: "3Gi" } };
  const builtinAutoscaler = ["AverageUtilizationCPUPercent80", "AverageUtilizationMemoryPercent50"];
  assertEquals(utilizations({ resources, pod: { builtinAutoscaler } }), [["cpu", 266], [
    "memory",
    150,
  ]]);
});

Deno.test("autoscaler() takes the first rule of each resource, and none that it does not know", () => {
  const builtinAutoscaler = [
    "Unknown",
    "AverageUtilizationCPUPercent20",
    "AverageUtilizationCPUPercent50",
  ];
  assertEquals(utilizations({ pod: { builtinAutoscaler } }), [["cpu", 20]]);
  assertEquals(utilizations({ pod: { builtinAutoscaler: ["Unknown"] } }), []);
});

Deno.test("autoscaler() hands on metrics and behaviour, with quantities as an API server prints them", () => {
  const spec = autoscalerOf({
    pod: {
      autoScalingMetrics: [{
        type: "Pods",
        pods: { metric: { name: "lag" }, target: { type: "AverageValue", averageValue: "1000" } },
      }, {
        type: "External",
        external: { metric: { name: "lag" }, target: { type: "Value", value: 0.5 } },
      }],
      autoScalingBehavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
    },
  });
  assertEquals(at(spec, "metrics", 0, "pods", "target", "averageValue"), "1k");
  assertEquals(at(spec, "metrics", 1, "external", "target", "value"), "500m");
  assertEquals(at(spec, "behavior"), { scaleDown: { stabilizationWindowSeconds: 60 } });
  const behaviour = autoscalerOf({ pod: { autoScalingBehavior: { scaleUp: {} } } });
  assertEquals(at(behaviour, "metrics"), undefined);
});
