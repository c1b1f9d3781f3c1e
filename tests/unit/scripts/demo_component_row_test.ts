import { assertEquals } from "@std/assert";
import type { KubeObject } from "#base";
import { componentRows } from "../../../scripts/demo/component_row.ts";
import { topicLabel } from "#topology";
import { objectLines } from "../../../scripts/demo/object_list.ts";
import { leavingObjects } from "../../../scripts/demo/world.ts";
import { functionObject, podObject, statefulSetObject } from "../../support/objects.ts";

const READY = {
  conditions: [{
    type: "Ready",
    status: "True",
    reason: "Ready",
    message: "2/2 pods ready",
    observedGeneration: 1,
    lastTransitionTime: "2026-01-01T00:00:00Z",
  }],
};

function enrich(members: Record<string, unknown> = {}): KubeObject {
  const labels = { "compute.functionmesh.io/mesh": "orders" };
  return { ...functionObject("enrich", { replicas: 2 }, { labels, ...members }), status: READY };
}

function childOf(owner: KubeObject, child: KubeObject): KubeObject {
  const { apiVersion, kind, metadata: { name, uid = "" } } = owner;
  const ownerReferences = [{ apiVersion, kind, name, uid, controller: true }];
  return { ...child, metadata: { ...child.metadata, ownerReferences } };
}

const SET = statefulSetObject({ name: "enrich-function", replicas: 2, owner: enrich() });
const SCALER = childOf(enrich(), {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "enrich-function", namespace: "shop" },
  spec: { maxReplicas: 5 },
});

Deno.test("componentRows() tells pods, autoscaler and topics from the objects of the cluster", () => {
  const rows = componentRows({
    Function: [enrich()],
    StatefulSet: [SET],
    HorizontalPodAutoscaler: [SCALER],
    Pod: [
      childOf(SET, podObject("enrich-function-0", { ready: true })),
      childOf(SET, podObject("enrich-function-1")),
      podObject("somebody-elses-0", { ready: true }),
    ],
  });
  assertEquals(rows, [{
    kind: "Function",
    namespace: "shop",
    name: "enrich",
    mesh: "orders",
    isReady: true,
    words: "2/2 pods ready",
    wantedPods: 2,
    readyPods: 1,
    autoscaler: { min: 1, max: 5 },
    inputs: ["in"],
    output: "out",
  }]);
});

Deno.test("componentRows() does not take readiness of an older generation, or of what is being deleted", () => {
  const rows = componentRows({
    Function: [
      enrich({ generation: 2 }),
      enrich({ deletionTimestamp: "2026-01-01T00:00:00Z" }),
      functionObject("new"),
    ],
  });
  assertEquals(rows.map(({ isReady }) => isReady), [false, false, false]);
  assertEquals(rows.slice(1).map(({ words }) => words), ["Being deleted", "Not looked at yet"]);
});

Deno.test("componentRows() counts pods of the StatefulSet that is there, not of one that was", () => {
  const { metadata } = SET;
  const made = { ...SET, metadata: { ...metadata, uid: "uid-made-again" } };
  const [row] = componentRows({
    Function: [enrich()],
    StatefulSet: [made],
    Pod: [childOf(SET, podObject("enrich-function-0", { ready: true }))],
  });
  assertEquals(row?.readyPods, 0);
});

Deno.test("topicLabel() is short for the default namespace and full for others", () => {
  assertEquals(topicLabel("persistent://public/default/orders"), "orders");
  assertEquals(topicLabel("orders"), "orders");
  assertEquals(topicLabel("persistent://shop/eu/orders"), "shop/eu/orders");
  assertEquals(topicLabel("persistent://public/default/a/b"), "a/b");
});

Deno.test("objectLines() tells what was made from a component", () => {
  const pod = childOf(SET, podObject("enrich-function-0"));
  const snapshot = { Function: [enrich()], StatefulSet: [SET], Pod: [pod] };
  const id = { apiVersion: "x", kind: "Function", namespace: "shop", name: "enrich" };
  assertEquals(objectLines(snapshot, [id]), ["Function      enrich  1 Pod, 1 StatefulSet"]);
  assertEquals(objectLines(snapshot, []), []);
});

Deno.test("leavingObjects() follows owners that are gone, down to pods", () => {
  const pod = childOf(SET, podObject("enrich-function-0"));
  assertEquals(leavingObjects({ Function: [enrich()], StatefulSet: [SET], Pod: [pod] }), []);
  assertEquals(leavingObjects({ Function: [], StatefulSet: [SET], Pod: [pod] }), [SET, pod]);
  const dying = enrich({ deletionTimestamp: "2026-01-01T00:00:00Z" });
  assertEquals(leavingObjects({ Function: [dying], StatefulSet: [], Pod: [] }), [dying]);
});
