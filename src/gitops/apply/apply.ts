import { conditionOf, groupOf, idOf, isAbort, keyOf, type KubeObject, pooled } from "#base";
import type { Contest, InventoryEntry } from "#plan";
import { applyStages, deleteStages, entryKey } from "#plan";
import { type ClusterClient, isConflict } from "#kube";
import { idText, type ObjectId } from "#base";
import { CALLS_AT_ONCE, type SyncContext } from "../context.ts";
import { isNamespace } from "../manifests/namespace.ts";
import { fieldManager, type TargetObject } from "../manifests/target.ts";
import {
  type Action,
  type ApplyFailure,
  type KeepPlan,
  type ObjectPlan,
  objectPlan,
  type PlanScope,
  proofOf,
  refused,
  replacement,
  type WritePlan,
} from "../plan/object.ts";
import { takeFormerFields } from "../plan/former_fields.ts";
import { createNamespace } from "./namespace.ts";
import { authorityOf, unreached } from "../tenancy.ts";
import { removeReplaced } from "./replace.ts";
import {
  deletionFailure,
  type PrunePlan,
  prunePlan,
  staysAWhile,
  type Terminating,
  terminating,
  type ToDelete,
} from "../plan/prune.ts";

/** One object that is as Git says now, or is left as somebody changed it. */
export interface Applied {
  readonly result: "applied";
  readonly id: ObjectId;
  readonly action: Action | "unchanged";
  /** Git did not change: somebody else had, at these fields. */
  readonly corrected: readonly string[];
  /** The same, where the sync's spec wants it left. */
  readonly kept: readonly string[];
  /** It was put right so often that this is a fight, and whether that is new. */
  readonly fight?: { readonly contest: Contest; readonly isNew: boolean };
}

/** What became of one object. */
type ObjectResult =
  | Applied
  | { readonly result: "failed"; readonly failure: ApplyFailure }
  | { readonly result: "unserved"; readonly target: TargetObject };

/** What became of all objects of a revision. */
export interface ApplyReport {
  readonly applied: readonly Applied[];
  readonly failures: readonly ApplyFailure[];
  /** Objects whose kind the API server does not serve yet. */
  readonly unserved: readonly TargetObject[];
  /** Objects of later stages, which were not tried. */
  readonly untried: number;
  /** Whether a newer commit ended it. */
  readonly isSuperseded: boolean;
  /** What ended it before its end: the limit of the pass. */
  readonly interruption?: unknown;
}

/** Nothing was applied. */
export const NOTHING_APPLIED: ApplyReport = {
  applied: [],
  failures: [],
  unserved: [],
  untried: 0,
  isSuperseded: false,
};

/** What became of objects that Git no longer holds. */
export interface PruneReport {
  readonly pruned: readonly ObjectId[];
  readonly skipped: readonly ObjectId[];
  /** Not gone yet; they stay in the inventory and are looked at again. */
  readonly remaining: readonly InventoryEntry[];
  /** Those of them that are deleted, with what holds them, sorted. */
  readonly terminating: readonly string[];
  /** Why the others could not be deleted, sorted. */
  readonly failures: readonly string[];
}

/** Nothing was pruned. */
export const NOTHING_PRUNED: PruneReport = {
  pruned: [],
  skipped: [],
  remaining: [],
  terminating: [],
  failures: [],
};

/** What became of one object that was to be deleted. */
type Deletion =
  | { readonly result: "deleted"; readonly id: ObjectId; readonly staying?: Terminating }
  | { readonly result: "failed"; readonly entry: InventoryEntry; readonly failure: string }
  /** Somebody changed it since the look: it is not to be deleted any longer, or is already. */
  | { readonly result: "left"; readonly plan: PrunePlan };

/** For whom objects are applied. */
export interface ApplyScope extends PlanScope {
  readonly ctx: SyncContext;
  /** What is being applied; absent where it is about no revision. */
  readonly revision?: string;
}

/** How many objects are applied between two looks whether something newer came. */
const OBJECTS_BETWEEN_LOOKS = 50;

