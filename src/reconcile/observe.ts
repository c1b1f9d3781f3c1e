import { ANNOTATIONS, type Component, type ComponentKind, problems, withDefaults } from "#api";
import {
  conditionOf,
  controllerOf,
  idOf,
  idText,
  keyOf,
  type KubeObject,
  type ObjectKey,
  withoutValues,
} from "#base";
import type { Problem } from "#base";
import {
  cleanupJobName,
  desiredChildren,
  type Facts,
  podAccountProblems,
  statefulSetName,
} from "#desired";
import type { CacheOutage } from "#kube";
import { authoredComponent, isCountedReady, isTargetOf, type Pod, type WarningEvent } from "#plan";
import type { Look } from "./act.ts";
import { factsFor, podsOf, warningsAbout, withMeshAnnotations } from "./cached_facts.ts";
import { type CachedKind, cacheOf, type Effects, type ReconcileContext } from "./context.ts";
import { privateValues } from "./discreet_cluster.ts";

/** Kinds that a component may own. */
const CHILD_KINDS: readonly CachedKind[] = [
  "StatefulSet",
  "Service",
  "HorizontalPodAutoscaler",
  "VerticalPodAutoscaler",
];

/** Kinds without which nothing can be said of a component, besides its own. */
const NEEDED_KINDS: readonly CachedKind[] = [...CHILD_KINDS, "BackendConfig", "Job", "Pod"];

/** What a pass found of an object that has a reconciler: told apart by `at`. */
export type Observed<T> =
  | { readonly at: "gone" }
  /** An annotation says that it is to be left alone. */
  | { readonly at: "unmanaged" }
  | { readonly at: "leaving"; readonly stored: KubeObject }
  /** A cache is known to be behind: whatever would be done or said of the object may be wrong. */
  | { readonly at: "unknown"; readonly stored: KubeObject; readonly outage: KindOutage }
  | T;

/** A cache that is behind. */
export interface KindOutage extends CacheOutage {
  readonly kind: CachedKind;
}

/** Everything that a pass knows of a component before it decides. */
export interface ObservedComponent {
  readonly at: "present";
  /** As it is stored, with the annotations that it inherits from its mesh. */
  readonly stored: Component;
  /** As its author wrote it. */
  readonly authored: Component;
  readonly problems: readonly Problem[];
  readonly facts: Facts;
  /** What it becomes; empty with problems. */
  readonly desired: readonly KubeObject[];
  /** Live objects that it controls or that have a desired name. */
  readonly live: readonly KubeObject[];
  readonly statefulSet: KubeObject | undefined;
  readonly pods: readonly Pod[];
  /** The cluster's warnings about the StatefulSet and its pods. */
  readonly warnings: readonly WarningEvent[];
  readonly cleanupJob: KubeObject | undefined;
  /** Autoscalers of others that change the replicas of the StatefulSet. */
  readonly autoscalers: readonly KubeObject[];
}

