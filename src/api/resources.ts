import type { KubeObject } from "#base";

/** `apiVersion` of Function, Source, Sink, FunctionMesh and BackendConfig. */
export const COMPUTE_API_VERSION = "compute.functionmesh.io/v1alpha1";
/** `apiVersion` of MeshSync. */
export const GITOPS_API_VERSION = "gitops.functionmesh.io/v1alpha1";

/** A kind of ours. */
export type MeshKind =
  | "Function"
  | "Source"
  | "Sink"
  | "FunctionMesh"
  | "BackendConfig"
  | "MeshSync";

/** How a kind of ours is addressed. */
export interface MeshResourceType {
  readonly apiVersion: string;
  readonly kind: MeshKind;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
}

/** The kinds of ours. */
export const RESOURCES: readonly MeshResourceType[] = [
  compute("Function", "functions", ["fn"]),
  compute("Source", "sources", ["fsrc"]),
  compute("Sink", "sinks", ["fsink"]),
  compute("FunctionMesh", "functionmeshes", ["fmesh"]),
  compute("BackendConfig", "backendconfigs", ["bcfg"]),
  {
    apiVersion: GITOPS_API_VERSION,
    kind: "MeshSync",
    plural: "meshsyncs",
    singular: "meshsync",
    shortNames: ["msync"],
    namespaced: true,
  },
];

/** The type of one of our kinds. */
export function resourceOf(kind: MeshKind): MeshResourceType {
  const found = RESOURCES.find((resource) => resource.kind === kind);
  if (found === undefined) throw new RangeError(`Cannot find the kind ${kind}: it is not ours`);
  return found;
}

/** Whether an object is of one of our kinds, MeshSync and BackendConfig included. */
export function isMeshKind(object: Pick<KubeObject, "apiVersion" | "kind">): boolean {
  return RESOURCES.some((resource) =>
    resource.apiVersion === object.apiVersion && resource.kind === object.kind
  );
}

function compute(
  kind: MeshKind,
  plural: string,
  shortNames: readonly string[],
): MeshResourceType {
  const singular = kind.toLowerCase();
  return { apiVersion: COMPUTE_API_VERSION, kind, plural, singular, shortNames, namespaced: true };
}