/**
 * Acts on plans, stage by stage. Within a stage a failure does not keep the others from being tried; a stage with a
 * failure is the last one. What nobody serves is left out. Definitions are waited for before what they define. What each
 * answer proves is noted at once, and told whatever ends the rest.
 *
 * @param isSuperseded asked between stages and now and then within one: whether to stop for a newer commit
 */
export async function applyObjects(
  plans: readonly ObjectPlan[],
  scope: ApplyScope,
  isSuperseded: () => Promise<boolean> = () => Promise.resolve(false),
): Promise<ApplyReport> {
  const { ctx, sync } = scope;
  const writes = plans.filter(({ step }) => step !== "keep");
  ctx.proofs.expect(keyOf(sync), writes.map(({ target }) => target.id));
  const results = new Map<ObjectPlan, ObjectResult>();
  const stages = applyStages(plans, ({ target }) => target.id);
  let superseded = false;
  let ended: Pick<ApplyReport, "interruption"> = {};
  try {
    for (const stage of stages) {
      // A kind that nobody serves holds up itself, and nothing else.
      if ([...results.values()].some(({ result }) => result === "failed")) break;
      for (let at = 0; at < stage.length && !superseded; at += OBJECTS_BETWEEN_LOOKS) {
        superseded = await isSuperseded();
        const part = superseded ? [] : stage.slice(at, at + OBJECTS_BETWEEN_LOOKS);
        await pooled(part, CALLS_AT_ONCE, async (plan) => {
          results.set(plan, await applyObject(plan, scope));
        });
      }
      if (superseded) break;
      await whenServed(stage, scope);
    }
  } catch (error) {
    if (!ctx.signal.aborted) throw error;
    ended = { interruption: error };
  }
  const done = stages.flat().flatMap((plan) => results.get(plan) ?? []);
  return {
    applied: done.flatMap((one) => one.result === "applied" ? one : []),
    failures: done.flatMap((one) => one.result === "failed" ? one.failure : []),
    unserved: done.flatMap((one) => one.result === "unserved" ? one.target : []),
    untried: plans.length - done.length,
    isSuperseded: superseded,
    ...ended,
  };
}

async function applyObject(first: ObjectPlan, scope: ApplyScope): Promise<ObjectResult> {
  let plan = first;
  if (plan.step === "unserved") {
    // Not served when the plan was made: perhaps the revision itself brought its definition meanwhile.
    const { apiVersion, kind } = plan.target.id;
    const type = await scope.acting.resourceType(apiVersion, kind);
    if (type === undefined) return { result: "unserved", target: plan.target };
    const refusal = type.namespaced ? undefined : unreachedNow(plan.target, scope);
    if (refusal !== undefined) return refusal;
    plan = await objectPlan({ ...plan.target, type }, scope);
  }
  for (let attempt = 1;; attempt++) {
    if (plan.step === "keep") return kept(plan, scope);
    if (plan.step === "refused") return { result: "failed", failure: plan.failure };
    if (plan.step === "unserved") return { result: "unserved", target: plan.target };
    try {
      return await written(plan, scope);
    } catch (error) {
      if (isAbort(error, scope.ctx.signal)) throw error;
      const replaced = plan.replaces === undefined && replacement(plan, error, scope.sync);
      if (replaced) {
        plan = replaced;
        continue;
      }
      if (!isConflict(error) || attempt >= CONFLICTS_MAX) {
        return { result: "failed", failure: refused(plan.target, error, plan).failure };
      }
      // Somebody was faster; a cache is behind for certain.
      plan = await objectPlan(plan.target, scope, { isFresh: true });
    }
  }
}

/** An object of which it shows only now that its kind has no namespace, where its sync may apply none of those. */
function unreachedNow(
  target: TargetObject,
  { ctx: { tenancy }, sync }: ApplyScope,
): ObjectResult | undefined {
  const words = unreached({ ...target.id, namespace: "" }, authorityOf(sync, tenancy), tenancy);
  if (words === undefined) return undefined;
  return { result: "failed", failure: refused(target, new Error(words)).failure };
}

