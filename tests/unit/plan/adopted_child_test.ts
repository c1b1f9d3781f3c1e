import { assertEquals } from "@std/assert";
import { ANNOTATIONS, LABELS } from "#api";
import type { KubeObject } from "#base";
import { adoptedChild, isApplied, planChildren, type Step } from "#plan";
import { functionObject } from "../../support/objects.ts";

const MESH: KubeObject = {
  apiVersion: "compute.functionmesh.io/v1alpha1",
  kind: "FunctionMesh",
  metadata: { name: "shop", namespace: "shop", uid: "uid-shop", generation: 1 },
};
const OWNER = {
  apiVersion: MESH.apiVersion,
  kind: MESH.kind,
  name: "shop",
  uid: "uid-shop",
  controller: true,
};

/** What the mesh asks for now. */
function desired(spec: Record<string, unknown> = {}): KubeObject {
  const labels = { [LABELS.mesh]: "shop", [LABELS.meshItem]: "pay" };
  const { apiVersion, kind, spec: own } = functionObject("shop-pay", spec);
  const metadata = { name: "shop-pay", namespace: "shop", labels, ownerReferences: [OWNER] };
  return { apiVersion, kind, metadata, spec: own };
}

/** What the reference operator made of it: with a default of its webhook. */
function referenceMade(metadata: Record<string, unknown> = {}): KubeObject {
  return functionObject("shop-pay", { timeout: 0 }, { ownerReferences: [OWNER], ...metadata });
}

function stepsFor(live: KubeObject, wish: KubeObject, isOwnerNew = false): readonly Step[] {
  const look = { owner: MESH, desired: [wish], live: [live], settled: new Map(), isOwnerNew };
  return planChildren(look).steps;
}

/** The live child after a partial step. */
function noted(live: KubeObject, step: Step | undefined): KubeObject {
  if (step?.action !== "apply") throw new TypeError("Cannot merge: it is no apply");
  const { labels, annotations } = step.object.metadata;
  return {
    ...live,
    metadata: {
      ...live.metadata,
      labels: { ...live.metadata.labels, ...labels },
      annotations: { ...live.metadata.annotations, ...annotations },
    },
  };
}

Deno.test("planChildren() leaves a mesh's child as the reference made it, with a note, once", () => {
  const [step, ...others] = stepsFor(referenceMade(), desired());
  assertEquals(others, []);
  assertEquals(step?.action === "apply" && [step.isPartial, step.object.spec], [true, undefined]);
  const live = noted(referenceMade(), step);
  assertEquals(isApplied(live), false);
  assertEquals(stepsFor(live, desired()), []);
  // Scaling is no edit.
  const scaled = { ...live, spec: { ...live.spec as object, replicas: 5 } };
  assertEquals(stepsFor(scaled, desired()), []);
});

Deno.test("planChildren() applies such a child as a whole when its item or the child is edited", () => {
  const live = noted(referenceMade(), stepsFor(referenceMade(), desired())[0]);
  const isWhole = (steps: readonly Step[]) =>
    steps.length === 1 && steps[0]?.action === "apply" && steps[0].isPartial === undefined;
  assertEquals(isWhole(stepsFor(live, desired({ maxMessageRetry: 3 }))), true);
  const edited = { ...live, spec: { ...live.spec as object, timeout: 9 } };
  assertEquals(isWhole(stepsFor(edited, desired())), true);
  assertEquals(isWhole(stepsFor(referenceMade(), desired(), true)), true);
});

Deno.test("adoptedChild() leaves nothing that this program has applied, nor what is no component", () => {
  const annotations = { [ANNOTATIONS.appliedHash]: "0123" };
  assertEquals(adoptedChild(desired(), referenceMade({ annotations }), false), undefined);
  assertEquals(isApplied(referenceMade({ annotations })), true);
  // A child of ours whose note somebody took away.
  const labels = { [LABELS.mesh]: "shop" };
  assertEquals(adoptedChild(desired(), referenceMade({ labels }), false), undefined);
  const service = { ...desired(), apiVersion: "v1", kind: "Service" };
  assertEquals(adoptedChild(service, { ...referenceMade(), kind: "Service" }, false), undefined);
});
