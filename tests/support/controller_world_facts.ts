/** What is so in a controller's world, and what a status says of it. */
import { isComponent } from "#api";
import {
  conditionOf,
  controllerOf,
  idOf,
  idText,
  type KubeObject,
  type ObjectId,
  ownerReference,
} from "#base";
import type { Pod } from "#plan";

/** The namespace of the tests' components. */
export const SHOP = "shop";

/** Where a Function of the tests is. */
export function functionId(name: string): ObjectId {
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "Function",
    namespace: SHOP,
    name,
  };
}

/** Where its StatefulSet is. */
export function statefulSetId(name: string): ObjectId {
  return { apiVersion: "apps/v1", kind: "StatefulSet", namespace: SHOP, name: `${name}-function` };
}

/** Where a mesh of the tests is. */
export function meshId(name: string): ObjectId {
  return { ...functionId(name), kind: "FunctionMesh" };
}

/** The pods of a StatefulSet. */
export function podsOf(statefulSet: KubeObject, world: Objects): Pod[] {
  return (world.all("v1", "Pod") as Pod[])
    .filter((pod) => controllerOf(pod)?.uid === statefulSet.metadata.uid);
}

/** Where objects are. */
export interface Objects {
  all(apiVersion: string, kind: string): KubeObject[];
}

function isReadyPod(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) =>
    type === "Ready" && status === "True"
  ) ===
    true;
}

/** A pod as a StatefulSet's controller makes it. */
export function podOf(
  statefulSet: KubeObject,
  { ordinal, revision, isReady, waiting }: {
    readonly ordinal: number;
    readonly revision: string;
    readonly isReady: boolean;
    /** Why its container does not start, as the kubelet calls it. */
    readonly waiting: string | undefined;
  },
): KubeObject {
  const { labels = {}, name, namespace } = statefulSet.metadata;
  const conditions = [{ type: "Ready", status: isReady ? "True" : "False" }];
  const containerStatuses = [{ name: "main", state: { waiting: { reason: waiting } } }];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${name}-${ordinal}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...labels, "controller-revision-hash": revision },
      ownerReferences: [ownerReference(statefulSet)],
    },
    status: waiting === undefined
      ? { phase: "Running", conditions }
      : { phase: "Pending", conditions, containerStatuses },
  };
}

/** What the new status of a component says that is not so, at the moment that it is said. */
export function lies(before: KubeObject | undefined, after: KubeObject, world: Objects): string[] {
  if (!isComponent(after) || after.status === before?.status) return [];
  const [was = 0, is = 0] = [before?.status, after.status].map((status) =>
    (status as { readonly observedGeneration?: number } | undefined)?.observedGeneration
  );
  const name = idText(idOf(after));
  const older = is < was ? [`${name}: generation ${is} after ${was}`] : [];
  // What was true when it was said is only no longer true.
  if (!isSaidReady(after) || (before !== undefined && isSaidReady(before))) return older;
  const owned = world.all("apps/v1", "StatefulSet")
    .find((object) => controllerOf(object)?.uid === after.metadata.uid);
  const { replicas = 1 } = (owned?.spec ?? {}) as { readonly replicas?: number };
  const isTrue = owned !== undefined &&
    podsOf(owned, world).filter(isReadyPod).length >= replicas &&
    replicas === (after.spec as { readonly replicas?: number }).replicas;
  return isTrue ? older : [...older, `${name} is not ready, but says so`];
}

function isSaidReady({ metadata, status }: KubeObject): boolean {
  const { conditions } = (status ?? {}) as { readonly conditions?: unknown };
  const ready = conditionOf(conditions, "Ready");
  return ready?.status === "True" && ready.observedGeneration === metadata.generation;
}