/** How often a write that met another one is tried again, with a new look. */
const CONFLICTS_MAX = 3;

function kept(
  { isHeld = false, kept, proof, stamp, target }: KeepPlan,
  { ctx, sync }: ApplyScope,
): Applied {
  if (!isHeld) ctx.proofs.prove(keyOf(sync), proof, stamp);
  return { result: "applied", id: target.id, action: "unchanged", corrected: [], kept };
}

async function written(plan: WritePlan, { acting, ctx, sync }: ApplyScope): Promise<Applied> {
  const { action, corrected, force, live, replaces, target, wanted } = plan;
  if (replaces !== undefined) await removeReplaced(target, replaces, { acting, ctx });
  else await takeFormerFields(plan, { acting, ctx, sync });
  if (live === undefined && isNamespace(target.id)) {
    await createNamespace(target.id.name, { acting, ctx, sync });
  }
  const stamp = ctx.proofs.stamp();
  const answer = await acting.apply(wanted, {
    fieldManager: fieldManager(keyOf(sync)),
    force,
    signal: ctx.signal,
  });
  ctx.proofs.prove(keyOf(sync), proofOf(target, answer, { sync, isScaled: plan.isScaled }), stamp);
  if (target.type !== undefined) ctx.caches.of(target.type)?.observe?.(answer);
  const isSame = live !== undefined &&
    live.metadata.resourceVersion === answer.metadata.resourceVersion;
  const done = { result: "applied", id: target.id, kept: [] } as const;
  if (isSame) return { ...done, action: "unchanged", corrected: [] };
  if (corrected.length === 0) return { ...done, action, corrected };
  const nowMs = ctx.clock.monotonicMs();
  const key = keyOf(sync);
  const before = ctx.proofs.contests(key).find(({ id }) => entryKey(id) === entryKey(target.id));
  const contest = ctx.proofs.correct(key, target.id, {
    nowMs,
    fields: corrected,
    opponents: plan.opponents,
  });
  const isNew = before?.contest.isFight !== true;
  return { ...done, action, corrected, ...(contest.isFight ? { fight: { contest, isNew } } : {}) };
}

/**
 * Deletes what a plan says, each object as it was seen, in reverse order of applying.
 *
 * @param waiting what stays for now, as other MeshSyncs may take it over
 */
export async function pruneObjects(
  plan: PrunePlan,
  scope: ApplyScope,
  waiting: readonly ToDelete[] = [],
): Promise<PruneReport> {
  const results: Deletion[] = [];
  const going = plan.toDelete.filter((one) => !waiting.includes(one));
  const byId = new Map(going.map((one) => [one.id, one]));
  for (const stage of deleteStages([...byId.keys()])) {
    const ones = stage.flatMap((id) => byId.get(id) ?? []);
    results.push(...await pooled(ones, CALLS_AT_ONCE, (one) => deleteObject(one, scope)));
  }
  return pruneReport(plan, results, waiting);
}

function pruneReport(
  first: PrunePlan,
  results: readonly Deletion[],
  waiting: readonly ToDelete[],
): PruneReport {
  const deleted = results.flatMap((one) => one.result === "deleted" ? one : []);
  const failed = results.flatMap((one) => one.result === "failed" ? one : []);
  const plans = [first, ...results.flatMap((one) => one.result === "left" ? one.plan : [])];
  const unknown = plans.flatMap((plan) => plan.unknown);
  const staying = [
    ...plans.flatMap((plan) => plan.terminating),
    ...deleted.flatMap(({ staying }) => staying ?? []),
  ];
  return {
    pruned: deleted.map(({ id }) => id),
    skipped: [
      ...plans.flatMap((plan) => plan.skipped),
      ...plans.flatMap((plan) => plan.undecided).filter((one) => !waiting.includes(one))
        .map(({ id }) => id),
    ],
    remaining: [...unknown, ...waiting, ...failed, ...staying].map(({ entry }) => entry),
    terminating: staying.map(({ words }) => words).sort(),
    failures: [...unknown, ...failed].map(({ failure }) => failure).sort(),
  };
}

