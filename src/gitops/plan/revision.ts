import { ANNOTATIONS, isMeshKind, type MeshSync } from "#api";
import {
  groupOf,
  idText,
  isNamespace,
  keyOf,
  keyText,
  type KubeObject,
  type ObjectId,
  pooled,
} from "#base";
import { isForbidden, isNamespaceMissing, isNotFound, type ResourceType } from "#kube";
import {
  holderOf,
  type ManifestProblem,
  manifestProblemText,
  syncSelector,
  type TargetObject,
} from "#manifests";
import {
  allowsCommit,
  applyStage,
  entryKey,
  type InventoryEntry,
  inventoryOf,
  pruneExcess,
  staleEntries,
} from "#plan";
import { type InventoryContext, loadInventory } from "../apply/inventory.ts";
import { CALLS_AT_ONCE } from "../context.ts";
import {
  type ApplyFailure,
  cachedObject,
  isForced,
  type ObjectPlan,
  objectPlan,
  type PlanScope,
  type RefusedPlan,
  untriedCreation,
  type WritePlan,
} from "./object.ts";
import { isOfAnother } from "./others.ts";
import { NO_PRUNE_PLAN, type PrunePlan, prunePlan } from "./prune.ts";
import { samples } from "./sample.ts";

/** What a revision does to a cluster. */
export interface RevisionPlan {
  readonly objects: readonly ObjectPlan[];
  readonly prune: PrunePlan;
  /** What the sync owned before. */
  readonly inventory: readonly InventoryEntry[];
  /** Objects that carry the labels of another MeshSync that is there, by `entryKey`, with its `namespace/name`. */
  readonly from: ReadonlyMap<string, string>;
}

/**
 * Compares all of a revision with the cluster: what is to be created, configured and deleted, and what the API server has
 * against it. Nothing is written. The loop and `diff` have the same plan.
 */
export async function revisionPlan(
  targets: readonly TargetObject[],
  scope: PlanScope & {
    readonly ctx: InventoryContext;
    /** Entry keys of what stays as it is, whatever Git says. */
    readonly frozen?: ReadonlySet<string>;
    /** Whether the status says that this very revision is applied. */
    readonly isApplied?: boolean;
    /** As the status names it; absent where others need not know of it. */
    readonly revision?: string;
    /** Whether a few of many new objects of one shape are tried in place of all. */
    readonly isSampled?: boolean;
  },
): Promise<RevisionPlan> {
  const { ctx, frozen = new Set(), isApplied = false, isSampled = false, sync } = scope;
  const types = followedTypes(targets);
  ctx.proofs.watchFor(keyOf(sync), targets.map(({ id }) => id));
  const inventory = await loadInventory(sync, ctx, types);
  // After a restart one list of each kind instead of a read of each object.
  if (inventory.length > 0) await ctx.caches.follow(types, ctx.signal);
  const objects = await objectPlans(targets, scope, { inventory, isApplied, isSampled });
  const stale = staleEntries(inventory, inventoryOf(targets.map(({ id }) => id)))
    .filter(({ id }) => !frozen.has(id));
  const prune = sync.spec.prune === false ? NO_PRUNE_PLAN : await prunePlan(stale, scope);
  return { objects, prune, inventory, from: holdersOf(objects, scope) };
}

/** The write that a plan is, or that was refused; undefined where it did not come to one. */
export function writeOf(plan: ObjectPlan): WritePlan | undefined {
  return plan.step === "write" ? plan : plan.step === "refused" ? plan.write : undefined;
}

/** Whose objects are about to be taken over. */
function holdersOf(plans: readonly ObjectPlan[], { ctx, sync }: PlanScope): Map<string, string> {
  return new Map(plans.flatMap((plan) => {
    const write = writeOf(plan);
    return write?.live !== undefined && isOfAnother(write.live, sync, ctx)
      ? [[entryKey(plan.target.id), keyText(holderOf(write.live))] as const]
      : [];
  }));
}

/** What is known of objects before they are planned. */
interface Known {
  readonly inventory?: readonly InventoryEntry[];
  readonly isApplied?: boolean;
  readonly isSampled?: boolean;
}

