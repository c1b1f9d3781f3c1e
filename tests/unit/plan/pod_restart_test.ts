import { assertEquals } from "@std/assert";
import type { KubeObject } from "#base";
import { DEFAULT_SETTINGS } from "#desired";
import { podRestarts } from "#plan";

const OPTIONS = { before: { settings: DEFAULT_SETTINGS, facts: {} } };

function deployment(image: string, replicas?: number): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: "shop", name: "web" },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      template: { spec: { containers: [{ name: "web", image }] } },
    },
  };
}

Deno.test("podRestarts() counts the pods whose template changes", () => {
  const change = { before: deployment("a", 3), after: deployment("b", 2) };
  assertEquals(podRestarts(change, OPTIONS), [{ workload: "Deployment shop/web", pods: 2 }]);
  const unknown = { before: deployment("a"), after: deployment("b") };
  assertEquals(podRestarts(unknown, OPTIONS), [{ workload: "Deployment shop/web" }]);
});

Deno.test("podRestarts() names nothing for a scale, a new object, a deleted one, and no pods", () => {
  for (
    const [before, after] of [
      [deployment("a", 1), deployment("a", 5)],
      [undefined, deployment("a", 1)],
      [deployment("a", 1), undefined],
      [deployment("a", 0), deployment("b", 0)],
    ]
  ) assertEquals(podRestarts({ before, after }, OPTIONS), []);
});
