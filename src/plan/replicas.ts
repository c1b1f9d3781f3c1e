import { ANNOTATIONS, backlogScalingOf, isComponent } from "#api";
import { groupOf, isPlainObject, type JsonObject, type KubeObject } from "#base";

interface ScaledSpec {
  readonly replicas?: number;
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
}

/**
 * A desired object, with a note of the replicas it declares: whatever has a number of them may be scaled, by an
 * autoscaler or by a person, whatever its kind. Put on before hashing, so that a changed declaration is a change.
 */
export function withDeclaredReplicas(object: KubeObject): KubeObject {
  const declared = declaredReplicas(object);
  if (declared === undefined) return object;
  const annotations = {
    ...object.metadata.annotations,
    [ANNOTATIONS.declaredReplicas]: declared,
  };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** The number that an object declares, as text; empty where its own autoscaler has to find one. */
function declaredReplicas(object: KubeObject): string | undefined {
  const spec = isPlainObject(object.spec) ? object.spec as ScaledSpec : {};
  if (typeof spec.replicas === "number") return String(spec.replicas);
  return hasOwnAutoscaler(object) ? "" : undefined;
}

/** Whether the object asks this program for an autoscaler, or to have its replicas follow the backlog. */
function hasOwnAutoscaler(object: KubeObject): boolean {
  return isComponent(object) && isPlainObject(object.spec) &&
    (object.spec["maxReplicas"] !== undefined || backlogScalingOf(object) !== undefined);
}

/**
 * Whether the live number of replicas may be somebody's who scaled the object: only then it has to be found out, by
 * {@linkcode isScaled} or {@linkcode isTargetOf}.
 *
 * @param desired with its note, see {@linkcode withDeclaredReplicas}
 */
export function mayBeScaled(desired: KubeObject, live: KubeObject): boolean {
  const declared = desired.metadata.annotations?.[ANNOTATIONS.declaredReplicas];
  const before = live.metadata.annotations?.[ANNOTATIONS.declaredReplicas];
  const [wanted, replicas] = [desired, live]
    .map(({ spec }) => (spec as ScaledSpec | undefined)?.replicas);
  const isChanged = before !== undefined && before !== declared;
  return declared !== undefined && !isChanged && replicas !== undefined && replicas !== wanted;
}

/**
 * Whether the number of replicas of an object came through its scale subresource, as those of `kubectl scale` and of
 * every autoscaler do.
 *
 * Of a number of zero the API server does not note who chose it: it is nobody's then, or ours once it is applied as it is.
 *
 * @param managedFields of the live object, whose number differs from the declared one
 * @param facts.own field managers of this program
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isScaled } from "#plan";
 * const fieldsV1 = { "f:spec": { "f:replicas": {} } };
 * const keda = { manager: "keda", operation: "Update", subresource: "scale", fieldsV1 };
 * const edit = { manager: "kubectl-edit", operation: "Update", fieldsV1 };
 * assertEquals(isScaled([keda], { replicas: 3, own: ["git"] }), true);
 * assertEquals(isScaled([edit], { replicas: 3, own: ["git"] }), false);
 * assertEquals(isScaled([], { replicas: 0, own: ["git"] }), true);
 * assertEquals(isScaled([edit], { replicas: 0, own: ["git"] }), false);
 * ```
 */
export function isScaled(
  managedFields: readonly JsonObject[],
  { own, replicas }: {
    readonly replicas: number | undefined;
    readonly own: readonly string[];
  },
): boolean {
  const owners = managedFields.filter(({ fieldsV1 }) => {
    const spec = isPlainObject(fieldsV1) ? fieldsV1["f:spec"] : undefined;
    return isPlainObject(spec) && spec["f:replicas"] !== undefined;
  });
  const isOwn = ({ manager }: JsonObject) => own.includes(String(manager));
  return owners.some(({ subresource }) => subresource === "scale") ||
    (replicas === 0 && owners.every(isOwn));
}

/** Whether an autoscaler changes the replicas of an object. */
export function isTargetOf(autoscaler: KubeObject, object: KubeObject): boolean {
  const spec = isPlainObject(autoscaler.spec) ? autoscaler.spec : {};
  const target = isPlainObject(spec["scaleTargetRef"]) ? spec["scaleTargetRef"] : {};
  const { apiVersion = "" } = target;
  return target["kind"] === object.kind && target["name"] === object.metadata.name &&
    autoscaler.metadata.namespace === object.metadata.namespace &&
    groupOf(String(apiVersion)) === groupOf(object.apiVersion);
}

/** What is known of who scales an object. */
export interface Scaling {
  /** The live number came through the scale subresource, or an autoscaler of the cluster targets the object. */
  readonly isScaled: boolean;
}

/**
 * A desired object with the replicas that an autoscaler or a person chose (W-17, U3): those of the live one, unless the
 * declared number was changed. The live resource version comes along, so that a scale in between is a conflict and not
 * undone. A number outside of the bounds of the object's own autoscaler is brought inside, as bounds may be moved and the
 * API server refuses what contradicts itself.
 *
 * A component with an autoscaler of its own needs no further knowledge; for everything else see {@linkcode mayBeScaled}.
 */
export function withScaledReplicas(
  desired: KubeObject,
  live: KubeObject,
  { isScaled }: Scaling = { isScaled: false },
): KubeObject {
  const declared = desired.metadata.annotations?.[ANNOTATIONS.declaredReplicas];
  const before = live.metadata.annotations?.[ANNOTATIONS.declaredReplicas];
  const replicas = (live.spec as ScaledSpec | undefined)?.replicas;
  const isChanged = before !== undefined && before !== declared;
  if (declared === undefined || isChanged || replicas === undefined) return desired;
  if (!hasOwnAutoscaler(desired) && !isScaled) return desired;
  return withReplicas(desired, live, withinBounds(replicas, desired));
}

/**
 * A desired object with the live number of replicas, whatever it declares itself: for the StatefulSet of a component that
 * an autoscaler of others targets. Zero is a wish to turn it off, and stays.
 */
export function withLiveReplicas(desired: KubeObject, live: KubeObject): KubeObject {
  const [wanted, replicas] = [desired, live].map(({ spec }) => (spec as ScaledSpec).replicas);
  return replicas === undefined || wanted === 0 ? desired : withReplicas(desired, live, replicas);
}

/** A part of an object that leaves the number of replicas as it is, unless it turns it off. */
export function withoutReplicas(object: KubeObject): KubeObject {
  const { replicas, ...spec } = object.spec as ScaledSpec;
  return replicas === 0 ? object : { ...object, spec };
}

function withReplicas(desired: KubeObject, live: KubeObject, replicas: number): KubeObject {
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
  const { name, namespace, resourceVersion, uid } = component.metadata;
  return {
    apiVersion: component.apiVersion,
    kind: component.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      // Without it an apply would make one that is deleted meanwhile anew, with nothing but its replicas.
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      annotations: { [ANNOTATIONS.filledReplicas]: String(defaultReplicas) },
    },
    spec: { replicas: defaultReplicas },
  };
}