/** Plans for objects; what is not followed and not proven is listed, a kind at a time, rather than read one by one. */
export async function objectPlans(
  targets: readonly TargetObject[],
  scope: PlanScope,
  known: Known = {},
): Promise<ObjectPlan[]> {
  const { inventory } = known;
  const owned = inventory === undefined ? undefined : new Set(inventory.map(({ id }) => id));
  const listed = await listedObjects(targets, scope, owned);
  const planned = async (target: TargetObject): Promise<ObjectPlan> => {
    const isNew = owned !== undefined && !owned.has(entryKey(target.id));
    const found = listed.get(entryKey(target.id));
    const isApplied = known.isApplied === true && owned?.has(entryKey(target.id)) === true;
    const look = { isNew, isApplied, ...(found === undefined ? {} : { listed: found }) };
    return await objectPlan(target, scope, look);
  };
  const isSpared = (target: TargetObject) =>
    known.isSampled === true && owned?.has(entryKey(target.id)) === false &&
    isKnownAbsent(target, scope);
  return withDeferred(await sampledPlans(targets, { isSpared, planned }));
}

/**
 * Plans for all objects, of which those that may be spared are not tried one by one where many have one shape and the API
 * server takes the ones that stand for them.
 */
async function sampledPlans(
  targets: readonly TargetObject[],
  { isSpared, planned }: {
    readonly isSpared: (target: TargetObject) => boolean;
    readonly planned: (target: TargetObject) => Promise<ObjectPlan>;
  },
): Promise<ObjectPlan[]> {
  const groups = samples(targets.filter(isSpared)).filter(({ spared }) => spared.length > 0);
  const spared = new Set(groups.flatMap((group) => group.spared));
  const asked = targets.filter((target) => !spared.has(target));
  const answers = await pooled(asked, CALLS_AT_ONCE, planned);
  if (spared.size === 0) return answers;
  const plans = new Map(asked.map((target, at) => [target, answers[at]]));
  const isTaken = (target: TargetObject) => {
    const plan = plans.get(target);
    return plan?.step === "write" && plan.action === "created" && plan.answer !== undefined;
  };
  const trusted = new Set(
    groups.flatMap((group) => group.tried.every(isTaken) ? group.spared : []),
  );
  return await pooled(targets, CALLS_AT_ONCE, async (target) => {
    if (trusted.has(target)) return untriedCreation(target);
    return plans.get(target) ?? await planned(target);
  });
}

/**
 * Whether a new object is not there, as a cache tells that has read everything, and nothing is known of it. Somebody who is
 * faster is met by the apply: without force that takes no field of theirs.
 */
function isKnownAbsent(target: TargetObject, scope: PlanScope): boolean {
  const { ctx, sync } = scope;
  const { id, type } = target;
  return type !== undefined && ctx.caches.of(type)?.synced === true &&
    cachedObject(target, scope) === undefined && !isForced(target, sync) &&
    !ctx.proofs.of(keyOf(sync)).has(entryKey(id));
}

/** From how many objects of a kind on one list is cheaper than reads. */
const LISTED_MIN = 5;

/** Objects of kinds that no cache follows, from a list of each, where many of them have to be looked at. */
async function listedObjects(
  targets: readonly TargetObject[],
  { acting, ctx, sync }: PlanScope,
  owned: ReadonlySet<string> | undefined,
): Promise<Map<string, KubeObject>> {
  const asked = targets.filter((target) =>
    target.type !== undefined && owned?.has(entryKey(target.id)) !== false &&
    ctx.caches.of(target.type)?.synced !== true &&
    ctx.proofs.proofOf(keyOf(sync), target.id, target.hash) === undefined
  );
  const found = new Map<string, KubeObject>();
  const labelSelector = syncSelector(sync);
  const groups = Map.groupBy(asked, ({ id }) => `${id.apiVersion} ${id.kind} ${id.namespace}`);
  for (const group of groups.values()) {
    const [first] = group;
    if (first?.type === undefined || group.length < LISTED_MIN) continue;
    const { namespace } = first.id;
    const options = { labelSelector, signal: ctx.signal };
    const objects = await acting.list(first.type, {
      ...options,
      ...(namespace === "" ? {} : { namespace }),
    }).catch((error) => {
      // Who may read, and not list, reads one by one.
      if (isForbidden(error) || isNotFound(error)) return [];
      throw error;
    });
    for (const object of objects) {
      const id = { ...first.id, ...keyOf(object) };
      found.set(entryKey(id), object);
    }
  }
  return found;
}

