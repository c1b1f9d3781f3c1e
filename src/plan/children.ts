import { ANNOTATIONS, isComponent } from "#api";
import {
  contentHash,
  controllerOf,
  idOf,
  idText,
  type KubeObject,
  type ObjectId,
  sameJson,
} from "#base";
import { differences } from "./drift.ts";
import { type HeldTemplate, type RolledOut, withRollout } from "./held_template.ts";
import { adoptedChild } from "./adopted_child.ts";
import { withPartlyMark } from "./applied_mark.ts";
import {
  withDeclaredReplicas,
  withLiveReplicas,
  withoutReplicas,
  withScaledReplicas,
} from "./replicas.ts";
import type { RolloutInputs } from "./rollout.ts";

/** One write that brings the cluster closer to what is desired. */
export type Step =
  | {
    readonly action: "apply";
    readonly object: KubeObject;
    /** Why: the object was absent, what is desired changed, or somebody changed the live object. */
    readonly why: "absent" | "changed" | "drifted";
    /** The fields that differ; empty for an absent object. */
    readonly paths: readonly string[];
    /** The live object that the step was planned on. */
    readonly live?: KubeObject;
    /** Write only these members, as a merge patch: the object is no whole one, as its pod template is held. */
    readonly isPartial?: true;
  }
  | {
    readonly action: "remove";
    readonly id: ObjectId;
    readonly uid: string;
    /** `Orphan`: its pods go on running, as it is made anew with fields that cannot be changed, and adopts them. */
    readonly propagation?: "Background" | "Foreground" | "Orphan";
  };

/** Desired against live, for the children of one owner. */
export interface ChildrenLook {
  readonly owner: KubeObject;
  readonly desired: readonly KubeObject[];
  /** Live objects: those that `owner` controls, and those that have a desired name whoever controls them. */
  readonly live: readonly KubeObject[];
  /** By uid of a live object: {@linkcode settledMark} of what an apply was found not to change. */
  readonly settled: ReadonlyMap<string, string>;
  /** For an owner of a StatefulSet: what may reach its pods. */
  readonly rollout?: RolloutInputs;
  /** For an owner of a StatefulSet: what its annotation says that asks to make the StatefulSet anew. */
  readonly recreate?: string;
  /** Uids of live children whose replicas somebody else chooses: see {@linkcode mayBeScaled}. */
  readonly scaled?: ReadonlySet<string>;
  /** For a mesh: it was edited since somebody last acted on it. */
  readonly isOwnerNew?: boolean;
}

/** What to do about the children of one owner. */
export interface ChildrenPlan {
  readonly steps: readonly Step[];
  /** Live objects that stand in the way: they belong to somebody else and are left alone (W-24). */
  readonly foreign: readonly ForeignChild[];
  /** Fields that cannot be changed on a live object and were kept as they are (W-58). */
  readonly immutable: readonly string[];
  /** The pod template that is not rolled out for now. */
  readonly held?: HeldTemplate;
}

export interface ForeignChild {
  readonly id: ObjectId;
  /** Who controls it, in words. */
  readonly holder: string;
}

/**
 * The writes that make the live children equal to the desired ones; none where nothing differs.
 *
 * # Guarantees
 * Objects that another object controls, or that nobody controls and that do not carry our labels, are never touched.
 * Objects being deleted are waited for. Steps come in the order of `desired`, removals last.
 */
export function planChildren(look: ChildrenLook): ChildrenPlan {
  const liveById = new Map(look.live.map((object) => [idText(idOf(object)), object]));
  const plans = look.desired.map((desired) => {
    const live = liveById.get(idText(idOf(desired)));
    liveById.delete(idText(idOf(desired)));
    return planChild(asAsked(desired, look), live, look);
  });
  const held = plans.find((plan) => plan.held !== undefined)?.held;
  return {
    steps: [...plans.flatMap(({ steps }) => steps), ...removals(liveById.values(), look.owner)],
    foreign: plans.flatMap(({ foreign }) => foreign),
    immutable: plans.flatMap(({ immutable }) => immutable),
    ...(held === undefined ? {} : { held }),
  };
}

/** What to do about nothing. */
const NOTHING: ChildrenPlan = { steps: [], foreign: [], immutable: [] };

