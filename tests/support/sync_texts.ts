/** Manifests of the tests of MeshSyncs, as texts of files. */
import type { ObjectId } from "#base";

/** A ConfigMap. */
export function configMapText(
  name: string,
  value: string,
  metadata: Record<string, unknown> = {},
): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, ...metadata },
    data: { value },
  });
}

/** A Function that every rule accepts; `image` ends up in its pods. */
export function functionText(name: string, image = "example/runner:1"): string {
  return JSON.stringify({
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "Function",
    metadata: { name },
    spec: {
      className: "org.example.Exclaim",
      image,
      replicas: 1,
      input: { topics: ["persistent://public/default/in"] },
      output: { topic: "persistent://public/default/out" },
      pulsar: { pulsarConfig: "pulsar" },
      java: { jar: "/pulsar/exclaim.jar" },
    },
  });
}

/** A Service of a port. */
export function serviceText(name: string, port: number): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { ports: [{ port }] },
  });
}

/** A custom resource of the tests. */
export function customText(kind: string, name: string, apiVersion = "parts.example/v1"): string {
  return JSON.stringify({ apiVersion, kind, metadata: { name }, spec: { size: 1 } });
}

/** Where it is, in the namespace of the tests. */
export function customId(kind: string, name: string, apiVersion = "parts.example/v1"): ObjectId {
  return { apiVersion, kind, namespace: "shop", name };
}

/** The definition of its kind. */
export function definitionText(kind: string, versions: readonly Record<string, unknown>[]): string {
  const plural = `${kind.toLowerCase()}s`;
  return JSON.stringify({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.parts.example` },
    spec: {
      group: "parts.example",
      scope: "Namespaced",
      names: { plural, singular: kind.toLowerCase(), kind },
      versions: versions.map((version) => ({ storage: true, served: true, ...version })),
    },
  });
}
