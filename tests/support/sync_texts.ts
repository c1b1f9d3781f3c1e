/** Manifests of the tests of MeshSyncs, as texts of files. */

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