/** The plan for one child. */
function planChild(
  desired: KubeObject,
  live: KubeObject | undefined,
  look: ChildrenLook,
): ChildrenPlan {
  const rolled = rolledOut(desired, live, look.rollout);
  const object = withHash(withNote(rolled.object));
  if (live === undefined) {
    return { ...NOTHING, steps: [{ action: "apply", object, why: "absent", paths: [] }] };
  }
  if (!belongsTo(live, look.owner, desired)) {
    return { ...NOTHING, foreign: [{ id: idOf(live), holder: holderOf(live) }] };
  }
  const { held } = rolled;
  const plan = { ...NOTHING, ...(held === undefined ? {} : { held }) };
  if (live.metadata.deletionTimestamp !== undefined) return plan;
  const adopted = adoptedChild(object, live, look.isOwnerNew ?? true);
  if (adopted !== undefined) return { ...plan, steps: partialSteps(adopted, live) };
  const kept = withImmutableKept(held === undefined ? object : desired, live);
  const immutable = kept.paths.map((path) => `${live.kind} ${path}`);
  const isScaled = look.scaled?.has(live.metadata.uid ?? "") === true;
  if (held !== undefined) {
    const partial = isScaled ? withoutReplicas(rolled.object) : rolled.object;
    return { ...plan, immutable, steps: partialSteps(partial, live) };
  }
  if (immutable.length > 0 && isRecreationAsked(desired, live)) {
    const { uid = "" } = live.metadata;
    return { ...plan, steps: [{ action: "remove", id: idOf(live), uid, propagation: "Orphan" }] };
  }
  const wanted = isComponent(desired)
    ? withScaledReplicas(kept.object, live, { isScaled })
    : isScaled
    ? withLiveReplicas(kept.object, live)
    : kept.object;
  const step = changeStep(wanted, live, look.settled);
  return { ...plan, immutable, steps: step === undefined ? [] : [step] };
}

/** A child of a mesh may be scaled by others; a StatefulSet of a component has the number of its component. */
function withNote(object: KubeObject): KubeObject {
  return isComponent(object) ? withDeclaredReplicas(object) : object;
}

/** Live objects of the owner that nobody wants any more. */
function removals(rest: Iterable<KubeObject>, owner: KubeObject): Step[] {
  return [...rest].flatMap((live): Step[] => {
    const { uid, deletionTimestamp } = live.metadata;
    const isOurs = controllerOf(live)?.uid === owner.metadata.uid;
    return isOurs && uid !== undefined && deletionTimestamp === undefined
      ? [{ action: "remove", id: idOf(live), uid }]
      : [];
  });
}

/** The StatefulSet with a note of the request to make it anew that it answers. */
function asAsked(desired: KubeObject, { recreate }: ChildrenLook): KubeObject {
  if (recreate === undefined || desired.kind !== "StatefulSet") return desired;
  const annotations = { ...desired.metadata.annotations, [ANNOTATIONS.recreate]: recreate };
  return { ...desired, metadata: { ...desired.metadata, annotations } };
}

function isRecreationAsked(desired: KubeObject, live: KubeObject): boolean {
  const asked = desired.metadata.annotations?.[ANNOTATIONS.recreate];
  return asked !== undefined && live.metadata.uid !== undefined &&
    asked !== live.metadata.annotations?.[ANNOTATIONS.recreate];
}

function rolledOut(
  desired: KubeObject,
  live: KubeObject | undefined,
  rollout: RolloutInputs | undefined,
): RolledOut {
  return rollout === undefined || desired.kind !== "StatefulSet"
    ? { object: desired }
    : withRollout(desired, live, rollout);
}

/** The write of what is not held back. */
function partialSteps(object: KubeObject, live: KubeObject): Step[] {
  const paths = differences(live, object);
  if (paths.length === 0) return [];
  const named = paths.filter(isWorthNaming);
  const part = withPartlyMark(object, live);
  return [{ action: "apply", object: part, why: "changed", paths: named, live, isPartial: true }];
}

/** All annotations of children are notes of our own. */
function isWorthNaming(path: string): boolean {
  return !path.startsWith("metadata.annotations");
}

/**
 * A mark of "applying this object to that live one changes nothing", for cases where {@linkcode differences} cannot
 * see that two spellings are the same. It ends as soon as either side changes.
 */
