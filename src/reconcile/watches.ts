import { COMPONENT_KINDS, type ComponentKind, isComponent, LABELS, resourceOf } from "#api";
import { controllerOf, isPlainObject, keyOf, type KubeObject, sameJson } from "#base";
import { EVENT_SOURCE, type ResourceType } from "#kube";
import { projectedPod } from "#plan";
import { isInheritanceChanged, meshKeyOf, projectedWarning } from "./cached_facts.ts";
import { type CachedKind, type Caches, POLLED, type ReconcileOptions, SCALING } from "./context.ts";
import type { Neighbours } from "./neighbours.ts";
import type { WakeUp } from "./wake_up.ts";

/** A change of one object: `before` is absent when it is new, `after` when it is gone. */
export interface Change {
  readonly before?: KubeObject;
  readonly after?: KubeObject;
}

/** One thing to watch, and whom its changes wake. */
export interface Watched {
  readonly type: ResourceType;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** What is kept of each object. */
  readonly project?: (object: KubeObject) => KubeObject;
  readonly wakes: (change: Change, caches: Caches) => readonly WakeUp[];
  /** Nothing is decided by it: it only explains. */
  readonly isHint?: boolean;
}

/**
 * What the reconcilers need to see.
 *
 * @param options.neighbours are told of each component that changes, where meshes are to know of those of others
 */
export function watched(
  options: ReconcileOptions & {
    readonly verticalPodAutoscaler: boolean;
    readonly neighbours?: Pick<Neighbours, "note">;
  },
): Watched[] {
  const { neighbours } = options;
  return [
    ...COMPONENT_KINDS.map((kind) => ({
      type: resourceOf(kind),
      wakes: (change: Change) => [
        ...componentWakes(change),
        ...neighbours?.note(change) ?? [],
      ],
    })),
    { type: resourceOf("FunctionMesh"), wakes: meshWakes },
    { type: resourceOf("BackendConfig"), wakes: backendWakes(options) },
    owned("apps/v1", "StatefulSet", "statefulsets"),
    owned("v1", "Service", "services"),
    {
      // Those of others too: they may scale what this program makes.
      type: {
        apiVersion: "autoscaling/v2",
        kind: "HorizontalPodAutoscaler",
        plural: "horizontalpodautoscalers",
        namespaced: true,
      },
      project: projectedAutoscaler,
      wakes: autoscalerWakes,
    },
    ...(options.verticalPodAutoscaler
      ? [owned("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", "verticalpodautoscalers")]
      : []),
    {
      type: core("Pod", "pods"),
      labelSelector: LABELS.component,
      project: projectedPod,
      wakes: podWakes,
    },
    {
      // This program's clean-up Jobs, and those that the reference operator left.
      type: { apiVersion: "batch/v1", kind: "Job", plural: "jobs", namespaced: true },
      labelSelector: `${LABELS.owner},${LABELS.component}`,
      project: withoutSpec,
      wakes: podWakes,
    },
    {
      type: core("Event", "events"),
      // What this program tells itself is in statuses.
      fieldSelector: `type=Warning,source!=${EVENT_SOURCE}`,
      project: projectedWarning,
      wakes: warningWakes,
      isHint: true,
    },
  ];
}

/**
 * Whether a change of a component is nothing but news of its metrics: what its instances and its broker say is no reason
 * for a pass, not of its mesh and not of a sync either.
 */
export function isOnlyPolled({ before, after }: Change): boolean {
  if (before === undefined || after === undefined || !isComponent(after)) return false;
  const [old, now] = [before, after].map(({ status, metadata, ...rest }) => {
    const { [POLLED]: polled, [SCALING]: scaling, ...said } = {
      ...(status as Record<string, unknown>),
    };
    const { resourceVersion: _version, ...kept } = metadata;
    return { polled: { polled, scaling }, rest: { ...rest, metadata: kept, said } };
  });
  return !sameJson(old?.polled, now?.polled) && sameJson(old?.rest, now?.rest);
}

function componentWakes(change: Change): WakeUp[] {
  return either(change).flatMap((object) => {
    const mesh = meshKeyOf(object);
    const self = { kind: object.kind as ComponentKind, key: keyOf(object) };
    return mesh === undefined ? [self] : [self, { kind: "FunctionMesh", key: mesh } as const];
  });
}

/** With the mesh its children, where it says something that counts for them too. */
function meshWakes(change: Change, caches: Caches): WakeUp[] {
  const selves = either(change).map((object) =>
    ({ kind: "FunctionMesh", key: keyOf(object) }) as const
  );
  if (!isInheritanceChanged(change.before, change.after)) return selves;
  const uid = either(change)[0]?.metadata.uid ?? "";
  const children = COMPONENT_KINDS.flatMap((kind) =>
    (caches[kind]?.ownedBy(uid) ?? []).map((child) => ({ kind, key: keyOf(child) }))
  );
  return [...selves, ...children];
}

