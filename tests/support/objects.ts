import type { KubeObject } from "#base";
import type { Pod } from "#plan";

/** A Function that every rule accepts. */
export function functionObject(
  name: string,
  spec: Record<string, unknown> = {},
  metadata: Record<string, unknown> = {},
): KubeObject {
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "Function",
    metadata: { name, namespace: "shop", uid: `uid-${name}`, generation: 1, ...metadata },
    spec: {
      className: "org.example.Exclaim",
      image: "example/runner:1",
      replicas: 1,
      input: { topics: ["persistent://public/default/in"] },
      output: { topic: "persistent://public/default/out" },
      pulsar: { pulsarConfig: "pulsar" },
      java: { jar: "/pulsar/exclaim.jar" },
      ...spec,
    },
  };
}

/** One of which it was said that it is on its way. */
export function toldFunction(name: string, spec: Record<string, unknown> = {}): KubeObject {
  const ready = { type: "Ready", status: "False", reason: "Progressing", observedGeneration: 1 };
  return { ...functionObject(name, spec), status: { conditions: [ready] } };
}

/** A StatefulSet as the API server shows it. */
export function statefulSetObject(options: {
  readonly name: string;
  readonly replicas?: number;
  readonly revision?: string;
  readonly generation?: number;
  readonly observedGeneration?: number;
  /** As many as there should be when left out. */
  readonly readyReplicas?: number;
  readonly owner?: KubeObject;
}): KubeObject {
  const {
    name,
    replicas = 1,
    revision = "r1",
    generation = 1,
    observedGeneration = generation,
    readyReplicas = replicas,
    owner,
  } = options;
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: {
      name,
      namespace: "shop",
      uid: `uid-${name}`,
      generation,
      ...(owner === undefined ? {} : {
        ownerReferences: [{
          apiVersion: owner.apiVersion,
          kind: owner.kind,
          name: owner.metadata.name,
          uid: owner.metadata.uid ?? "",
          controller: true,
        }],
      }),
    },
    spec: { replicas },
    status: { observedGeneration, updateRevision: revision, readyReplicas },
  };
}

/** A pod of a StatefulSet. */
export function podObject(
  name: string,
  options: {
    readonly ready?: boolean;
    readonly revision?: string;
    readonly status?: Pod["status"];
  } = {},
): Pod {
  const { ready = false, revision = "r1", status = {} } = options;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "shop",
      uid: `uid-${name}`,
      labels: { "controller-revision-hash": revision },
    },
    status: {
      phase: ready ? "Running" : "Pending",
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
      ...status,
    },
  };
}
