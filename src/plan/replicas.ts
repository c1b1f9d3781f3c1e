import { ANNOTATIONS, isComponent } from "#api";
import type { KubeObject } from "#base";

interface ScaledSpec {
  readonly replicas?: number;
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
}

/**
 * A desired component, with a note of the replicas it declares when an autoscaler is to change them. Put on before
 * hashing, so that a changed declaration is a change.
 */
export function withDeclaredReplicas(component: KubeObject): KubeObject {
  const spec = component.spec as ScaledSpec | undefined;
  if (!isComponent(component) || spec?.maxReplicas === undefined) return component;
  const annotations = {
    ...component.metadata.annotations,
    [ANNOTATIONS.declaredReplicas]: String(spec.replicas ?? ""),
  };
  return { ...component, metadata: { ...component.metadata, annotations } };
}

/**
 * A desired component with the replicas that the autoscaler chose (W-17, U3): those of the live one, unless the
 * declared number was changed. The live resource version comes along, so that a scale in between is a conflict and not
 * undone. A number outside of the autoscaler's bounds is brought inside, as bounds may be moved and the API server refuses
 * what contradicts itself.
 */
export function withScaledReplicas(desired: KubeObject, live: KubeObject): KubeObject {
  const declared = desired.metadata.annotations?.[ANNOTATIONS.declaredReplicas];
  const before = live.metadata.annotations?.[ANNOTATIONS.declaredReplicas];
  const replicas = (live.spec as ScaledSpec | undefined)?.replicas;
  const isChanged = before !== undefined && before !== declared;
  if (declared === undefined || isChanged || replicas === undefined) return desired;
  const { resourceVersion } = live.metadata;
  return {
    ...desired,
    metadata: {
      ...desired.metadata,
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    spec: { ...desired.spec as ScaledSpec, replicas: withinBounds(replicas, desired) },
  };
}

/** Zero stays: it turns the component off, and its autoscaler with it. */
export function withinBounds(replicas: number, component: KubeObject): number {
  const { minReplicas = 1, maxReplicas = replicas } = (component.spec ?? {}) as ScaledSpec;
  if (replicas === 0 || minReplicas > maxReplicas) return replicas;
  return Math.min(Math.max(replicas, minReplicas), maxReplicas);
}

/**
 * The component as its author wrote it: without a number of replicas that this program filled in and nobody changed.
 */
export function withoutFilledReplicas<T extends KubeObject>(component: T): T {
  const filled = component.metadata.annotations?.[ANNOTATIONS.filledReplicas];
  const spec = component.spec as ScaledSpec | undefined;
  if (filled === undefined || String(spec?.replicas) !== filled) return component;
  const { replicas: _filled, ...rest } = spec ?? {};
  return { ...component, spec: rest };
}

/**
 * What to apply so that `spec.replicas` exists; undefined when it does, or when it holds the right default already.
 *
 * The scale subresource, and with it `kubectl scale` and autoscalers, fails on a resource without that member. It is
 * the only member that is ever filled in, with a field manager of its own: whoever manages the rest sees no change.
 */
export function filledReplicas(
  component: KubeObject,
  defaultReplicas: number,
): KubeObject | undefined {
  const live = (component.spec as ScaledSpec | undefined)?.replicas;
  const filled = component.metadata.annotations?.[ANNOTATIONS.filledReplicas];
  const isOurs = filled !== undefined && String(live) === filled;
  if (live !== undefined && (!isOurs || live === defaultReplicas)) return undefined;
  const { name, namespace, resourceVersion } = component.metadata;
  return {
    apiVersion: component.apiVersion,
    kind: component.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      annotations: { [ANNOTATIONS.filledReplicas]: String(defaultReplicas) },
    },
    spec: { replicas: defaultReplicas },
  };
}