/** Reads what a pass over a component decides on: from caches, and from the API server what these cannot know. */
export async function observeComponent(
  kind: ComponentKind,
  key: ObjectKey,
  { ctx, isAsked, signal }: Effects & Look,
): Promise<Observed<ObservedComponent>> {
  const cached = cacheOf(ctx.caches, kind).get(key) as Component | undefined;
  if (cached === undefined) return { at: "gone" };
  const stored = withMeshAnnotations(cached, ctx);
  const isLeaving = stored.metadata.deletionTimestamp !== undefined;
  const isUnmanaged = stored.metadata.annotations?.[ANNOTATIONS.managed] === "false";
  if (isUnmanaged && !isLeaving) return { at: "unmanaged" };
  const outage = outageOf([kind, "FunctionMesh", ...NEEDED_KINDS], ctx);
  if (outage !== undefined) return { at: "unknown", stored, outage };
  if (isLeaving) return { at: "leaving", stored };
  const { namespace = "" } = stored.metadata;
  const authored = authoredComponent(stored, ownedAutoscaling(stored, ctx));
  const facts = factsFor(stored, ctx);
  const { desired, found } = wantedChildren(authored, facts, ctx);
  const { isFresh, statefulSet } = await observeStatefulSet(stored, { ctx, signal });
  const children = found.length > 0
    ? []
    : await liveChildren(stored, desired, { ctx, isAsked, kinds: CHILD_KINDS, signal });
  // One that lost its labels is in no cache, and still there.
  const live = isFresh ? withObserved(children, stored, statefulSet) : children;
  const isGone = isRecreation(stored, desired, live) &&
    !await isStillThere(stored, { ctx, signal });
  if (isGone) return { at: "gone" };
  const pods = podsOf(statefulSet, ctx);
  return {
    at: "present",
    stored,
    authored,
    problems: found,
    facts,
    desired,
    live,
    statefulSet,
    pods,
    warnings: discreetWarnings(statefulSet === undefined ? pods : [statefulSet, ...pods], {
      ctx,
      statefulSet,
    }),
    cleanupJob: cacheOf(ctx.caches, "Job").get({ namespace, name: cleanupJobName(stored) }),
    autoscalers: autoscalersOf(statefulSet, stored, ctx),
  };
}

/** Warnings without the values of a StatefulSet: each is looked through once, not in every pass. */
const discreet = new WeakMap<
  WarningEvent,
  { readonly about: string; readonly said: WarningEvent }
>();

/** What the cluster's controllers say repeats what API servers told them. */
function discreetWarnings(
  objects: readonly KubeObject[],
  { ctx, statefulSet }: {
    readonly ctx: ReconcileContext;
    readonly statefulSet: KubeObject | undefined;
  },
): WarningEvent[] {
  const warnings = warningsAbout(objects, ctx);
  if (statefulSet === undefined) return warnings;
  // What may be private of it changes with its generation only.
  const { generation, uid } = statefulSet.metadata;
  const about = `${uid} ${generation}`;
  let values: readonly string[] | undefined;
  return warnings.map((warning) => {
    if (warning.message === undefined) return warning;
    const known = discreet.get(warning);
    if (known?.about === about) return known.said;
    values ??= privateValues(statefulSet);
    const message = withoutValues(warning.message, values);
    const said = message === warning.message ? warning : { ...warning, message };
    if (generation !== undefined) discreet.set(warning, { about, said });
    return said;
  });
}

/** What a component becomes; nothing where something is wrong with it. */
function wantedChildren(
  authored: Component,
  facts: Facts,
  { settings }: ReconcileContext,
): { readonly desired: readonly KubeObject[]; readonly found: readonly Problem[] } {
  const found = problems(authored);
  if (found.length > 0) return { desired: [], found };
  const desired = desiredChildren(withDefaults(authored), facts, settings);
  const refused = podAccountProblems(desired, settings);
  return refused.length > 0 ? { desired: [], found: refused } : { desired, found };
}

/**
 * The StatefulSet of a component. From the cache, unless that would make the component ready that was not: a word that
 * others act on is said of what the API server itself shows, however far behind a cache is.
 */
async function observeStatefulSet(
  stored: Component,
  { ctx, signal }: Effects,
): Promise<{ readonly statefulSet: KubeObject | undefined; readonly isFresh: boolean }> {
  const cache = cacheOf(ctx.caches, "StatefulSet");
  const key = { namespace: stored.metadata.namespace ?? "", name: statefulSetName(stored) };
  const cached = cache.get(key);
  if (cached === undefined || !isCountedReady(cached) || isSaidReady(stored)) {
    return { statefulSet: cached, isFresh: false };
  }
  return { statefulSet: await ctx.cluster.get(cache.type, key, signal), isFresh: true };
}

function isSaidReady({ metadata, status }: Component): boolean {
  const ready = conditionOf(status?.conditions, "Ready");
  return ready?.status === "True" && ready.observedGeneration === metadata.generation;
}

