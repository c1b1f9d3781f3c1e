import { ANNOTATIONS } from "#api";
import { controllerOf, type KubeObject } from "#base";
import { withinBounds } from "./replicas.ts";

interface AutoscaledSpec {
  readonly replicas?: number;
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
}

/**
 * A component as its author meant it, where an autoscaler of ours writes `spec.replicas`: with the lowest number that
 * the author declared, and with replicas inside of the bounds.
 *
 * Without a `minReplicas` the number of replicas is the lowest one too, but only as long as it is the author's: taken
 * from the autoscaler, every step up would be a step that it could never go down again. And when the bounds move, the
 * replicas follow only when the autoscaler next looks; until then nobody did anything wrong.
 *
 * @param children live objects of the component
 */
export function withAuthorsReplicas<T extends KubeObject>(
  component: T,
  children: readonly KubeObject[],
): T {
  const spec = component.spec as AutoscaledSpec | undefined;
  const owned = children.filter((child) => controllerOf(child)?.uid === component.metadata.uid);
  const live = owned.find((child) => child.kind === "HorizontalPodAutoscaler");
  if (spec?.maxReplicas === undefined) return component;
  const minReplicas = spec.minReplicas ?? declaredMinimum(owned, live);
  if (minReplicas === undefined) return component;
  // A minimum that the author wrote above the maximum is for validation to report.
  const bounded = spec.minReplicas === undefined
    ? { ...spec, minReplicas: Math.min(minReplicas, spec.maxReplicas) }
    : spec;
  if (live === undefined || spec.replicas === undefined) return { ...component, spec: bounded };
  const replicas = withinBounds(spec.replicas, { ...component, spec: bounded });
  return { ...component, spec: { ...bounded, replicas } };
}

/** The children of an autoscaled component, with a note of the lowest number that its author declared. */
export function withDeclaredMinimum(children: readonly KubeObject[]): readonly KubeObject[] {
  const autoscaler = children.find((child) => child.kind === "HorizontalPodAutoscaler");
  const minimum = (autoscaler?.spec as AutoscaledSpec | undefined)?.minReplicas;
  if (minimum === undefined) return children;
  return children.map((child) => {
    // Noted twice, so that it outlives the deletion of either.
    if (child.kind !== "HorizontalPodAutoscaler" && child.kind !== "StatefulSet") return child;
    const annotations = {
      ...child.metadata.annotations,
      [ANNOTATIONS.declaredMinimum]: String(minimum),
    };
    return { ...child, metadata: { ...child.metadata, annotations } };
  });
}

function declaredMinimum(
  owned: readonly KubeObject[],
  autoscaler: KubeObject | undefined,
): number | undefined {
  for (const child of owned) {
    const noted = Number.parseInt(child.metadata.annotations?.[ANNOTATIONS.declaredMinimum] ?? "");
    if (Number.isInteger(noted) && noted > 0) return noted;
  }
  // One that the reference operator left has no note, but the number itself.
  return (autoscaler?.spec as AutoscaledSpec | undefined)?.minReplicas;
}
