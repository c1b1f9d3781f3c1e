import { GITOPS_API_VERSION } from "#api";
import { byText, groupOf, type ObjectId } from "#base";

/** Kinds in the order in which they are applied; each line is applied as a whole before the next one. */
const STAGES: readonly (readonly string[])[] = [
  ["Namespace"],
  ["CustomResourceDefinition"],
  ["IngressClass", "PriorityClass", "RuntimeClass", "StorageClass"],
  [
    "BackendConfig",
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "LimitRange",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "Secret",
    "ServiceAccount",
  ],
  [],
  ["Source"],
  ["Function"],
  ["Sink"],
  ["FunctionMesh"],
  ["MeshSync", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
];

/** Where kinds go that no line names: workloads and everything else. */
const OTHERS = STAGES.findIndex((kinds) => kinds.length === 0);

/** Kinds that mean these stages only in their own group: other programs have a `Function` or a `Source` too. */
const OURS = ["BackendConfig", "Function", "FunctionMesh", "MeshSync", "Sink", "Source"];

/** Which stage a kind is applied in, counted from 0. */
export function applyStage(id: { readonly apiVersion: string; readonly kind: string }): number {
  const isOurs = groupOf(id.apiVersion).endsWith(GROUP_DOMAIN);
  if (OURS.includes(id.kind) && !isOurs) return OTHERS;
  const stage = STAGES.findIndex((kinds) => kinds.includes(id.kind));
  return stage < 0 ? OTHERS : stage;
}

const GROUP_DOMAIN = groupOf(GITOPS_API_VERSION).replace(/^[^.]+/, "");

/**
 * Objects in the stages in which they are applied: what others need comes first (namespaces, definitions,
 * configuration), meshes last, sources before sinks. Empty stages are left out; within a stage objects are sorted.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { applyStages } from "#plan";
 * const id = (apiVersion: string, kind: string) => ({ apiVersion, kind, namespace: "", name: "a" });
 * const stages = applyStages([id("compute.functionmesh.io/v1alpha1", "Sink"), id("v1", "ConfigMap"),
 *   id("v1", "Namespace")], (value) => value);
 * assertEquals(stages.map((stage) => stage.map((value) => value.kind)), [["Namespace"], ["ConfigMap"], ["Sink"]]);
 * ```
 */
export function applyStages<T>(items: readonly T[], idOfItem: (item: T) => ObjectId): T[][] {
  const ordered = [...items].sort((a, b) => compareIds(idOfItem(a), idOfItem(b)));
  const stages = Map.groupBy(ordered, (item) => applyStage(idOfItem(item)));
  return [...stages].sort(([a], [b]) => a - b).map(([, stage]) => stage);
}

/** The stages in which objects are deleted: what was applied last goes first. */
export function deleteStages(ids: readonly ObjectId[]): ObjectId[][] {
  return applyStages(ids, (id) => id).reverse();
}

/** By kind, then group, namespace and name. */
export function compareIds(a: ObjectId, b: ObjectId): number {
  return byText(a.kind, b.kind) || byText(a.apiVersion, b.apiVersion) ||
    byText(a.namespace, b.namespace) || byText(a.name, b.name);
}
