import { assertEquals } from "@std/assert";
import { type Component, type ScalingTerms, scalingTerms } from "#api";
import { newScalingState, type ScalingDecision, type ScalingState } from "#plan";
import { type Weighed, withinMesh } from "../../../src/reconcile/scaling/within_mesh.ts";
import { functionObject } from "../../support/objects.ts";

const KNOWN: ScalingState = { ...newScalingState(), last: { atMs: 0, topics: [], instances: [] } };

/** A component that reads what its predecessor in the alphabet writes. */
function weighed(name: string, options: Partial<Weighed> & { readonly wanted: number }): Weighed {
  const { wanted, replicas = 0, ...others } = options;
  const topic = (letter: string) => `persistent://public/default/to-${letter}`;
  const component = functionObject(name, {
    minReplicas: 0,
    backlogScaling: {},
    input: { topics: [topic(name)] },
    // Written shortly, which is the same topic.
    output: { topic: `to-${String.fromCharCode(name.charCodeAt(0) + 1)}` },
  }) as Component;
  const terms = scalingTerms(component) as ScalingTerms;
  const decision: ScalingDecision = {
    replicas: wanted,
    load: wanted,
    reason: `so many: ${wanted}`,
    limits: [],
    state: KNOWN,
  };
  return {
    component,
    terms,
    replicas,
    state: KNOWN,
    decision,
    isUnknown: false,
    isOff: false,
    leastReplicas: 0,
    ...others,
  };
}

function wantedOf(all: readonly Weighed[], spec: { readonly maxReplicasTotal?: number } = {}) {
  return withinMesh(all, { spec }).map(({ decision }) => decision.replicas);
}

Deno.test("withinMesh() starts what comes next one hop ahead, and says so", () => {
  const all = ["a", "b", "c"].map((name, index) => weighed(name, { wanted: index === 0 ? 3 : 0 }));
  assertEquals(wantedOf(all), [3, 1, 0]);
  const next = withinMesh(all, { spec: {} })[1]?.decision;
  assertEquals(
    next?.reason,
    "what it reads is about to come, as the component before it starts: 1",
  );
  // Of no mesh nobody knows what belongs together.
  assertEquals(withinMesh(all, undefined).map(({ decision }) => decision.replicas), [3, 0, 0]);
});

Deno.test("withinMesh() starts nobody for who has been there all along, what is off, unknown or only recommended", () => {
  const idle = weighed("b", { wanted: 0 });
  assertEquals(wantedOf([weighed("a", { replicas: 1, wanted: 1 }), idle]), [1, 0]);
  assertEquals(wantedOf([weighed("a", { replicas: 1, wanted: 4 }), idle]), [4, 0]);
  const starts = weighed("a", { wanted: 2 });
  assertEquals(wantedOf([starts, { ...idle, isUnknown: true, isOff: true }]), [2, 0]);
  assertEquals(wantedOf([{ ...starts, isUnknown: true }, idle]), [2, 0]);
  const terms = { ...starts.terms, isRecommendation: true };
  assertEquals(wantedOf([{ ...starts, terms }, idle]), [2, 0]);
});

Deno.test("withinMesh() shares out the budget, and takes nothing from who is not known or would lose messages", () => {
  const all = [
    weighed("a", { replicas: 3, wanted: 3, isUnknown: true, leastReplicas: 3 }),
    weighed("b", { replicas: 1, wanted: 6 }),
    weighed("c", { replicas: 1, wanted: 1, leastReplicas: 1 }),
  ];
  assertEquals(wantedOf(all, { maxReplicasTotal: 6 }), [3, 2, 1]);
  assertEquals(wantedOf(all, { maxReplicasTotal: 4 }), [3, 0, 1]);
  const { limits, reason } = withinMesh(all, { spec: { maxReplicasTotal: 6 } })[1]?.decision ?? {};
  assertEquals(reason, "so many: 6, of which the mesh can give 2");
  assertEquals(limits, ["maxReplicasTotal 6"]);
});
