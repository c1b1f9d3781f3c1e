import { isComponent } from "#api";
import type { KubeObject } from "#base";

/** On a child of a mesh: the replicas that the mesh declared when they were last applied; empty for none. */
export const DECLARED_REPLICAS = "compute.functionmesh.io/declared-replicas";

/** On a component without `spec.replicas`: the number that was filled in for the scale subresource. */
export const FILLED_REPLICAS = "compute.functionmesh.io/filled-replicas";

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
    [DECLARED_REPLICAS]: String(spec.replicas ?? ""),
  };
  return { ...component, metadata: { ...component.metadata, annotations } };
}

/**
 * A desired component with the replicas that the autoscaler chose (W-17, U3): those of the live one, unless the
 * declared number was changed. The live resource version comes along, so that a scale in between is a conflict and not
 * undone.
 */
export function withScaledReplicas(desired: KubeObject, live: KubeObject): KubeObject {
  const declared = desired.metadata.annotations?.[DECLARED_REPLICAS];
  const before = live.metadata.annotations?.[DECLARED_REPLICAS];
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
    spec: { ...desired.spec as ScaledSpec, replicas },
  };
}

/**
 * The component as its author wrote it: without a number of replicas that this program filled in and nobody changed.
 */
export function withoutFilledReplicas<T extends KubeObject>(component: T): T {
  const filled = component.metadata.annotations?.[FILLED_REPLICAS];
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
  const filled = component.metadata.annotations?.[FILLED_REPLICAS];
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
      annotations: { [FILLED_REPLICAS]: String(defaultReplicas) },
    },
    spec: { replicas: defaultReplicas },
  };
}
