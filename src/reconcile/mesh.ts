import { ANNOTATIONS, type FunctionMesh, problems } from "#api";
import {
  afterDelay,
  AWAIT_CHANGE,
  controllerOf,
  idOf,
  idText,
  type KubeObject,
  type Next,
  type ObjectKey,
  type Problem,
  soonest,
  timestamp,
} from "#base";
import { meshChildren } from "#desired";
import {
  type ChildrenPlan,
  isScaled,
  isTargetOf,
  mayBeScaled,
  type MeshComponent,
  meshComponents,
  meshStatus,
  planChildren,
  replicasOf,
  withDeclaredReplicas,
} from "#plan";
import {
  act,
  type Look,
  lookingTwice,
  type Outcome,
  queueError,
  throwIfNamespaceEnds,
} from "./act.ts";
import { FOREIGN_RECHECK_MS } from "./component.ts";
import { type CachedKind, cacheOf, type Effects, FIELD_MANAGER } from "./context.ts";
import { discreetEffects } from "./discreet_cluster.ts";
import { meshFindings } from "./mesh_findings.ts";
import { isRecreation, isStillThere, liveChildren, type Observed, outageOf } from "./observe.ts";
import { recordStatus } from "./record.ts";
import { recordUnknown } from "./unknown.ts";

const CHILD_KINDS: readonly CachedKind[] = ["Function", "Source", "Sink"];

/** Kinds without which nothing can be said of a mesh. */
const NEEDED_KINDS: readonly CachedKind[] = [
  "FunctionMesh",
  ...CHILD_KINDS,
  "HorizontalPodAutoscaler",
];

/**
 * Brings the children of one FunctionMesh to what it lists, and its status to one line a component.
 *
 * An item that is invalid, or whose child belongs to somebody else, is reported and keeps no other from being applied
 * (W-9, W-15, W-16, W-24); its child, if it runs, goes on running. Children that left the mesh are found by their
 * owner reference (W-18).
 *
 * @throws what a failed write threw, for the queue to try again
 */
export async function reconcileMesh(key: ObjectKey, given: Effects): Promise<Next> {
  return await lookingTwice((look) => passOver(key, given, look));
}

async function passOver(key: ObjectKey, given: Effects, look: Look): Promise<Next> {
  const effects = discreetEffects(given, cacheOf(given.ctx.caches, "FunctionMesh").get(key));
  const seen = await observeMesh(key, { ...effects, ...look });
  switch (seen.at) {
    case "gone":
      effects.ctx.metrics.forget("FunctionMesh", key);
      return AWAIT_CHANGE;
    case "unmanaged":
    case "leaving":
      return AWAIT_CHANGE;
    case "unknown":
      return await recordUnknown(seen.stored, seen.outage, effects);
    case "present": {
      const plan = planMesh(seen, effects.ctx.settled);
      const outcome = await act({ ...plan, ...look }, seen.mesh, effects);
      return await recordMesh({ seen, plan, outcome }, effects);
    }
    default:
      return seen satisfies never;
  }
}

/** Everything that a pass knows of a mesh before it decides. */
interface ObservedMesh {
  readonly at: "present";
  readonly mesh: FunctionMesh;
  readonly components: readonly MeshComponent[];
  /** Problems of the mesh that belong to no single component. */
  readonly problems: readonly Problem[];
  /** Children to be there; those of invalid items are left as they are. */
  readonly desired: readonly KubeObject[];
  /** Live objects that the mesh controls or that have the name of a child. */
  readonly live: readonly KubeObject[];
  /** Uids of children whose replicas somebody else chooses. */
  readonly scaled: ReadonlySet<string>;
}

async function observeMesh(
  key: ObjectKey,
  effects: Effects & Look,
): Promise<Observed<ObservedMesh>> {
  const { ctx, isAsked, signal } = effects;
  const mesh = cacheOf(ctx.caches, "FunctionMesh").get(key) as FunctionMesh | undefined;
  if (mesh === undefined) return { at: "gone" };
  if (mesh.metadata.annotations?.[ANNOTATIONS.managed] === "false") return { at: "unmanaged" };
  if (mesh.metadata.deletionTimestamp !== undefined) return { at: "leaving", stored: mesh };
  const outage = outageOf(NEEDED_KINDS, ctx);
  if (outage !== undefined) return { at: "unknown", stored: mesh, outage };
  const { components, rest } = meshComponents(mesh, problems(mesh));
  const invalid = new Set(components.filter((one) => one.problems.length > 0).map(componentId));
  const desired = meshChildren(mesh).filter((child) => !invalid.has(childId(child)));
  const live = await liveChildren(mesh, desired, {
    ctx,
    isAsked,
    kinds: CHILD_KINDS,
    signal,
  });
  if (isRecreation(mesh, desired, live) && !await isStillThere(mesh, effects)) {
    return { at: "gone" };
  }
  return {
    at: "present",
    mesh,
    components: components.map((component) => ({
      ...component,
      live: cacheOf(ctx.caches, component.kind as CachedKind).get({
        namespace: component.namespace,
        name: component.child,
      }),
    })),
    problems: rest,
    desired,
    live,
    scaled: await scaledChildren(desired, live, effects),
  };
}

