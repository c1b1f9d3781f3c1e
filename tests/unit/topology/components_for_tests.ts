import type { KubeObject } from "#base";
import { componentSources, findings, type PlacedObject, topology } from "#topology";

interface Meta {
  readonly kind?: "Function" | "Source" | "Sink";
  readonly namespace?: string;
  readonly status?: unknown;
}

/** A component as far as a topology looks at it. */
export function component(
  name: string,
  spec: Record<string, unknown>,
  { kind = "Function", namespace = "shop", status }: Meta = {},
): KubeObject {
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind,
    metadata: { name, namespace },
    spec: { pulsar: { pulsarConfig: "pulsar" }, ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

/** Reads and writes plain topics. */
export function through(input: string | readonly string[], output?: string) {
  return {
    input: { topics: typeof input === "string" ? [input] : input },
    ...(output === undefined ? {} : { output: { topic: output } }),
  };
}

/** A FunctionMesh of Functions. */
export function mesh(name: string, functions: readonly Record<string, unknown>[]): KubeObject {
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "FunctionMesh",
    metadata: { name, namespace: "shop" },
    spec: {
      functions: functions.map((spec) => ({ pulsar: { pulsarConfig: "pulsar" }, ...spec })),
    },
  };
}

/** The topology of objects. */
export function topologyOf(...objects: readonly KubeObject[]) {
  return topology(componentSources(objects.map((object) => ({ object }))));
}

/** `Code name path: message` of all warnings between objects; of the informations too where they are asked for. */
export function told(
  objects: readonly (KubeObject | PlacedObject)[],
  severities: readonly string[] = ["warning"],
): string[] {
  const placed = objects.map((one) => "object" in one ? one as PlacedObject : { object: one });
  return findings(topology(componentSources(placed)))
    .filter(({ severity }) => severities.includes(severity))
    .map(({ code, message, name, path }) => `${code} ${name} ${path}: ${message}`);
}
