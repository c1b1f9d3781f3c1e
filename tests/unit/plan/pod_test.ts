import { assertEquals } from "@std/assert";
import { isPodReady, ordinalOf, projectedPod } from "#plan";
import { podObject } from "../../support/objects.ts";

Deno.test("projectedPod() keeps what status needs and nothing else", () => {
  const pod = {
    ...podObject("orders-function-1", { ready: true }),
    metadata: {
      ...podObject("orders-function-1").metadata,
      annotations: { big: "x" },
      creationTimestamp: "2026-01-01T00:00:00Z",
      resourceVersion: "5",
    },
    spec: { nodeName: "node-1", containers: [{ name: "runner", env: [{ name: "A" }] }] },
    status: {
      phase: "Running",
      hostIP: "10.0.0.1",
      podIP: "10.1.0.7",
      conditions: [{ type: "Ready", status: "True", lastProbeTime: null }],
      containerStatuses: [{ name: "runner", ready: true, imageID: "sha", state: { running: {} } }],
    },
  };
  assertEquals(projectedPod(pod), {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "orders-function-1",
      namespace: "shop",
      uid: "uid-orders-function-1",
      resourceVersion: "5",
      labels: { "controller-revision-hash": "r1" },
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    spec: { nodeName: "node-1" },
    status: {
      phase: "Running",
      podIP: "10.1.0.7",
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [{ name: "runner", ready: true, state: { running: {} } }],
    },
  });
});

Deno.test("isPodReady() does not count a pod that is on its way out", () => {
  const pod = podObject("a-0", { ready: true });
  assertEquals(isPodReady(pod), true);
  const deletionTimestamp = "2026-01-01T00:00:00Z";
  assertEquals(isPodReady({ ...pod, metadata: { ...pod.metadata, deletionTimestamp } }), false);
});

Deno.test("ordinalOf() is the number at the end of the name", () => {
  const names = ["a-0", "a-b-12", "a", "a-1-b"];
  assertEquals(names.map((name) => ordinalOf({ metadata: { name } })), [0, 12, -1, -1]);
});