/** The children whose live number of replicas is not what the mesh declares, and came by an autoscaler or a scale. */
async function scaledChildren(
  desired: readonly KubeObject[],
  live: readonly KubeObject[],
  effects: Effects,
): Promise<Set<string>> {
  const liveById = new Map(live.map((child) => [childId(child), child]));
  const scaled = new Set<string>();
  for (const child of desired) {
    const found = liveById.get(childId(child));
    if (found === undefined || !mayBeScaled(withDeclaredReplicas(child), found)) continue;
    if (await isScaledByOthers(found, effects)) scaled.add(found.metadata.uid ?? "");
  }
  return scaled;
}

async function isScaledByOthers(child: KubeObject, { ctx, signal }: Effects): Promise<boolean> {
  const { generation = 0, namespace, uid = "" } = child.metadata;
  const autoscalers = cacheOf(ctx.caches, "HorizontalPodAutoscaler").list(namespace);
  if (autoscalers.some((autoscaler) => isTargetOf(autoscaler, child))) return true;
  const known = ctx.scaled.get(uid);
  if (known?.generation === generation) return known.isScaled;
  const managed = await ctx.cluster.managedFields(idOf(child), signal);
  const facts = { replicas: replicasOf(child), own: [FIELD_MANAGER] };
  const answer = { generation, isScaled: isScaled(managed?.fields ?? [], facts) };
  ctx.scaled.set(uid, answer);
  return answer.isScaled;
}

function planMesh(
  { mesh, components, desired, live, scaled }: ObservedMesh,
  settled: ReadonlyMap<string, string>,
): ChildrenPlan {
  const invalid = new Set(components.filter((one) => one.problems.length > 0).map(componentId));
  return planChildren({
    owner: mesh,
    desired,
    live: live.filter((child) => !invalid.has(childId(child))),
    settled,
    scaled,
    isOwnerNew: mesh.status?.observedGeneration !== mesh.metadata.generation,
  });
}

interface MeshPass {
  readonly seen: ObservedMesh;
  readonly plan: ChildrenPlan;
  readonly outcome: Outcome;
}

async function recordMesh(pass: MeshPass, effects: Effects): Promise<Next> {
  const { seen, plan, outcome } = pass;
  const { mesh } = seen;
  throwIfNamespaceEnds(mesh, outcome);
  const status = meshStatus({
    mesh,
    components: withOutcome(pass),
    problems: seen.problems,
    leaving: leavingNames(seen),
    failures: outcome.failures,
    findings: meshFindings({ ...seen, foreign: plan.foreign }, effects.ctx),
    now: timestamp(effects.ctx.clock.now()),
  });
  const isUrgent = outcome.error !== undefined;
  const next = await recordStatus(mesh, { status, isUrgent }, effects);
  if (outcome.error !== undefined) throw queueError(mesh, outcome);
  return plan.foreign.length > 0 ? soonest(next, afterDelay(FOREIGN_RECHECK_MS)) : next;
}

/** The components with what became of them; a child that was written is as the API server answered it. */
function withOutcome({ seen, plan, outcome }: MeshPass): MeshComponent[] {
  const written = new Map(outcome.applied.map((child) => [childId(child), child]));
  return seen.components.map((component) => ({
    ...component,
    live: written.get(componentId(component)) ?? component.live,
    foreign: plan.foreign.find((child) => idText(child.id) === componentId(component)),
    failure: outcome.failures.find((failure) => failure.object === componentId(component)),
  }));
}

/** Children that are still there although no item names them. */
function leavingNames({ mesh, components, live }: ObservedMesh): string[] {
  const wanted = new Set(components.map(componentId));
  return live
    .filter((child) => controllerOf(child)?.uid === mesh.metadata.uid)
    .filter((child) => !wanted.has(childId(child)))
    .map((child) => `${child.kind} ${child.metadata.name}`);
}

function componentId({ kind, namespace, child }: MeshComponent): string {
  return idText({ kind, namespace, name: child });
}

function childId(child: KubeObject): string {
  return idText(idOf(child));
}
