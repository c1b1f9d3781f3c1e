import { ANNOTATIONS, type Component, problems } from "#api";
import { isPlainObject, type KubeObject } from "#base";
import { isTargetOf } from "#plan";
import { meshOf, withMeshAnnotations } from "../cached_facts.ts";
import type { CachedKind, ReconcileContext } from "../context.ts";
import { outageOf } from "../observe.ts";

/** What a decision is made from, besides the broker and the instances. */
const NEEDED_KINDS: readonly CachedKind[] = [
  "FunctionMesh",
  "HorizontalPodAutoscaler",
  "Pod",
  "StatefulSet",
];

/** What hindrances are found in. */
export interface HindranceContext extends Pick<ReconcileContext, "caches" | "options"> {
  /** The revision that an object went back from; undefined where it is as Git says. */
  readonly quarantineOf?: (object: KubeObject) => string | undefined;
}

/** Why nothing is done about the replicas of a component, whatever waits; undefined where nothing keeps from it. */
export function scalingHindrance(
  component: Component,
  statefulSet: KubeObject | undefined,
  ctx: HindranceContext,
): string | undefined {
  const outage = outageOf([component.kind, ...NEEDED_KINDS], ctx);
  if (outage !== undefined) {
    return `objects of kind ${outage.kind} cannot be read (${outage.problem})`;
  }
  if (problems(component).length > 0) return "the resource is not valid";
  if (isUnmanaged(component, ctx)) return "the resource is not managed";
  const { annotations = {} } = withMeshAnnotations(component, ctx).metadata;
  if (ctx.options.pauseRollout || annotations[ANNOTATIONS.pauseRollout] === "true") {
    return "roll-outs are paused";
  }
  const revision = [component, meshOf(component, ctx)]
    .map((object) => object === undefined ? undefined : ctx.quarantineOf?.(object))
    .find((found) => found !== undefined);
  if (revision !== undefined) return `it is in quarantine, as ${revision} did not become healthy`;
  const autoscaler = otherAutoscaler(component, statefulSet, ctx);
  if (autoscaler !== undefined) {
    return `the HorizontalPodAutoscaler ${autoscaler.metadata.name} scales it as well`;
  }
  return statefulSet === undefined ? "there is no StatefulSet yet" : rollOut(statefulSet);
}

/** Whether an annotation, of the component or of its mesh, says that it is to be left alone. */
export function isUnmanaged(
  component: Component,
  ctx: Pick<ReconcileContext, "caches">,
): boolean {
  const { annotations = {} } = withMeshAnnotations(component, ctx).metadata;
  return annotations[ANNOTATIONS.managed] === "false";
}

function otherAutoscaler(
  component: Component,
  statefulSet: KubeObject | undefined,
  { caches }: Pick<ReconcileContext, "caches">,
): KubeObject | undefined {
  const all = caches.HorizontalPodAutoscaler?.list(component.metadata.namespace) ?? [];
  return all.find((autoscaler) =>
    isTargetOf(autoscaler, component) ||
    (statefulSet !== undefined && isTargetOf(autoscaler, statefulSet))
  );
}

/** Pods of two revisions: what the one does says nothing of the other. */
function rollOut({ metadata, status }: KubeObject): string | undefined {
  const said = isPlainObject(status) ? status : {};
  const { currentRevision, observedGeneration, updateRevision } = said;
  if (observedGeneration !== metadata.generation) {
    return "its StatefulSet was changed, and the cluster has not looked at it yet";
  }
  const isUnderWay = currentRevision !== undefined && updateRevision !== undefined &&
    currentRevision !== updateRevision;
  return isUnderWay ? "a roll-out is under way" : undefined;
}