/** Every object that is made for a component carries its label, in the reference's installations too. */
function owned(apiVersion: string, kind: string, plural: string): Watched {
  return {
    type: { apiVersion, kind, plural, namespaced: true },
    labelSelector: LABELS.component,
    wakes: (change) => either(change).flatMap(controllerKey),
  };
}

/** Of an autoscaler of others only its target matters. */
function projectedAutoscaler(object: KubeObject): KubeObject {
  if (object.metadata.labels?.[LABELS.component] !== undefined) return object;
  const { apiVersion, kind, metadata, spec } = object;
  const target = isPlainObject(spec) ? spec["scaleTargetRef"] : undefined;
  return { apiVersion, kind, metadata, spec: { scaleTargetRef: target } };
}

/** Its owner, and whose StatefulSet it scales. */
function autoscalerWakes(change: Change, caches: Caches): WakeUp[] {
  return either(change).flatMap((object) => {
    const { scaleTargetRef: target } = (object.spec ?? {}) as {
      readonly scaleTargetRef?: { readonly kind?: string; readonly name?: string };
    };
    const key = { namespace: object.metadata.namespace ?? "", name: target?.name ?? "" };
    const scaled = target?.kind === "StatefulSet" ? caches.StatefulSet?.get(key) : undefined;
    return [...controllerKey(object), ...(scaled === undefined ? [] : controllerKey(scaled))];
  });
}

function controllerKey(object: KubeObject): WakeUp[] {
  const controller = controllerOf(object);
  const kind = COMPONENT_KINDS.find((known) => known === controller?.kind);
  if (controller === undefined || kind === undefined) return [];
  return [{ kind, key: { namespace: object.metadata.namespace ?? "", name: controller.name } }];
}

function podWakes(change: Change): WakeUp[] {
  return either(change).flatMap(labelledKey);
}

function labelledKey(object: KubeObject): WakeUp[] {
  const { labels, namespace } = object.metadata;
  const name = labels?.[LABELS.name];
  // A clean-up has its own component label, so that nothing of its component selects it (W-35).
  const component = labels?.[LABELS.cleanupOf] ?? labels?.[LABELS.component];
  const kind = COMPONENT_KINDS.find((known) => known.toLowerCase() === component);
  return kind === undefined || name === undefined
    ? []
    : [{ kind, key: { namespace: namespace ?? "", name } }];
}

/** Of a Job only what became of it matters. */
function withoutSpec(object: KubeObject): KubeObject {
  const { apiVersion, kind, metadata, status } = object;
  return { apiVersion, kind, metadata, status };
}

function warningWakes(change: Change, caches: Caches): WakeUp[] {
  return either(change).flatMap((event) => {
    const about = controllerOf(event);
    if (about === undefined) return [];
    const key = { namespace: event.metadata.namespace ?? "", name: about.name };
    const [pod, statefulSet] = [caches.Pod?.get(key), caches.StatefulSet?.get(key)];
    const job = caches.Job?.get(key);
    if (about.kind === "Pod" && pod !== undefined) return labelledKey(pod);
    if (about.kind === "Job" && job !== undefined) return labelledKey(job);
    if (about.kind === "StatefulSet" && statefulSet !== undefined) {
      return controllerKey(statefulSet);
    }
    return [];
  });
}

/** One that does not say `autoUpdate` wakes too: nothing is rolled out then, but what waits is said (W-19). */
function backendWakes(options: ReconcileOptions): Watched["wakes"] {
  return (change, caches) => {
    return either(change).flatMap((object) => {
      const key = keyOf(object);
      const global = options.globalBackendConfig;
      if (global?.namespace === key.namespace && global.name === key.name) {
        return componentKeys(caches);
      }
      return key.name === options.namespacedBackendConfig
        ? componentKeys(caches, key.namespace)
        : [];
    });
  };
}

function componentKeys(caches: Caches, namespace?: string): WakeUp[] {
  return COMPONENT_KINDS.flatMap((kind) =>
    (caches[kind]?.list(namespace) ?? []).map((object) => ({ kind, key: keyOf(object) }))
  );
}

function either(change: Change): KubeObject[] {
  return [change.before, change.after].filter((object) => object !== undefined);
}

function core(kind: CachedKind, plural: string): ResourceType {
  return { apiVersion: "v1", kind, plural, namespaced: true };
}
