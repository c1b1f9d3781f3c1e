import { ANNOTATIONS, type FunctionMesh, problems } from "#api";
import {
  afterDelay,
  AWAIT_CHANGE,
  idOf,
  idText,
  type KubeObject,
  type Next,
  type ObjectKey,
  soonest,
  timestamp,
} from "#base";
import { meshChildren } from "#desired";
import { type ChildrenPlan, type MeshItem, meshItems, meshStatus, planChildren } from "#plan";
import { act, type Outcome, queueError, throwIfTerminating } from "./act.ts";
import { type Effects, FOREIGN_RECHECK_MS } from "./component.ts";
import { type CachedKind, cacheOf, type ReconcileContext } from "./context.ts";
import { liveChildren } from "./look.ts";
import { report } from "./report.ts";

const CHILD_KINDS: readonly CachedKind[] = ["Function", "Source", "Sink"];

/**
 * Brings the children of one FunctionMesh to what it lists, and its status to one line a component.
 *
 * An item that is invalid, or whose child belongs to somebody else, is reported and keeps no other from being applied
 * (W-9, W-15, W-16, W-24); its child, if it runs, goes on running. Children that left the mesh are found by their
 * owner reference (W-18).
 *
 * @throws what a failed write threw, for the queue to try again
 */
export async function reconcileMesh(key: ObjectKey, { ctx, signal }: Effects): Promise<Next> {
  const mesh = cacheOf(ctx.caches, "FunctionMesh").get(key) as FunctionMesh | undefined;
  if (mesh === undefined) {
    ctx.metrics.forget("FunctionMesh", key);
    return AWAIT_CHANGE;
  }
  const isManaged = mesh.metadata.annotations?.[ANNOTATIONS.managed] !== "false";
  if (!isManaged || mesh.metadata.deletionTimestamp !== undefined) return AWAIT_CHANGE;
  const { items, rest } = meshItems(mesh, problems(mesh));
  const plan = await planOf(mesh, items, { ctx, signal });
  const outcome = await act(plan.steps, mesh, { ctx, signal });
  throwIfTerminating(mesh, outcome);
  const filled = withOutcome(items, { plan, outcome, ctx });
  const status = meshStatus({
    mesh,
    items: filled,
    problems: rest,
    leaving: leavingNames(mesh, items, ctx),
    failures: outcome.failures,
    now: timestamp(ctx.clock.now()),
  });
  const urgent = outcome.error !== undefined;
  const next = await report(mesh, { status, urgent }, { ctx, signal });
  if (outcome.error !== undefined) throw queueError(mesh, outcome);
  return plan.foreign.length > 0 ? soonest(next, afterDelay(FOREIGN_RECHECK_MS)) : next;
}

async function planOf(
  mesh: FunctionMesh,
  items: readonly MeshItem[],
  { ctx, signal }: Effects,
): Promise<ChildrenPlan> {
  const invalid = new Set(items.filter((item) => item.problems.length > 0).map(itemId));
  const desired = meshChildren(mesh).filter((child) => !invalid.has(childId(child)));
  const live = await liveChildren(mesh, desired, { ctx, kinds: CHILD_KINDS, signal });
  const touchable = live.filter((child) => !invalid.has(childId(child)));
  const isOwnerNew = mesh.status?.observedGeneration !== mesh.metadata.generation;
  return planChildren({ owner: mesh, desired, live: touchable, settled: ctx.settled, isOwnerNew });
}

function withOutcome(
  items: readonly MeshItem[],
  { plan, outcome, ctx }: {
    readonly plan: ChildrenPlan;
    readonly outcome: Outcome;
    readonly ctx: ReconcileContext;
  },
): MeshItem[] {
  return items.map((item) => ({
    ...item,
    live: cacheOf(ctx.caches, item.kind as CachedKind).get({
      namespace: item.namespace,
      name: item.child,
    }),
    foreign: plan.foreign.find((child) => idText(child.id) === itemId(item)),
    failure: outcome.failures.find((failure) => failure.object === itemId(item)),
  }));
}

/** Children that are still there although no item names them. */
function leavingNames(
  mesh: KubeObject,
  items: readonly MeshItem[],
  ctx: ReconcileContext,
): string[] {
  const wanted = new Set(items.map(itemId));
  return CHILD_KINDS
    .flatMap((kind) => cacheOf(ctx.caches, kind).ownedBy(mesh.metadata.uid ?? ""))
    .filter((child) => !wanted.has(childId(child)))
    .map((child) => `${child.kind} ${child.metadata.name}`);
}

function itemId(item: MeshItem): string {
  return idText({ kind: item.kind, namespace: item.namespace, name: item.child });
}

function childId(child: KubeObject): string {
  return idText(idOf(child));
}
