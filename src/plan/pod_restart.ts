import { isComponent, isMeshKind } from "#api";
import { idOf, idText, type KubeObject, sameJson } from "#base";
import { type RenderOptions, renderResource } from "#desired";

/** Pods that a change restarts. */
export interface PodRestart {
  /** Whose pods: `StatefulSet shop/orders-function`. */
  readonly workload: string;
  /** How many; absent where an autoscaler or the number of nodes says so. */
  readonly pods?: number;
}

/** Kinds whose pods are made anew when their template changes. */
const WORKLOADS: readonly string[] = ["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"];

interface WorkloadSpec {
  readonly replicas?: number;
  readonly template?: unknown;
}

/**
 * The pods that restart when an object changes, sorted: its own, or for a Function, Source, Sink or FunctionMesh those of
 * the StatefulSets that it becomes. What is new or goes away restarts nothing.
 *
 * @param options.before what the live rendering depends on
 * @param options.after what it will depend on, where that changes too
 */
export function podRestarts(
  change: { readonly before: KubeObject | undefined; readonly after: KubeObject | undefined },
  options: { readonly before: RenderOptions; readonly after?: RenderOptions },
): PodRestart[] {
  const { before, after } = change;
  if (before === undefined || after === undefined) return [];
  const old = workloads(before, options.before);
  const restarts: PodRestart[] = [];
  for (const [name, spec] of workloads(after, options.after ?? options.before)) {
    const was = old.get(name);
    if (was === undefined || sameJson(was.template, spec.template)) continue;
    const pods = Math.min(was.replicas ?? Infinity, spec.replicas ?? Infinity);
    if (pods === 0) continue;
    restarts.push({ workload: name, ...(Number.isFinite(pods) ? { pods } : {}) });
  }
  return restarts.sort((a, b) => a.workload < b.workload ? -1 : 1);
}

function workloads(object: KubeObject, options: RenderOptions): Map<string, WorkloadSpec> {
  const isRendered = isComponent(object) || isMeshKind(object);
  const objects = isRendered ? renderResource(object, options).objects : [object];
  return new Map(
    objects.filter(({ kind }) => WORKLOADS.includes(kind))
      .map((one) => [idText(idOf(one)), (one.spec ?? {}) as WorkloadSpec]),
  );
}
