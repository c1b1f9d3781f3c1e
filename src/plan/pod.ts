import type { KubeObject } from "#base";

/** The part of a container's status that tells how it is. */
export interface ContainerStatus {
  readonly name: string;
  readonly image?: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

/** One of the three, as Kubernetes writes it. */
export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly exitCode?: number;
    readonly reason?: string;
    readonly message?: string;
    readonly startedAt?: string;
    readonly finishedAt?: string;
  };
}

/** A pod as far as status needs it. {@linkcode projectedPod} makes it, so that a cache holds no more. */
export interface Pod extends KubeObject {
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly startTime?: string;
    readonly podIP?: string;
    readonly conditions?: readonly PodCondition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** What is kept of a pod: thousands of whole pods would be most of the memory of this program. */
export function projectedPod(pod: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, labels, ownerReferences } = pod.metadata;
  const { creationTimestamp, deletionTimestamp } = pod.metadata;
  const spec = pod.spec as Pod["spec"];
  const status = pod.status as Pod["status"];
  return {
    apiVersion: pod.apiVersion,
    kind: pod.kind,
    metadata: dropUndefined({
      name,
      namespace,
      uid,
      resourceVersion,
      labels,
      ownerReferences,
      creationTimestamp,
      deletionTimestamp,
    }),
    spec: dropUndefined({ nodeName: spec?.nodeName }),
    status: dropUndefined({
      phase: status?.phase,
      reason: status?.reason,
      message: status?.message,
      startTime: status?.startTime,
      podIP: status?.podIP,
      conditions: status?.conditions?.map(projectedCondition),
      initContainerStatuses: status?.initContainerStatuses?.map(projectedContainer),
      containerStatuses: status?.containerStatuses?.map(projectedContainer),
    }),
  };
}

/** Whether the pod is ready and meant to stay. */
export function isPodReady(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp === undefined &&
    pod.status?.conditions?.find((condition) => condition.type === "Ready")?.status === "True";
}

/** The number at the end of a StatefulSet pod's name; -1 for a name without one. */
export function ordinalOf(pod: { readonly metadata: { readonly name: string } }): number {
  const match = /-(\d{1,10})$/.exec(pod.metadata.name);
  return match === null ? -1 : Number(match[1]);
}

function projectedCondition(condition: PodCondition): PodCondition {
  const { type, status, reason, message } = condition;
  return dropUndefined({ type, status, reason, message });
}

function projectedContainer(container: ContainerStatus): ContainerStatus {
  const { name, image, ready, restartCount, state, lastState } = container;
  return dropUndefined({ name, image, ready, restartCount, state, lastState });
}

function dropUndefined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(object).filter(([_, value]) => value !== undefined),
  ) as { [K in keyof T]: Exclude<T[K], undefined> };
}
