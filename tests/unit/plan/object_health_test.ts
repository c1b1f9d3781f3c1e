import { assertEquals } from "@std/assert";
import { objectHealth } from "#plan";

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly spec?: Record<string, unknown>;
  readonly status?: Record<string, unknown>;
  readonly metadata?: Record<string, unknown>;
  /** State and message, as `progressing: …`. */
  readonly says: string;
}

const VERSIONS: Readonly<Record<string, string>> = {
  CustomResourceDefinition: "apiextensions.k8s.io/v1",
  DaemonSet: "apps/v1",
  Deployment: "apps/v1",
  Job: "batch/v1",
  MeshSync: "gitops.functionmesh.io/v1alpha1",
  ReplicaSet: "apps/v1",
  StatefulSet: "apps/v1",
  Widget: "example.org/v1",
};

const rolled = {
  observedGeneration: 2,
  replicas: 3,
  updatedReplicas: 3,
  readyReplicas: 3,
  availableReplicas: 3,
};
const condition = (type: string, status: string, more = {}) => ({ type, status, ...more });

const CASES: readonly Case[] = [
  {
    name: "nobody looked at",
    kind: "MeshSync",
    says: "progressing: not looked at yet",
  },
  {
    name: "applied",
    kind: "MeshSync",
    status: { conditions: [condition("Ready", "True")] },
    says: "current",
  },
  {
    name: "refused",
    kind: "MeshSync",
    status: {
      conditions: [condition("Ready", "False", { reason: "ApplyFailed", message: "no" })],
    },
    says: "progressing: no",
  },
  {
    name: "rolled out",
    kind: "Deployment",
    spec: { replicas: 3 },
    status: rolled,
    says: "current",
  },
  {
    name: "a generation nobody looked at",
    kind: "Deployment",
    spec: { replicas: 3 },
    status: { ...rolled, observedGeneration: 1 },
    says: "progressing: not looked at yet",
  },
  {
    name: "still updating",
    kind: "Deployment",
    spec: { replicas: 3 },
    status: { ...rolled, updatedReplicas: 1 },
    says: "progressing: 1 of 3 replicas updated",
  },
  {
    name: "old pods are still there",
    kind: "Deployment",
    spec: { replicas: 3 },
    status: { ...rolled, replicas: 4 },
    says: "progressing: 1 old replicas still there",
  },
  {
    name: "past its deadline",
    kind: "Deployment",
    spec: { replicas: 3 },
    status: {
      ...rolled,
      conditions: [condition("Progressing", "False", {
        reason: "ProgressDeadlineExceeded",
        message: "timed out",
      })],
    },
    says: "failed: timed out",
  },
  { name: "no status", kind: "StatefulSet", says: "progressing: 0 of 1 replicas there" },
  {
    name: "two revisions",
    kind: "StatefulSet",
    status: {
      replicas: 1,
      readyReplicas: 1,
      updatedReplicas: 0,
      currentRevision: "a",
      updateRevision: "b",
    },
    says: "progressing: 0 of 1 replicas updated",
  },
  {
    name: "updated down to its partition",
    kind: "StatefulSet",
    spec: { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } },
    status: {
      replicas: 3,
      readyReplicas: 3,
      updatedReplicas: 1,
      currentRevision: "a",
      updateRevision: "b",
    },
    says: "current",
  },
  {
    name: "OnDelete does not wait for an update",
    kind: "StatefulSet",
    spec: { updateStrategy: { type: "OnDelete" } },
    status: { replicas: 1, readyReplicas: 1, currentRevision: "a", updateRevision: "b" },
    says: "current",
  },
  {
    name: "a node without its pod",
    kind: "DaemonSet",
    status: {
      desiredNumberScheduled: 2,
      currentNumberScheduled: 2,
      updatedNumberScheduled: 2,
      numberAvailable: 1,
      numberReady: 1,
    },
    says: "progressing: 1 of 2 pods available",
  },
  {
    name: "replicas refused",
    kind: "ReplicaSet",
    status: { conditions: [condition("ReplicaFailure", "True", { message: "quota" })] },
    says: "progressing: quota",
  },
  { name: "not started", kind: "Job", says: "progressing: not started" },
  {
    name: "running",
    kind: "Job",
    status: { startTime: "2026-01-01T00:00:00Z" },
    says: "current",
  },
  {
    name: "failed",
    kind: "Job",
    status: { conditions: [condition("Failed", "True", { message: "backoff limit" })] },
    says: "failed: backoff limit",
  },
  {
    name: "pending",
    kind: "PersistentVolumeClaim",
    status: { phase: "Pending" },
    says: "progressing: not bound to a volume",
  },
  { name: "cluster IP", kind: "Service", spec: { type: "ClusterIP" }, says: "current" },
  {
    name: "without an address",
    kind: "Service",
    spec: { type: "LoadBalancer" },
    status: { loadBalancer: {} },
    says: "progressing: has no load balancer yet",
  },
  {
    name: "with an address",
    kind: "Service",
    spec: { type: "LoadBalancer" },
    status: { loadBalancer: { ingress: [{ ip: "10.0.0.1" }] } },
    says: "current",
  },
  {
    name: "names taken",
    kind: "CustomResourceDefinition",
    status: { conditions: [condition("NamesAccepted", "False", { message: "name conflict" })] },
    says: "failed: name conflict",
  },
  {
    name: "established",
    kind: "CustomResourceDefinition",
    status: { conditions: [condition("Established", "True")] },
    says: "current",
  },
  {
    name: "crashing",
    kind: "Pod",
    status: {
      phase: "Running",
      containerStatuses: [{ name: "web", state: { waiting: { reason: "CrashLoopBackOff" } } }],
    },
    says: "progressing: container web: CrashLoopBackOff",
  },
  { name: "done", kind: "Pod", status: { phase: "Succeeded" }, says: "current" },
  { name: "no conditions", kind: "Widget", says: "current" },
  {
    name: "stalled",
    kind: "Widget",
    status: { conditions: [condition("Stalled", "True", { message: "no licence" })] },
    says: "failed: no licence",
  },
  {
    name: "reconciling",
    kind: "Widget",
    status: {
      conditions: [
        condition("Ready", "True"),
        condition("Reconciling", "True", { reason: "Upgrading" }),
      ],
    },
    says: "progressing: Upgrading",
  },
  {
    name: "ready for an older generation only",
    kind: "Widget",
    status: {
      observedGeneration: 2,
      conditions: [condition("Ready", "False", { observedGeneration: 1, message: "old news" })],
    },
    says: "progressing: not looked at yet",
  },
  {
    name: "being deleted",
    kind: "Widget",
    metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" },
    says: "progressing: is being deleted",
  },
];

for (const { name, kind, spec, status, metadata, says } of CASES) {
  Deno.test(`objectHealth() of a ${kind}, ${name}`, () => {
    const { state, message } = objectHealth({
      apiVersion: VERSIONS[kind] ?? "v1",
      kind,
      metadata: { name: "a", namespace: "shop", generation: 2, ...metadata },
      spec,
      status,
    });
    assertEquals(message === "" ? state : `${state}: ${message}`, says);
  });
}
