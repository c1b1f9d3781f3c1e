/** The kinds that a fake API server serves, and what it does differently for each. */
import { customResourceDefinitions } from "#api";
import { groupOf, type KubeObject } from "#base";
import type { ResourceType } from "#kube";

/** A kind with what the server knows of it. */
export interface FakeKind extends ResourceType {
  /** Whether `status` is written by a subresource of its own. */
  readonly hasStatus: boolean;
  /** Whether the server counts the generations of its spec. */
  readonly hasGeneration: boolean;
  /** Whether lists of the schema are merged by the keys of their items; in our definitions every list is one value. */
  readonly mergesLists: boolean;
}

/** `group/Kind`: what an object is stored by, whatever the version. */
export function storageKey(of: { readonly apiVersion: string; readonly kind: string }): string {
  return `${groupOf(of.apiVersion)}/${of.kind}`;
}

type Row = readonly [
  apiVersion: string,
  kind: string,
  plural: string,
  marks?: string,
];

/** Marks: `c` cluster-scoped, `s` status subresource, `g` generation. */
const BUILT_IN: readonly Row[] = [
  ["v1", "Namespace", "namespaces", "cs"],
  ["v1", "ConfigMap", "configmaps"],
  ["v1", "Secret", "secrets"],
  ["v1", "Service", "services", "s"],
  ["v1", "ServiceAccount", "serviceaccounts"],
  ["v1", "Event", "events"],
  ["v1", "Pod", "pods", "s"],
  ["v1", "PersistentVolumeClaim", "persistentvolumeclaims", "s"],
  ["apps/v1", "Deployment", "deployments", "sg"],
  ["apps/v1", "StatefulSet", "statefulsets", "sg"],
  ["apps/v1", "ControllerRevision", "controllerrevisions"],
  ["batch/v1", "Job", "jobs", "sg"],
  ["autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "s"],
  ["apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", "csg"],
];

/** What every API server serves, as far as tests need it. */
export const BUILT_IN_KINDS: readonly FakeKind[] = BUILT_IN.map(
  ([apiVersion, kind, plural, marks = ""]) => ({
    apiVersion,
    kind,
    plural,
    namespaced: !marks.includes("c"),
    hasStatus: marks.includes("s"),
    hasGeneration: marks.includes("g"),
    mergesLists: true,
  }),
);

interface DefinitionSpec {
  readonly group: string;
  readonly scope: string;
  readonly names: { readonly kind: string; readonly plural: string };
  readonly versions: readonly {
    readonly name: string;
    readonly served?: boolean;
    readonly subresources?: { readonly status?: unknown };
  }[];
}

/** The kinds that a CustomResourceDefinition brings. */
export function definedKinds(definition: KubeObject): FakeKind[] {
  const { group, names, scope, versions = [] } = definition.spec as DefinitionSpec;
  return versions.filter(({ served }) => served !== false).map((version) => ({
    apiVersion: `${group}/${version.name}`,
    kind: names.kind,
    plural: names.plural,
    namespaced: scope === "Namespaced",
    hasStatus: version.subresources?.status !== undefined,
    hasGeneration: true,
    mergesLists: false,
  }));
}

/** Our own kinds, as after an installation. */
export const MESH_KINDS: readonly FakeKind[] = customResourceDefinitions().flatMap(definedKinds);