/** Deletes one object; one that somebody changed since the look is looked at once more. */
async function deleteObject(
  one: ToDelete,
  scope: ApplyScope,
  { isSecondLook = false } = {},
): Promise<Deletion> {
  const { ctx, sync } = scope;
  const { entry, id, live } = one;
  try {
    await deleteSeen(one, scope);
    const { uid } = live.metadata;
    if (uid !== undefined) ctx.proofs.setDeleted(keyOf(sync), id, uid);
    return { result: "deleted", id, ...(staysAWhile(one) ? { staying: terminating(one) } : {}) };
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    if (!isConflict(error)) return { result: "failed", entry, failure: deletionFailure(id, error) };
    if (!isSecondLook) return await deleteChanged(one, scope);
    const failure = `Cannot delete ${idText(id)}: somebody changes it meanwhile`;
    return { result: "failed", entry, failure };
  }
}

/** Deletes an object if it is as it was seen. */
async function deleteSeen({ id, live }: ToDelete, { acting, ctx }: ApplyScope): Promise<void> {
  const { resourceVersion, uid } = live.metadata;
  const call = {
    propagation: "Background",
    signal: ctx.signal,
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  } as const;
  const result = await acting.remove({ ...id, apiVersion: live.apiVersion }, call);
  if (result !== "absent") return;
  // Seen a moment ago: perhaps the revision itself took its version out of its definition.
  const served = await acting.servedVersion(groupOf(id.apiVersion), id.kind);
  if (served === undefined) throw new Error("its kind is not served just now");
  await acting.remove({ ...id, apiVersion: served.apiVersion }, call);
}

/** Looks anew at an object that somebody changed, and deletes it where it is still to be deleted. */
async function deleteChanged({ entry }: ToDelete, scope: ApplyScope): Promise<Deletion> {
  const plan = await prunePlan([entry], scope);
  const [again] = plan.toDelete;
  return again === undefined
    ? { result: "left", plan }
    : await deleteObject(again, scope, { isSecondLook: true });
}

const DEFINITION = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
} as const;

/** How long definitions may take before the rest of the revision is tried another time. */
const SERVED_WAIT_MS = 15_000;
const SERVED_POLL_MS = 100;

/**
 * Waits until the definitions of a stage are established and their kinds are served, for a bounded time: who needs the
 * kind finds out whether it is there.
 */
async function whenServed(stage: readonly ObjectPlan[], scope: ApplyScope): Promise<void> {
  const { clock, signal } = scope.ctx;
  const endMs = clock.monotonicMs() + SERVED_WAIT_MS;
  for (const { step, target } of stage) {
    if (target.id.kind !== DEFINITION.kind || step === "keep") continue;
    while (!await isServed(target.object, scope.acting, signal) && clock.monotonicMs() < endMs) {
      await clock.sleep(SERVED_POLL_MS, signal);
    }
  }
}

interface DefinitionSpec {
  readonly group?: string;
  readonly names?: { readonly kind?: string };
  readonly versions?: readonly { readonly name?: string; readonly served?: boolean }[];
}

async function isServed(
  object: KubeObject,
  cluster: ClusterClient,
  signal: AbortSignal,
): Promise<boolean> {
  const spec = (object.spec ?? {}) as DefinitionSpec;
  const [version] = (spec.versions ?? []).filter(({ served }) => served !== false);
  const apiVersion = `${spec.group}/${version?.name}`;
  const type = await cluster.resourceType(apiVersion, spec.names?.kind ?? "");
  if (type !== undefined) return true;
  const live = await cluster.get(DEFINITION, idOf(object), signal);
  const status = live?.status as { readonly conditions?: unknown } | undefined;
  // Refused names never become served.
  return conditionOf(status?.conditions, "NamesAccepted")?.status === "False";
}

/** Whether a revision is applied completely. */
export function isComplete({ failures, isSuperseded, unserved, untried }: ApplyReport): boolean {
  return failures.length === 0 && unserved.length === 0 && untried === 0 && !isSuperseded;
}
