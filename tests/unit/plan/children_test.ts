import { assertEquals } from "@std/assert";
import { ANNOTATIONS } from "#api";
import { type KubeObject, ownerReference } from "#base";
import { isApplied, isWhollyApplied, planChildren, settledMark, type Step } from "#plan";
import { functionObject } from "../../support/objects.ts";

const owner = functionObject("orders");
const labels = { "compute.functionmesh.io/name": "orders" };

function service(port: number, extra: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "orders-headless",
      namespace: "shop",
      labels,
      ownerReferences: [ownerReference(owner)],
      ...extra,
    },
    spec: { ports: [{ name: "http", port }] },
  };
}

/** What an API server holds after the first step of a plan. */
function applied(object: KubeObject, metadata: Record<string, unknown> = {}): KubeObject {
  const [step] = planChildren({ owner, desired: [object], live: [], settled: new Map() }).steps;
  if (step?.action !== "apply") throw new Error("nothing to apply");
  return {
    ...step.object,
    metadata: { ...step.object.metadata, uid: "uid-service", resourceVersion: "5", ...metadata },
  };
}

function plan(desired: readonly KubeObject[], live: readonly KubeObject[]) {
  return planChildren({ owner, desired, live, settled: new Map() });
}

function kinds(steps: readonly Step[]): string[] {
  return steps.map((step) => step.action === "apply" ? step.why : step.action);
}

Deno.test("planChildren() makes what is absent and leaves what is equal alone", () => {
  assertEquals(kinds(plan([service(1)], []).steps), ["absent"]);
  assertEquals(plan([service(1)], [applied(service(1))]).steps, []);
});

Deno.test("planChildren() tells a changed wish from drift", () => {
  assertEquals(kinds(plan([service(2)], [applied(service(1))]).steps), ["changed"]);
  const drifted = { ...applied(service(1)), spec: { ports: [{ name: "http", port: 9 }] } };
  const [step] = plan([service(1)], [drifted]).steps;
  assertEquals(step?.action === "apply" ? [step.why, step.paths] : [], ["drifted", [
    "spec.ports[1]",
  ]]);
});

Deno.test("planChildren() notices a member that is no longer desired by the hash of what was applied", () => {
  const before = {
    ...service(1),
    spec: { ports: [{ name: "http", port: 1 }], sessionAffinity: "ClientIP" },
  };
  assertEquals(kinds(plan([service(1)], [applied(before)]).steps), ["changed"]);
});

Deno.test("planChildren() never touches what somebody else controls (W-24)", () => {
  const other = { ...ownerReference(owner), uid: "uid-other", name: "other" };
  const result = plan([service(2)], [applied(service(1), { ownerReferences: [other] })]);
  assertEquals(result.steps, []);
  assertEquals(result.foreign.map((child) => child.holder), ["Function other (uid uid-other)"]);
});

Deno.test("planChildren() takes an object without a controller back only if it carries our labels", () => {
  assertEquals(kinds(plan([service(2)], [applied(service(1), { ownerReferences: [] })]).steps), [
    "changed",
  ]);
  assertEquals(
    plan([service(2)], [applied(service(1), { ownerReferences: [], labels: {} })]).foreign.length,
    1,
  );
});

Deno.test("planChildren() removes only its own children, by uid, and waits for those being deleted", () => {
  const result = plan([], [applied(service(1))]);
  assertEquals(result.steps, [{
    action: "remove",
    id: { apiVersion: "v1", kind: "Service", namespace: "shop", name: "orders-headless" },
    uid: "uid-service",
  }]);
  assertEquals(
    plan([service(2)], [applied(service(1), { deletionTimestamp: "2026-01-01T00:00:00Z" })]).steps,
    [],
  );
});

Deno.test("planChildren() does not ask again for what an apply was found not to change", () => {
  const live = { ...applied(service(1)), spec: { ports: [{ name: "http", port: "one" }] } };
  const [step] = plan([service(1)], [live]).steps;
  if (step?.action !== "apply") throw new Error("nothing to apply");
  const settled = new Map([["uid-service", settledMark(step.object, live)]]);
  assertEquals(planChildren({ owner, desired: [service(1)], live: [live], settled }).steps, []);
  assertEquals(
    planChildren({ owner, desired: [service(2)], live: [live], settled }).steps.length,
    1,
  );
});

Deno.test("planChildren() keeps fields of a StatefulSet that cannot change, and says so (W-58)", () => {
  const set = (size: string): KubeObject => ({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: {
      name: "orders-function",
      namespace: "shop",
      labels,
      ownerReferences: [ownerReference(owner)],
    },
    spec: {
      replicas: 1,
      volumeClaimTemplates: [{
        metadata: { name: "data" },
        spec: { resources: { requests: { storage: size } } },
      }],
    },
  });
  const result = plan([set("2Gi")], [applied(set("1Gi"))]);
  assertEquals(result.immutable, ["StatefulSet spec.volumeClaimTemplates"]);
  const [step] = result.steps;
  const spec = step?.action === "apply"
    ? step.object.spec as { volumeClaimTemplates: unknown }
    : undefined;
  assertEquals(JSON.stringify(spec?.volumeClaimTemplates).includes("1Gi"), true);
});