/** Kinds that no cache of the controller holds whole. */
export function followedTypes(targets: readonly TargetObject[]): ResourceType[] {
  const types = new Map(
    targets.filter(({ object }) => !isMeshKind(object)).flatMap(({ type }) =>
      type === undefined ? [] : [[`${type.apiVersion} ${type.kind}`, type] as const]
    ),
  );
  return [...types].sort(([a], [b]) => a < b ? -1 : 1).map(([_, type]) => type);
}

/**
 * Plans in which objects that cannot be tried yet are no failures: what they need comes with the same revision, and is
 * applied before them.
 *
 * - their namespace, or the definition of their kind;
 * - after an answer of 403 or 404, anything of an earlier stage, and what decides who may have how much of what.
 */
export function withDeferred(plans: readonly ObjectPlan[]): ObjectPlan[] {
  const changing = plans.filter(({ step }) => step !== "keep");
  return plans.map((plan) => {
    if (plan.step !== "refused" || plan.write === undefined || plan.failure.isConflict) return plan;
    const dryRunDeferred = deferral(plan, changing);
    return dryRunDeferred === undefined ? plan : { ...plan.write, dryRunDeferred };
  });
}

/** Kinds that decide what else may be made; of the stage of configuration, like much that needs them. */
const RULES: readonly string[] = [
  "ClusterRole",
  "ClusterRoleBinding",
  "LimitRange",
  "ResourceQuota",
  "Role",
  "RoleBinding",
  "ServiceAccount",
];

function deferral(plan: RefusedPlan, changing: readonly ObjectPlan[]): string | undefined {
  const { error, target: { id } } = plan;
  const others = changing.filter((other) => other !== plan).map(({ target }) => target);
  if (isNamespaceMissing(error)) {
    const comes = others.some((other) =>
      other.id.kind === "Namespace" && other.id.name === id.namespace
    );
    return comes ? "its Namespace comes with this revision" : undefined;
  }
  if (others.some((other) => definesKind(other, id))) {
    return "its definition comes with this revision";
  }
  const isNeeded = others.some((other) =>
    applyStage(other.id) < applyStage(id) ||
    (RULES.includes(other.id.kind) && !RULES.includes(id.kind))
  );
  return isNeeded && (isForbidden(error) || isNotFound(error))
    ? "what it needs may come with this revision"
    : undefined;
}

/** Whether a revision brings the definition of a kind itself. */
export function isDefinedBy(id: ObjectId, plans: readonly ObjectPlan[]): boolean {
  return plans.some(({ target }) => definesKind(target, id));
}

/** Whether an object goes where another one is deleted: of the kind that it defines, or in the namespace that it is. */
export function isTakenAlong(id: ObjectId, holder: TargetObject): boolean {
  return definesKind(holder, id) ||
    (isNamespace(holder.id) && id.namespace === holder.id.name);
}

function definesKind(
  target: TargetObject,
  id: { readonly apiVersion: string; readonly kind: string },
): boolean {
  if (target.id.kind !== "CustomResourceDefinition") return false;
  const spec = target.object.spec as
    | { readonly group?: string; readonly names?: { readonly kind?: string } }
    | undefined;
  return spec?.group === groupOf(id.apiVersion) && spec?.names?.kind === id.kind;
}

/** What keeps a revision from being begun: objects that the API server does not take as they are. */
export function refusals({ objects }: RevisionPlan): ApplyFailure[] {
  return objects.flatMap((plan) =>
    plan.step === "refused" && !plan.failure.isConflict ? plan.failure : []
  );
}