/** The children with the StatefulSet as it was seen last. */
function withObserved(
  children: readonly KubeObject[],
  component: Component,
  statefulSet: KubeObject | undefined,
): KubeObject[] {
  const isIt = ({ kind, metadata }: KubeObject) =>
    kind === "StatefulSet" && metadata.name === statefulSetName(component);
  return children.flatMap((child) => isIt(child) ? statefulSet ?? [] : child);
}

/** The first cache that is behind. */
export function outageOf(
  kinds: readonly CachedKind[],
  { caches }: Pick<ReconcileContext, "caches">,
): KindOutage | undefined {
  for (const kind of kinds) {
    const outage = caches[kind]?.outage;
    if (outage !== undefined) return { ...outage, kind };
  }
  return undefined;
}

/** What tells the author's number of replicas from those of the component's own autoscaler. */
function ownedAutoscaling(stored: Component, { caches }: ReconcileContext): KubeObject[] {
  return (["HorizontalPodAutoscaler", "StatefulSet"] as const)
    .flatMap((kind) => cacheOf(caches, kind).ownedBy(stored.metadata.uid ?? ""));
}

/** Autoscalers that are not the component's own. */
function autoscalersOf(
  statefulSet: KubeObject | undefined,
  { metadata }: Component,
  { caches }: ReconcileContext,
): KubeObject[] {
  if (statefulSet === undefined) return [];
  return cacheOf(caches, "HorizontalPodAutoscaler").list(metadata.namespace)
    .filter((autoscaler) =>
      controllerOf(autoscaler)?.uid !== metadata.uid && isTargetOf(autoscaler, statefulSet)
    );
}

/**
 * The live objects to plan with: those that `owner` controls, and whatever has a desired name. What the caches do not
 * hold is asked for where a pass found that something is there.
 */
export async function liveChildren(
  owner: KubeObject,
  desired: readonly KubeObject[],
  { ctx, isAsked, kinds, signal }: Effects & Look & { readonly kinds: readonly CachedKind[] },
): Promise<KubeObject[]> {
  const live = new Map<string, KubeObject>();
  for (const kind of kinds) {
    for (const object of ctx.caches[kind]?.ownedBy(owner.metadata.uid ?? "") ?? []) {
      live.set(idText(idOf(object)), object);
    }
  }
  for (const object of desired) {
    const id = idText(idOf(object));
    if (live.has(id)) continue;
    const found = await liveObject(object, { ctx, isAsked, signal });
    if (found !== undefined) live.set(id, found);
  }
  return [...live.values()];
}

async function liveObject(
  object: KubeObject,
  { ctx, isAsked, signal }: Effects & Look,
): Promise<KubeObject | undefined> {
  const cache = ctx.caches[object.kind as CachedKind];
  const cached = cache?.get(keyOf(object));
  if (cache === undefined || cached !== undefined || !isAsked) return cached;
  return await ctx.cluster.get(cache.type, keyOf(object), signal);
}

/**
 * Whether a child is missing of an owner that somebody has acted on. Its deletion takes its children along, and a cache
 * may show it for a moment longer: made again, they would be collected again.
 */
export function isRecreation(
  owner: KubeObject,
  desired: readonly KubeObject[],
  live: readonly KubeObject[],
): boolean {
  const { observedGeneration } = (owner.status ?? {}) as { readonly observedGeneration?: number };
  const there = new Set(live.map((object) => idText(idOf(object))));
  return observedGeneration === owner.metadata.generation &&
    desired.some((object) => !there.has(idText(idOf(object))));
}

/** Asks the API server whether an object is still there, and not on its way out. */
export async function isStillThere(
  object: KubeObject,
  { ctx, signal }: Effects,
): Promise<boolean> {
  const { type } = cacheOf(ctx.caches, object.kind as CachedKind);
  const live = await ctx.cluster.get(type, keyOf(object), signal);
  return live !== undefined && live.metadata.uid === object.metadata.uid &&
    live.metadata.deletionTimestamp === undefined;
}
