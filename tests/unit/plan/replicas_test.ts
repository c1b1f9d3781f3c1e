import { assertEquals } from "@std/assert";
import { ANNOTATIONS } from "#api";
import type { KubeObject } from "#base";
import {
  filledReplicas,
  withDeclaredReplicas,
  withinBounds,
  withoutFilledReplicas,
  withScaledReplicas,
} from "#plan";
import { functionObject } from "../../support/objects.ts";

/** What a mesh wants of a child, as it is applied. */
function wanted(spec: Record<string, unknown>): KubeObject {
  return withDeclaredReplicas(functionObject("pay", spec));
}

function live(declared: string | undefined, replicas: number): KubeObject {
  const annotations = declared === undefined ? {} : { [ANNOTATIONS.declaredReplicas]: declared };
  return functionObject("pay", { replicas }, { annotations, resourceVersion: "7" });
}

function replicasOf(object: KubeObject): unknown {
  return (object.spec as { readonly replicas?: number }).replicas;
}

Deno.test("withDeclaredReplicas() notes what a mesh declares, only where an autoscaler may change it", () => {
  assertEquals(wanted({ replicas: 2 }).metadata.annotations, undefined);
  assertEquals(wanted({ replicas: 2, maxReplicas: 5 }).metadata.annotations, {
    [ANNOTATIONS.declaredReplicas]: "2",
  });
  assertEquals(wanted({ replicas: undefined, maxReplicas: 5 }).metadata.annotations, {
    [ANNOTATIONS.declaredReplicas]: "",
  });
});

Deno.test("withScaledReplicas() keeps what an autoscaler chose until the declared number changes (W-17)", () => {
  const spec = { replicas: 1, maxReplicas: 5 };
  const kept = withScaledReplicas(wanted(spec), live("1", 4));
  assertEquals([replicasOf(kept), kept.metadata.resourceVersion], [4, "7"]);
  assertEquals(replicasOf(withScaledReplicas(wanted(spec), live("2", 4))), 1);
  // Left by the reference operator, which noted nothing.
  assertEquals(replicasOf(withScaledReplicas(wanted(spec), live(undefined, 4))), 4);
  assertEquals(replicasOf(withScaledReplicas(wanted({ replicas: 1 }), live("1", 4))), 1);
});

Deno.test("withScaledReplicas() brings a number inside of bounds that moved", () => {
  const lower = wanted({ replicas: 1, maxReplicas: 3 });
  assertEquals(replicasOf(withScaledReplicas(lower, live("1", 5))), 3);
  const higher = wanted({ replicas: 1, minReplicas: 2, maxReplicas: 3 });
  assertEquals(replicasOf(withScaledReplicas(higher, live("1", 1))), 2);
});

Deno.test("withinBounds() leaves zero and contradictions alone", () => {
  const bounds = (minReplicas: number, maxReplicas: number) =>
    functionObject("pay", { minReplicas, maxReplicas });
  assertEquals(withinBounds(0, bounds(2, 3)), 0);
  assertEquals(withinBounds(9, bounds(4, 3)), 9);
  assertEquals(withinBounds(9, functionObject("pay")), 9);
});

Deno.test("filledReplicas() writes the default once, and follows it while nobody scaled", () => {
  const bare = functionObject("pay", { replicas: undefined }, { resourceVersion: "7" });
  const filled = filledReplicas(bare, 1);
  assertEquals(filled?.spec, { replicas: 1 });
  assertEquals(filled?.metadata, {
    name: "pay",
    namespace: "shop",
    resourceVersion: "7",
    annotations: { [ANNOTATIONS.filledReplicas]: "1" },
  });
  const annotations = { [ANNOTATIONS.filledReplicas]: "1" };
  const after = functionObject("pay", { replicas: 1 }, { annotations });
  assertEquals(filledReplicas(after, 1), undefined);
  assertEquals(filledReplicas(after, 2)?.spec, { replicas: 2 });
  const scaled = functionObject("pay", { replicas: 3 }, { annotations });
  assertEquals(filledReplicas(scaled, 2), undefined);
  assertEquals(filledReplicas(functionObject("pay", { replicas: 3 }), 1), undefined);
});

Deno.test("withoutFilledReplicas() gives back what the author wrote", () => {
  const annotations = { [ANNOTATIONS.filledReplicas]: "1" };
  const filled = functionObject("pay", { replicas: 1 }, { annotations });
  assertEquals(Object.hasOwn(withoutFilledReplicas(filled).spec as object, "replicas"), false);
  const scaled = functionObject("pay", { replicas: 3 }, { annotations });
  assertEquals(withoutFilledReplicas(scaled), scaled);
});
