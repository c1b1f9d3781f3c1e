import { assertEquals } from "@std/assert";
import { conditionOf, type KubeObject } from "#base";
import {
  type ComponentFacts,
  componentStatus,
  conditionsOf,
  passedOn,
  unknownState,
  type WarningEvent,
} from "#plan";
import { functionObject, podObject, statefulSetObject } from "../../support/objects.ts";

const component = functionObject("orders");

function status(facts: Partial<ComponentFacts>) {
  return componentStatus({
    component,
    problems: [],
    foreign: [],
    failures: [],
    immutable: [],
    pending: [],
    selector: "a=b",
    statefulSet: statefulSetObject({ name: "orders-function" }),
    pods: [],
    warnings: [],
    backendRevisions: {},
    now: "2026-01-01T00:00:00Z",
    ...facts,
  });
}

function stateOf(facts: Partial<ComponentFacts>) {
  const { conditions } = status(facts);
  const ready = conditionOf(conditions, "Ready");
  return {
    ready: ready?.status,
    reconciling: conditionOf(conditions, "Reconciling")?.status,
    stalled: conditionOf(conditions, "Stalled")?.status,
    reason: ready?.reason,
    message: ready?.message,
  };
}

Deno.test("componentStatus() is Ready only when pods of the current revision are ready (U1)", () => {
  assertEquals(stateOf({ pods: [podObject("orders-function-0", { ready: true })] }), {
    ready: "True",
    reconciling: "False",
    stalled: "False",
    reason: "Ready",
    message: "1/1 pods ready",
  });
  const old = stateOf({ pods: [podObject("orders-function-0", { ready: true, revision: "r0" })] });
  assertEquals([old.ready, old.reason], ["False", "RollingOut"]);
});

Deno.test("componentStatus() does not believe a StatefulSet status of an older generation", () => {
  const statefulSet = statefulSetObject({
    name: "orders-function",
    generation: 2,
    observedGeneration: 1,
  });
  assertEquals(
    stateOf({ statefulSet, pods: [podObject("orders-function-0", { ready: true })] }).ready,
    "False",
  );
});

Deno.test("componentStatus() believes in ready pods only when the StatefulSet controller counts them too", () => {
  // A cache of pods that is behind still shows them as they were.
  const statefulSet = statefulSetObject({ name: "orders-function", replicas: 2, readyReplicas: 1 });
  const pods = [0, 1].map((index) => podObject(`orders-function-${index}`, { ready: true }));
  const { ready, reconciling, message } = stateOf({ statefulSet, pods });
  assertEquals([ready, reconciling], ["False", "True"]);
  assertEquals(message, "2/2 pods ready: the StatefulSet controller has not counted them");
});

Deno.test("conditionsOf() says Unknown of what cannot be told", () => {
  const drafts = conditionsOf(unknownState("CacheBehind", "Cannot tell"), 3);
  assertEquals(drafts.map(({ type, status }) => `${type} ${status}`), [
    "Ready Unknown",
    "Reconciling True",
    "Stalled False",
  ]);
});

Deno.test("componentStatus() has not observed a generation that a StatefulSet of the reference is still to get", () => {
  const reason = passedOn("Invalid");
  const failure = { object: "StatefulSet shop/orders-function", reason, message: "no" };
  const before = { ...component, status: { observedGeneration: 0 } };
  const observed = (isFinal: boolean, annotations: Record<string, string>) => {
    const made = statefulSetObject({ name: "orders-function" });
    const statefulSet = { ...made, metadata: { ...made.metadata, annotations } };
    const failures = [{ ...failure, isFinal }];
    return status({ component: before, statefulSet, failures }).observedGeneration;
  };
  const applied = { "compute.functionmesh.io/applied-hash": "1" };
  assertEquals([observed(false, applied), observed(true, applied), observed(true, {})], [0, 1, 0]);
});

