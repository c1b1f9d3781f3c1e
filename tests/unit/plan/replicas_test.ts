import { assertEquals } from "@std/assert";
import { ANNOTATIONS } from "#api";
import type { KubeObject } from "#base";
import {
  filledReplicas,
  isTargetOf,
  mayBeScaled,
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

function deployment(spec: object, metadata: object = {}): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "shop", ...metadata },
    spec,
  };
}

function replicasOf(object: KubeObject): unknown {
  return (object.spec as { readonly replicas?: number }).replicas;
}

Deno.test("withDeclaredReplicas() notes what is declared, of every kind that has a number of replicas", () => {
  assertEquals(wanted({ replicas: undefined }).metadata.annotations, undefined);
  assertEquals(wanted({ replicas: 2 }).metadata.annotations, {
    [ANNOTATIONS.declaredReplicas]: "2",
  });
  assertEquals(withDeclaredReplicas(deployment({ replicas: 2 })).metadata.annotations, {
    [ANNOTATIONS.declaredReplicas]: "2",
  });
  assertEquals(
    withDeclaredReplicas(deployment({ maxReplicas: 2 })).metadata.annotations,
    undefined,
  );
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

Deno.test("withScaledReplicas() keeps what somebody chose by the scale subresource, of every kind", () => {
  for (const kind of ["Deployment", "StatefulSet", "ReplicaSet", "Function", "Rollout"]) {
    const object = { ...deployment({ replicas: 1 }), kind };
    const annotations = { [ANNOTATIONS.declaredReplicas]: "1" };
    const now = { ...deployment({ replicas: 3 }, { annotations }), kind };
    const noted = withDeclaredReplicas(object);
    assertEquals(mayBeScaled(noted, now), true);
    assertEquals(replicasOf(withScaledReplicas(noted, now, { isScaled: true })), 3);
    assertEquals(replicasOf(withScaledReplicas(noted, now, { isScaled: false })), 1);
    // A number that its author changed is meant.
    const edited = withDeclaredReplicas({ ...object, spec: { replicas: 5 } });
    assertEquals(mayBeScaled(edited, now), false);
    assertEquals(replicasOf(withScaledReplicas(edited, now, { isScaled: true })), 5);
    const off = withDeclaredReplicas({ ...object, spec: { replicas: 0 } });
    assertEquals(replicasOf(withScaledReplicas(off, now, { isScaled: true })), 0);
  }
});

Deno.test("mayBeScaled() asks only where a number differs", () => {
  const noted = withDeclaredReplicas(deployment({ replicas: 1 }));
  assertEquals(mayBeScaled(noted, deployment({ replicas: 1 })), false);
  assertEquals(mayBeScaled(noted, deployment({})), false);
  assertEquals(mayBeScaled(deployment({}), deployment({ replicas: 3 })), false);
  // Applied by a version that noted nothing.
  assertEquals(mayBeScaled(noted, deployment({ replicas: 3 })), true);
});

Deno.test("isTargetOf() compares kind, group, name and namespace, not the version", () => {
  const autoscaler = (scaleTargetRef: object, namespace = "shop"): KubeObject => ({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "a", namespace },
    spec: { scaleTargetRef },
  });
  const web = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
  assertEquals(isTargetOf(autoscaler(web), deployment({})), true);
  assertEquals(
    isTargetOf(autoscaler({ ...web, apiVersion: "apps/v1beta2" }), deployment({})),
    true,
  );
  assertEquals(isTargetOf(autoscaler({ ...web, apiVersion: "x/v1" }), deployment({})), false);
  assertEquals(isTargetOf(autoscaler({ ...web, name: "api" }), deployment({})), false);
  assertEquals(isTargetOf(autoscaler({ ...web, kind: "Function" }), deployment({})), false);
  assertEquals(isTargetOf(autoscaler(web, "other"), deployment({})), false);
  assertEquals(isTargetOf({ ...autoscaler(web), spec: null }, deployment({})), false);
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
    uid: "uid-pay",
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
