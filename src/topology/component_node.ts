import {
  ANNOTATIONS,
  COMPONENT_KINDS,
  type ComponentKind,
  type FunctionMesh,
  isComponent,
  LABELS,
  meshItems,
} from "#api";
import { conditionOf, idText, isPlainObject, keyOf, type KubeObject } from "#base";

/** Where the definition of a component is in a file. */
export interface Origin {
  readonly file: string;
  /** Line of a field of the object, or of the nearest one above it. */
  readonly lineOf: (path: string) => number;
  /** What stands for `spec` of the component in the object: `spec.functions[2]` for an item of a mesh. */
  readonly base: string;
  /** The object in the file: the component itself, or its mesh. */
  readonly object: { readonly kind: string; readonly name: string };
}

/** A component with where it comes from. */
export interface ComponentSource {
  readonly component: KubeObject;
  /** FunctionMesh that it belongs to. */
  readonly mesh?: string | undefined;
  readonly origin?: Origin | undefined;
}

/** An object, with its place where it was read from a file. */
export interface PlacedObject {
  readonly object: KubeObject;
  readonly file?: string;
  readonly lineOf?: (path: string) => number;
}

/** What instances and broker say of messages. */
export interface MessageNumbers {
  readonly received?: number;
  readonly processed?: number;
  readonly exceptions?: number;
  readonly backlog?: number;
}

/** A Function, Source or Sink of a topology. What is not known is absent. */
export interface ComponentNode {
  /** `Function shop/enrich` */
  readonly id: string;
  readonly kind: ComponentKind;
  readonly namespace: string;
  readonly name: string;
  readonly mesh?: string;
  /** `tenant/namespace/name`: how Pulsar knows it. */
  readonly pulsarName: string;
  /** ConfigMap that says where Pulsar is. */
  readonly pulsarConfig: string;
  readonly isReady?: boolean;
  readonly reason?: string;
  readonly message?: string;
  /** RFC 3339: since when it is ready, or not. */
  readonly since?: string;
  readonly wantedPods: number;
  /** Absent for what is no live object. */
  readonly readyPods?: number;
  readonly autoscaler?: { readonly min: number; readonly max: number };
  readonly numbers?: MessageNumbers;
}

/** The components of objects: of a FunctionMesh its items, of other kinds none. */
export function componentSources(objects: readonly PlacedObject[]): ComponentSource[] {
  return objects.flatMap(({ object, file, lineOf }) => {
    const place = file === undefined || lineOf === undefined ? undefined : {
      file,
      lineOf,
      object: { kind: object.kind, name: object.metadata.name },
    };
    const origin = (base: string) => place === undefined ? {} : { origin: { ...place, base } };
    if (isComponent(object)) {
      return [{
        component: object,
        mesh: object.metadata.labels?.[LABELS.mesh],
        ...origin("spec"),
      }];
    }
    if (!isMesh(object)) return [];
    return meshItems(object).filter(({ name }) => name !== "").map(({ component, member }) => ({
      component,
      mesh: object.metadata.name,
      ...origin(`spec.${member}`),
    }));
  });
}

/** What is known of a component. Reads what an author may have written in any way, and throws for nothing of it. */
export function componentNode({ component, mesh }: ComponentSource): ComponentNode {
  const spec = membersOf(component.spec);
  const { namespace, name } = keyOf(component);
  const parts = [textOf(spec["tenant"], "public"), textOf(spec["namespace"], "default")];
  return {
    id: idText({ kind: component.kind, namespace, name }),
    kind: COMPONENT_KINDS.find((kind) => kind === component.kind) ?? "Function",
    namespace,
    name,
    ...(mesh === undefined ? {} : { mesh }),
    pulsarName: [...parts, textOf(spec["name"], name)].join("/"),
    pulsarConfig: textOf(membersOf(spec["pulsar"])["pulsarConfig"], ""),
    ...podsOf(component, spec),
    ...stateOf(component),
    ...numbersOf(component),
  };
}

/** An object's members; none for anything else. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return isPlainObject(value) ? value : {};
}

/** A text that is not empty, or what stands for it. */
export function textOf(value: unknown, fallback: string): string {
  return typeof value === "string" && value !== "" ? value : fallback;
}

function isMesh(object: KubeObject): object is FunctionMesh {
  return object.kind === "FunctionMesh" && object.apiVersion.startsWith("compute.");
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function podsOf(component: KubeObject, spec: Readonly<Record<string, unknown>>) {
  const status = membersOf(component.status);
  const max = numberOf(spec["maxReplicas"]);
  const min = numberOf(spec["minReplicas"]) ?? 1;
  const filled = component.metadata.annotations?.[ANNOTATIONS.filledReplicas] !== undefined;
  const declared = numberOf(spec["replicas"]) ?? min;
  const present = numberOf(status["replicas"]);
  const ready = numberOf(status["readyReplicas"]);
  const scaled = max !== undefined && max > min;
  return {
    wantedPods: (scaled || filled) && present !== undefined ? present : declared,
    ...(component.status === undefined ? {} : { readyPods: ready ?? 0 }),
    ...(scaled ? { autoscaler: { min, max } } : {}),
  };
}

function stateOf(component: KubeObject) {
  if (component.metadata.deletionTimestamp !== undefined) {
    const since = component.metadata.deletionTimestamp;
    return { isReady: false, reason: "Terminating", message: "Being deleted", since };
  }
  const ready = conditionOf(membersOf(component.status)["conditions"], "Ready");
  if (ready === undefined) return {};
  const isOld = (ready.observedGeneration ?? 0) < (component.metadata.generation ?? 0);
  if (isOld) return { isReady: false, reason: "Progressing", message: "Not looked at yet" };
  return {
    isReady: ready.status === "True",
    reason: ready.reason,
    message: ready.message,
    since: ready.lastTransitionTime,
  };
}

function numbersOf(component: KubeObject): { readonly numbers?: MessageNumbers } {
  const runtime = membersOf(membersOf(component.status)["runtime"]);
  const known = (["received", "processed", "exceptions", "backlog"] as const).flatMap((member) => {
    const value = numberOf(runtime[member]);
    return value === undefined ? [] : [[member, value]];
  });
  return known.length === 0 ? {} : { numbers: Object.fromEntries(known) };
}