Deno.test("componentStatus() names pod, container and the missing Secret key", () => {
  const pod = podObject("orders-function-0", {
    status: {
      containerStatuses: [{
        name: "pulsar-function",
        state: {
          waiting: {
            reason: "CreateContainerConfigError",
            message: "couldn't find key token in Secret shop/broker",
          },
        },
      }],
    },
  });
  assertEquals(
    stateOf({ pods: [pod] }).message,
    "0/1 pods ready: Pod orders-function-0, container pulsar-function cannot start: couldn't find key token in Secret shop/broker",
  );
});

Deno.test("componentStatus() names the image that cannot be pulled", () => {
  const pod = podObject("orders-function-0", {
    status: {
      containerStatuses: [{
        name: "pulsar-function",
        image: "no/such:1",
        state: { waiting: { reason: "ImagePullBackOff", message: "not found" } },
      }],
    },
  });
  const found = stateOf({ pods: [pod] });
  assertEquals([found.reason, found.message], [
    "ImagePullBackOff",
    "0/1 pods ready: Pod orders-function-0, container pulsar-function cannot get its image no/such:1: not found",
  ]);
});

Deno.test("componentStatus() calls a crash loop after an OOM kill by its cause", () => {
  const pod = podObject("orders-function-0", {
    status: {
      containerStatuses: [{
        name: "pulsar-function",
        restartCount: 3,
        state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } },
        lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } },
      }],
    },
  });
  assertEquals(stateOf({ pods: [pod] }).reason, "OOMKilled");
});

Deno.test("componentStatus() says which quota keeps pods from being created", () => {
  const statefulSet = statefulSetObject({ name: "orders-function", replicas: 2 });
  const warning = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "e", namespace: "shop" },
    reason: "FailedCreate",
    message:
      "create Pod orders-function-1 failed: pods is forbidden: exceeded quota: small, requested: pods=1",
    involvedObject: { kind: "StatefulSet", name: "orders-function", uid: statefulSet.metadata.uid },
  } as unknown as WarningEvent;
  const found = stateOf({
    statefulSet,
    pods: [podObject("orders-function-0", { ready: true })],
    warnings: [warning],
  });
  assertEquals([found.ready, found.reason], ["False", "QuotaExceeded"]);
});

Deno.test("componentStatus() is stalled by an invalid spec and by somebody else's object", () => {
  const invalid = stateOf({
    problems: [{ path: "spec.java.jar", message: "is empty; name the jar" }],
  });
  assertEquals([invalid.stalled, invalid.reconciling, invalid.message], [
    "True",
    "False",
    "spec.java.jar: is empty; name the jar",
  ]);
  const id = {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    namespace: "shop",
    name: "orders-function",
  };
  assertEquals(stateOf({ foreign: [{ id, holder: "Deployment x" }] }).reason, "NotOwned");
});

Deno.test("componentStatus() keeps transition times and bytes while nothing changes", () => {
  const pods = [podObject("orders-function-0", { ready: true })];
  const first = status({ pods });
  const again = status({
    pods,
    component: { ...component, status: first } as KubeObject,
    now: "2026-02-02T00:00:00Z",
  });
  assertEquals(JSON.stringify(again), JSON.stringify(first));
});

Deno.test("componentStatus() replaces conditions that the reference operator wrote as a map", () => {
  const before = {
    ...component,
    status: { conditions: { StatefulSet: { status: "True" } } },
  } as KubeObject;
  assertEquals(status({ component: before }).conditions.map((item) => item.type), [
    "Ready",
    "Reconciling",
    "Stalled",
  ]);
});

Deno.test("componentStatus() is ready at zero replicas and still at work while pods leave", () => {
  const statefulSet = statefulSetObject({ name: "orders-function", replicas: 0 });
  assertEquals(stateOf({ statefulSet }).reason, "ScaledToZero");
  const leaving = stateOf({ statefulSet, pods: [podObject("orders-function-0", { ready: true })] });
  assertEquals([leaving.ready, leaving.reconciling], ["True", "True"]);
});