export function settledMark(object: KubeObject, live: KubeObject): string {
  const { labels, annotations, ownerReferences } = live.metadata;
  return contentHash([object, labels, annotations, ownerReferences, live.spec]);
}

function changeStep(
  object: KubeObject,
  live: KubeObject,
  settled: ReadonlyMap<string, string>,
): Step | undefined {
  const paths = differences(live, object);
  if (paths.length === 0) return undefined;
  const mark = settled.get(live.metadata.uid ?? "");
  if (mark !== undefined && mark === settledMark(object, live)) return undefined;
  const wasApplied = live.metadata.annotations?.[ANNOTATIONS.appliedHash] ===
    object.metadata.annotations?.[ANNOTATIONS.appliedHash];
  return {
    action: "apply",
    object,
    why: wasApplied ? "drifted" : "changed",
    paths: paths.filter(isWorthNaming),
    live,
  };
}

/**
 * The object with the hash of itself. With it, a member that is no longer desired is noticed although the live object
 * still "covers" the rest, and drift can be told from change.
 */
function withHash(object: KubeObject): KubeObject {
  const annotations = {
    ...object.metadata.annotations,
    [ANNOTATIONS.appliedHash]: contentHash(object),
  };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function belongsTo(live: KubeObject, owner: KubeObject, desired: KubeObject): boolean {
  const controller = controllerOf(live);
  if (controller !== undefined) return controller.uid === owner.metadata.uid;
  // Nobody controls it: take it back only if its labels say that it was made for this very resource.
  const labels = Object.entries(desired.metadata.labels ?? {});
  return labels.length > 0 &&
    labels.every(([name, value]) => live.metadata.labels?.[name] === value);
}

function holderOf(live: KubeObject): string {
  const controller = controllerOf(live);
  return controller === undefined
    ? "nobody (it has no controller reference and lacks the labels of this resource)"
    : `${controller.kind} ${controller.name} (uid ${controller.uid})`;
}

/** Members of a StatefulSet's spec that an API server never lets change. */
const IMMUTABLE = ["podManagementPolicy", "selector", "serviceName", "volumeClaimTemplates"];

/** The part of a StatefulSet's spec that its own selector has to agree with. */
interface Selecting {
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly template?: {
    readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  };
}

/**
 * The object with the live values of fields that cannot change, and the paths where that made a difference. The pods
 * get the labels of the selector that stays, or the API server would refuse the whole object.
 */
function withImmutableKept(
  object: KubeObject,
  live: KubeObject,
): { readonly object: KubeObject; readonly paths: readonly string[] } {
  if (object.kind !== "StatefulSet") return { object, paths: [] };
  const spec = object.spec as Record<string, unknown>;
  const liveSpec = live.spec as Record<string, unknown>;
  const changed = IMMUTABLE.filter((member) => !sameImmutable(liveSpec, spec, member));
  if (changed.length === 0) return { object, paths: [] };
  const members = {
    ...spec,
    ...Object.fromEntries(changed.map((name) => [name, liveSpec[name]])),
  };
  const kept = withSelectedLabels(Object.fromEntries(
    Object.entries(members).filter(([_, value]) => value !== undefined),
  ));
  return { object: { ...object, spec: kept }, paths: changed.map((member) => `spec.${member}`) };
}

/** Unlike elsewhere, more on the live side is a difference: nothing can be taken away either. */
function sameImmutable(
  live: Record<string, unknown>,
  desired: Record<string, unknown>,
  member: string,
): boolean {
  if (differences(live[member], desired[member]).length > 0) return false;
  if (member === "volumeClaimTemplates") {
    return listLength(live[member]) === listLength(desired[member]);
  }
  return member !== "selector" || sameJson(matchLabels(live), matchLabels(desired));
}

function withSelectedLabels(spec: Record<string, unknown>): Record<string, unknown> {
  const { template } = spec as Selecting;
  const labels = { ...template?.metadata?.labels, ...matchLabels(spec) };
  return { ...spec, template: { ...template, metadata: { ...template?.metadata, labels } } };
}

function matchLabels(spec: Selecting): Readonly<Record<string, string>> {
  return spec.selector?.matchLabels ?? {};
}

function listLength(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}