/**
 * Why a revision deletes too much to go unasked; undefined when it does not, or was allowed to. What goes back is not counted:
 * that was asked for with `onUnhealthy: rollback`.
 */
export function pruneBrake(
  plan: RevisionPlan,
  { commit, sync }: { readonly commit: string; readonly sync: MeshSync },
): string | undefined {
  const held = sync.spec.onUnhealthy === "rollback" ? sync.status?.quarantined ?? [] : [];
  const back = new Set(held.flatMap(({ objects }) => objects));
  const going = plan.prune.toDelete.filter(({ entry }) => !back.has(entry.id));
  const count = { going: going.length, owned: plan.inventory.length };
  const allowed = sync.metadata.annotations?.[ANNOTATIONS.allowPrune];
  return allowsCommit(allowed, commit) ? undefined : pruneExcess(count, sync.spec.pruneLimit ?? {});
}

/** What is done, or was done, to some objects: for logs, events and the status. */
export interface ChangeList {
  readonly created: readonly ObjectId[];
  readonly configured: readonly ObjectId[];
  readonly pruned: readonly ObjectId[];
  readonly skipped: readonly ObjectId[];
  readonly unchanged: number;
  /** Objects whose dry run waits until the rest is applied, with the reason. */
  readonly deferred: readonly { readonly id: ObjectId; readonly reason: string }[];
}

/** A plan, sorted by what becomes of objects. */
export function plannedChanges({ objects, prune }: RevisionPlan): ChangeList {
  const writes = objects.flatMap((plan) => writeOf(plan) ?? []);
  const unserved = objects.filter(({ step }) => step === "unserved").map(({ target }) => target.id);
  const having = (action: string) =>
    writes.filter((write) => write.action === action).map(({ target }) => target.id);
  const isWrite = (plan: ObjectPlan) => plan.step === "write" || plan.step === "refused";
  return {
    created: [...having("created"), ...unserved],
    configured: having("configured"),
    pruned: prune.toDelete.map(({ id }) => id),
    skipped: prune.skipped,
    unchanged: objects.length - objects.filter(isWrite).length - unserved.length,
    deferred: [
      ...writes.flatMap(({ dryRunDeferred, target }) =>
        dryRunDeferred === undefined ? [] : { id: target.id, reason: dryRunDeferred }
      ),
      ...unserved.map((id) => ({ id, reason: "its kind is not served yet" })),
    ],
  };
}

/** Whether anything is changed. */
export function hasChanges({ configured, created, pruned }: ChangeList): boolean {
  return [created, configured, pruned].some((ids) => ids.length > 0);
}

/** How many objects of each kind of change. */
export function changeCounts(list: ChangeList): Record<string, number> {
  return {
    configured: list.configured.length,
    created: list.created.length,
    pruned: list.pruned.length,
    skipped: list.skipped.length,
    unchanged: list.unchanged,
    ...(list.deferred.length === 0 ? {} : { untried: list.deferred.length }),
  };
}

/** Objects with what becomes of them, the first `max` of each kind of change: `created ConfigMap shop/a`. */
export function changeLines(list: ChangeList, max: number): string[] {
  const reasons = new Map(list.deferred.map(({ id, reason }) => [idText(id), reason]));
  const lines = (word: string, ids: readonly ObjectId[]) =>
    ids.map((id) => {
      const reason = reasons.get(idText(id));
      return `${word} ${idText(id)}${reason === undefined ? "" : ` (not tried before: ${reason})`}`;
    }).sort();
  const all = [
    ...lines("pruned", list.pruned),
    ...lines("created", list.created),
    ...lines("configured", list.configured),
    ...lines("skipped", list.skipped),
  ];
  const rest = all.length - max;
  return rest > 0 ? [...all.slice(0, max), `and ${rest} more`] : all;
}

const SHOWN_MAX = 5;

/** The first problems in full, the rest counted. */
export function shownProblems(problems: readonly ManifestProblem[]): string {
  const shown = problems.slice(0, SHOWN_MAX).map(manifestProblemText).join("; ");
  const rest = problems.length - SHOWN_MAX;
  return rest > 0 ? `${shown}; and ${rest} more` : shown;
}
