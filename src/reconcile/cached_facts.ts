import { ANNOTATIONS, isComponent } from "#api";
import { controllerOf, type KubeObject, type ObjectKey } from "#base";
import { backendFacts, type Facts } from "#desired";
import type { Pod, WarningEvent } from "#plan";
import { cacheOf, type ReconcileContext } from "./context.ts";

/** The BackendConfigs that apply to a resource. */
export function factsFor(component: KubeObject, { caches, options }: ReconcileContext): Facts {
  const configs = cacheOf(caches, "BackendConfig");
  return backendFacts(component.metadata.namespace ?? "", options, (key) => configs.get(key));
}

/** The pods of a StatefulSet. */
export function podsOf(statefulSet: KubeObject | undefined, ctx: ReconcileContext): readonly Pod[] {
  const uid = statefulSet?.metadata.uid;
  return uid === undefined ? [] : cacheOf(ctx.caches, "Pod").ownedBy(uid) as readonly Pod[];
}

/** The cluster's warnings about some objects, newest first. */
export function warningsAbout(
  objects: readonly KubeObject[],
  ctx: ReconcileContext,
): WarningEvent[] {
  const events = cacheOf(ctx.caches, "Event");
  const found = objects.flatMap((object) =>
    events.ownedBy(object.metadata.uid ?? "") as readonly WarningEvent[]
  );
  return [...found].sort((a, b) => lastSeen(b).localeCompare(lastSeen(a)));
}

/** What an event is kept as: indexed by what it is about, through the owner index that every cache has. */
export function projectedWarning(event: KubeObject): KubeObject {
  const { reason, message, involvedObject, lastTimestamp, eventTime } = event as WarningEvent & {
    readonly lastTimestamp?: string;
    readonly eventTime?: string;
  };
  const { name, namespace, uid, resourceVersion } = event.metadata;
  const about = {
    apiVersion: "v1",
    kind: "",
    name: "",
    ...involvedObject,
    uid: involvedObject?.uid ?? "",
  };
  return {
    apiVersion: event.apiVersion,
    kind: event.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ownerReferences: [{ ...about, controller: true }],
    },
    reason,
    message,
    involvedObject,
    lastSeen: lastTimestamp ?? eventTime ?? "",
  };
}

/** The mesh that a component belongs to. */
export function meshKeyOf(component: KubeObject): ObjectKey | undefined {
  const controller = controllerOf(component);
  if (!isComponent(component) || controller?.kind !== "FunctionMesh") return undefined;
  return { namespace: component.metadata.namespace ?? "", name: controller.name };
}

/** Annotations of a mesh that count for its children too (U12). */
const INHERITED = [ANNOTATIONS.managed, ANNOTATIONS.pauseRollout, ANNOTATIONS.rollout];

/**
 * A component with those annotations of its mesh that count for the children too and that it does not have itself. So
 * a mesh is paused, left alone or rolled out as a whole, and no child has to be written for it.
 */
export function withMeshAnnotations<T extends KubeObject>(
  component: T,
  ctx: Pick<ReconcileContext, "caches">,
): T {
  const mesh = meshOf(component, ctx)?.metadata.annotations ?? {};
  const own = component.metadata.annotations ?? {};
  const missing = INHERITED.filter((name) => mesh[name] !== undefined && own[name] === undefined);
  if (missing.length === 0) return component;
  const inherited = Object.fromEntries(missing.map((name) => [name, mesh[name]]));
  return {
    ...component,
    metadata: { ...component.metadata, annotations: { ...inherited, ...own } },
  };
}

/** Whether an edit of a mesh changed what its children inherit. */
export function isInheritanceChanged(
  before: KubeObject | undefined,
  after: KubeObject | undefined,
): boolean {
  return INHERITED.some((name) =>
    before?.metadata.annotations?.[name] !== after?.metadata.annotations?.[name]
  );
}

/** The mesh that a component belongs to, where it is still that one. */
export function meshOf(
  component: KubeObject,
  ctx: Pick<ReconcileContext, "caches">,
): KubeObject | undefined {
  const key = meshKeyOf(component);
  const mesh = key === undefined ? undefined : ctx.caches.FunctionMesh?.get(key);
  return mesh?.metadata.uid === controllerOf(component)?.uid ? mesh : undefined;
}

function lastSeen(event: WarningEvent): string {
  return event.lastSeen ?? "";
}