Deno.test("planChildren() leaves the replicas of an autoscaled child to the autoscaler until the mesh changes them (U3, W-17)", () => {
  const child = (spec: Record<string, unknown>): KubeObject => {
    const { uid: _uid, generation: _generation, ...metadata } = functionObject("m-orders").metadata;
    return {
      ...functionObject("m-orders", spec),
      metadata: { ...metadata, ownerReferences: [ownerReference(owner)] },
    };
  };
  const base = { replicas: 1, maxReplicas: 5 };
  const scaled = applied(child(base));
  const live = { ...scaled, spec: { ...scaled.spec as object, replicas: 4 } };
  assertEquals(plan([child(base)], [live]).steps, []);
  const [edited] = plan([child({ ...base, className: "org.example.Other" })], [live]).steps;
  if (edited?.action !== "apply") throw new Error("nothing to apply");
  assertEquals((edited.object.spec as { replicas: number }).replicas, 4);
  assertEquals(edited.object.metadata.resourceVersion, "5");
  const [declared] = plan([child({ ...base, replicas: 2 })], [live]).steps;
  assertEquals(
    declared?.action === "apply" ? (declared.object.spec as { replicas: number }).replicas : 0,
    2,
  );
});

Deno.test("planChildren() notes what is only merged, so that the next apply takes it over", () => {
  const rollout = (by: string) => ({
    by,
    resource: "r",
    settings: "s",
    backend: "b",
    backendRollsOut: false,
    isResourceNew: false,
    isPaused: false,
    upgradeRollsOut: false,
  });
  const statefulSet = (image: string, extra: Record<string, string> = {}) => ({
    ...service(1, { labels: { ...labels, ...extra } }),
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    spec: { replicas: 1, template: { image } },
  });
  const look = (object: KubeObject, live: readonly KubeObject[], by: string) =>
    planChildren({ owner, desired: [object], live, settled: new Map(), rollout: rollout(by) });
  const [made] = look(statefulSet("a"), [], "1").steps;
  const whole = made?.action === "apply" ? made.object : owner;
  const live = { ...whole, metadata: { ...whole.metadata, uid: "uid-set" } };
  assertEquals(isWhollyApplied(live), true);
  // Another version renders other pods: they wait, while a new label does not.
  const { held, steps: [step] } = look(statefulSet("b", { team: "data" }), [live], "2");
  const part = step?.action === "apply" ? step.object : owner;
  assertEquals([held?.reason, step?.action === "apply" && step.isPartial], [
    "ProgramChanged",
    true,
  ]);
  const merged = {
    ...live,
    metadata: {
      ...live.metadata,
      labels: part.metadata.labels ?? {},
      annotations: { ...live.metadata.annotations, ...part.metadata.annotations },
    },
  };
  assertEquals([isApplied(merged), isWhollyApplied(merged)], [true, false]);
  assertEquals(look(statefulSet("b", { team: "data" }), [merged], "2").steps, []);
});

Deno.test("planChildren() leaves the replicas of a StatefulSet to an autoscaler that targets it, zero aside", () => {
  const statefulSet = (replicas: number) => ({
    ...service(1),
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    spec: { replicas, template: {} },
  });
  const live = { ...applied(statefulSet(1)), spec: { replicas: 3, template: {} } };
  const steps = (replicas: number, scaled: readonly string[]) =>
    planChildren({
      owner,
      desired: [statefulSet(replicas)],
      live: [live],
      settled: new Map(),
      scaled: new Set(scaled),
    }).steps.flatMap((step) =>
      step.action === "apply" ? [(step.object.spec as { replicas: number }).replicas] : []
    );
  assertEquals(steps(1, ["uid-service"]), []);
  assertEquals(steps(1, []), [1]);
  assertEquals(steps(2, ["uid-service"]), [3]);
  assertEquals(steps(0, ["uid-service"]), [0]);
});

Deno.test("planChildren() gives the same bytes for the same look", () => {
  const once = JSON.stringify(plan([service(1)], []));
  assertEquals(JSON.stringify(plan([service(1)], [])), once);
  assertEquals(once.includes(ANNOTATIONS.appliedHash), true);
});

Deno.test("planChildren() keeps a live selector, and puts its labels on the pods (W-58)", () => {
  const set = (labels: Record<string, string>, extra: Record<string, string> = {}): KubeObject => ({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: {
      name: "orders-function",
      namespace: "shop",
      labels,
      ownerReferences: [ownerReference(owner)],
    },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels: { ...labels, ...extra } }, spec: {} },
    },
  });
  const old = { "compute.functionmesh.io/name": "orders", app: "old" };
  const look = plan([set(labels, { app: "new" })], [applied(set(old))]);
  assertEquals(look.immutable, ["StatefulSet spec.selector"]);
  const [step] = look.steps;
  assertEquals(step?.action === "apply" ? step.object.spec : undefined, {
    selector: { matchLabels: old },
    template: { metadata: { labels: { ...labels, app: "old" } }, spec: {} },
  });
});
