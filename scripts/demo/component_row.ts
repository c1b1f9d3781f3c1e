import {
  COMPONENT_KINDS,
  type ComponentKind,
  type ComponentStatus,
  type Input,
  LABELS,
  type Output,
} from "#api";
import { conditionOf, controllerOf, type KubeObject } from "#base";
import { unreadiness } from "#gitops";
import { isPodReady } from "#plan";
import { topicLabel } from "#topology";

/** The objects of a cluster by kind, each list sorted by namespace and name. */
export type Snapshot = Readonly<Record<string, readonly KubeObject[]>>;

/** The limits of an autoscaler. */
export interface AutoscalerRow {
  readonly min: number;
  readonly max: number;
}

/** What a person wants to know of one component. */
export interface ComponentRow {
  readonly kind: ComponentKind;
  readonly namespace: string;
  readonly name: string;
  /** The mesh that it belongs to. */
  readonly mesh: string | undefined;
  /** Its own word: ready for its current generation, and not being deleted. */
  readonly isReady: boolean;
  /** Why it is ready or not, as its status says. */
  readonly words: string;
  readonly wantedPods: number;
  readonly readyPods: number;
  readonly autoscaler: AutoscalerRow | undefined;
  /** Topics by their short names, sorted. */
  readonly inputs: readonly string[];
  readonly output: string | undefined;
}

/** The components of a cluster in the order in which data flows, then by namespace and name. */
export function componentRows(snapshot: Snapshot): ComponentRow[] {
  return COMPONENT_KINDS.flatMap((kind) =>
    (snapshot[kind] ?? []).map((component) => rowOf(component, { kind, snapshot }))
  );
}

interface ComponentParts {
  readonly replicas?: number;
  readonly input?: Input;
  readonly output?: Output;
}

function rowOf(
  component: KubeObject,
  { kind, snapshot }: { readonly kind: ComponentKind; readonly snapshot: Snapshot },
): ComponentRow {
  const { name, namespace = "", labels } = component.metadata;
  const spec = (component.spec ?? {}) as ComponentParts;
  const sets = childrenOf(component, snapshot["StatefulSet"]);
  const pods = sets.flatMap((set) => childrenOf(set, snapshot["Pod"]));
  const wanted = (sets[0]?.spec as { readonly replicas?: number } | undefined)?.replicas;
  const output = spec.output?.topic;
  return {
    kind,
    namespace,
    name,
    mesh: labels?.[LABELS.mesh],
    isReady: component.metadata.deletionTimestamp === undefined &&
      unreadiness(component) === undefined,
    words: wordsOf(component),
    wantedPods: wanted ?? spec.replicas ?? 1,
    readyPods: pods.filter((pod) => isPodReady(pod as Parameters<typeof isPodReady>[0])).length,
    autoscaler: autoscalerOf(childrenOf(component, snapshot["HorizontalPodAutoscaler"])[0]),
    inputs: inputTopics(spec.input),
    output: output === undefined || output === "" ? undefined : topicLabel(output),
  };
}

function wordsOf(component: KubeObject): string {
  if (component.metadata.deletionTimestamp !== undefined) return "Being deleted";
  const status = component.status as ComponentStatus | undefined;
  return conditionOf(status?.conditions, "Ready")?.message ?? "Not looked at yet";
}

function autoscalerOf(autoscaler: KubeObject | undefined): AutoscalerRow | undefined {
  const spec = autoscaler?.spec as
    | { readonly minReplicas?: number; readonly maxReplicas: number }
    | undefined;
  return spec === undefined ? undefined : { min: spec.minReplicas ?? 1, max: spec.maxReplicas };
}

function inputTopics(input: Input | undefined): string[] {
  const named = [
    ...(input?.topics ?? []),
    ...(input?.topicPattern ? [input.topicPattern] : []),
    ...Object.keys(input?.customSerdeSources ?? {}),
    ...Object.keys(input?.customSchemaSources ?? {}),
    ...Object.keys(input?.sourceSpecs ?? {}),
  ];
  return [...new Set(named.map(topicLabel))].sort();
}

/** Objects that are controlled by one, deleted ones excepted. */
function childrenOf(
  owner: KubeObject,
  objects: readonly KubeObject[] | undefined,
): KubeObject[] {
  return (objects ?? []).filter((object) =>
    object.metadata.deletionTimestamp === undefined &&
    controllerOf(object)?.uid === owner.metadata.uid
  );
}
