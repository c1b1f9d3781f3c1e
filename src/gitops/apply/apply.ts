import { ANNOTATIONS, type MeshSync } from "#api";
import {
  conditionOf,
  groupOf,
  idOf,
  isAbort,
  isNamespace,
  keyOf,
  keyText,
  type KubeObject,
  type ObjectId,
  pooled,
} from "#base";
import { type ClusterClient, isAlreadyExists, isConflict, isKindUnanswered } from "#kube";
import { fieldManager, type TargetObject } from "#manifests";
import { applyStages, type Contest, entryKey } from "#plan";
import { CALLS_AT_ONCE, type SyncContext } from "../context.ts";
import { takeFormerFields } from "../plan/former_fields.ts";
import {
  type Action,
  type ApplyFailure,
  type ApplyScope,
  type KeepPlan,
  type ObjectPlan,
  objectPlan,
  proofOf,
  refused,
  replacement,
  type WritePlan,
} from "../plan/object.ts";
import { isTakenAlong } from "../plan/revision.ts";
import { authorityOf, unreached } from "../tenancy.ts";
import { removeReplaced } from "./prune.ts";
import { isUnanswered, noteUnanswered, takeUnanswered } from "./unanswered.ts";

/** One object that is as Git says now, or is left as somebody changed it. */
export interface Applied {
  readonly result: "applied";
  readonly id: ObjectId;
  readonly action: Action | "unchanged";
  /** Git did not change: somebody else had, at these fields. */
  readonly corrected: readonly string[];
  /** The same, where the sync's spec wants it left. */
  readonly kept: readonly string[];
  /** It was deleted and made anew: what was of it is gone with it. */
  readonly isAnew?: boolean;
  /** It was put right so often that this is a fight, and whether that is new. */
  readonly fight?: { readonly contest: Contest; readonly isNew: boolean };
}

/** What became of one object. */
type ObjectResult =
  | Applied
  | { readonly result: "failed"; readonly failure: ApplyFailure }
  | { readonly result: "unserved"; readonly target: Unserved };

/** An object whose kind the API server does not serve in the version that Git names. */
export interface Unserved extends TargetObject {
  /** A version that it serves the kind in. */
  readonly servedAs?: string;
}

/** What became of all objects of a revision. */
export interface ApplyReport {
  readonly applied: readonly Applied[];
  readonly failures: readonly ApplyFailure[];
  /** Objects whose kind the API server does not serve yet. */
  readonly unserved: readonly Unserved[];
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
  const elsewhere = servedElsewhere(scope);
  let superseded = false;
  let ended: Pick<ApplyReport, "interruption"> = {};
  try {
    for (const stage of stages) {
      // A kind that nobody serves holds up itself, and nothing else.
      if ([...results.values()].some(({ result }) => result === "failed")) break;
      const anew = [...results].flatMap(([{ target }, result]) =>
        result.result === "applied" && result.isAnew === true ? target : []
      );
      for (let at = 0; at < stage.length && !superseded; at += OBJECTS_BETWEEN_LOOKS) {
        superseded = await isSuperseded();
        const part = superseded ? [] : stage.slice(at, at + OBJECTS_BETWEEN_LOOKS);
        await pooled(part, CALLS_AT_ONCE, async (plan) => {
          const isGone = anew.some((holder) => isTakenAlong(plan.target.id, holder));
          const result = await applyObject(plan, scope, { elsewhere, isGone });
          results.set(plan, answered(plan, result, scope));
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

/** What became of an object, with what an earlier write did of which nobody answered whether it took effect. */
function answered(
  { target: { hash, id } }: ObjectPlan,
  result: ObjectResult,
  { ctx, sync }: ApplyScope,
): ObjectResult {
  if (result.result !== "applied") return result;
  const write = takeUnanswered(sync, { id, hash }, ctx);
  if (write === undefined || write.action === "pruned" || result.action !== "unchanged") {
    return result;
  }
  return { ...result, action: write.action, corrected: write.corrected ?? [] };
}

/** @param options.isGone what held the object was deleted and made anew since the plan was made */
async function applyObject(
  first: ObjectPlan,
  scope: ApplyScope,
  { elsewhere, isGone }: { readonly elsewhere: ServedElsewhere; readonly isGone: boolean },
): Promise<ObjectResult> {
  let plan = first;
  if (plan.step === "unserved" || isGone) {
    // Not served when the plan was made: perhaps the revision itself brought its definition meanwhile.
    const { apiVersion, kind, namespace } = plan.target.id;
    const type = await scope.acting.resourceType(apiVersion, kind);
    const isOther = type !== undefined && type.namespaced !== (namespace !== "");
    const refusal = isOther && !type.namespaced ? unreachedNow(plan.target, scope) : undefined;
    if (refusal !== undefined) return refusal;
    if (type === undefined) {
      const servedAs = await elsewhere(plan.target.id);
      const target = servedAs === undefined ? plan.target : { ...plan.target, servedAs };
      return { result: "unserved", target };
    }
    // One that belongs elsewhere than it was meant to is read anew by the next pass.
    if (isOther) return { result: "unserved", target: plan.target };
    plan = await objectPlan({ ...plan.target, type }, scope, { isFresh: isGone });
  }
  for (let attempt = 1;; attempt++) {
    if (plan.step === "keep") return kept(plan, scope);
    if (plan.step === "refused") return { result: "failed", failure: plan.failure };
    if (plan.step === "unserved") return { result: "unserved", target: plan.target };
    try {
      return await written(plan, scope);
    } catch (error) {
      const { ctx: { signal }, sync } = scope;
      const { action, corrected, target: { hash, id } } = plan;
      const write = { id, hash, action, corrected };
      if (isUnanswered(error, signal)) noteUnanswered(sync, write, scope.ctx);
      if (isAbort(error, signal)) throw error;
      const replaced = plan.replaces === undefined && replacement(plan, error, sync);
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
  if (replaces !== undefined) {
    for (const { id } of [...ctx.proofs.of(keyOf(sync)).values()]) {
      if (isTakenAlong(id, target)) ctx.proofs.release(keyOf(sync), id);
    }
    await removeReplaced(target, replaces, { acting, ctx });
  } else await takeFormerFields(plan, { acting, ctx, sync });
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
  const isAnew = replaces !== undefined;
  const done = { result: "applied", id: target.id, kept: [], isAnew } as const;
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
  readonly scope?: string;
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
  const kind = { apiVersion: `${spec.group}/${version?.name}`, kind: spec.names?.kind ?? "" };
  if (await isAnswered(cluster, kind, spec.scope === "Namespaced")) return true;
  const live = await cluster.get(DEFINITION, idOf(object), signal);
  const status = live?.status as { readonly conditions?: unknown } | undefined;
  // Refused names never become served.
  return conditionOf(status?.conditions, "NamesAccepted")?.status === "False";
}

/** Whether a server says that it serves a kind: a new group is named for a moment before it is answered for. */
async function isAnswered(
  cluster: ClusterClient,
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
  namespaced: boolean,
): Promise<boolean> {
  try {
    const known = await cluster.resourceType(apiVersion, kind);
    if (known === undefined || known.namespaced === namespaced) return known !== undefined;
    // Known from before the definition was made anew.
    const fresh = await cluster.resourceType(apiVersion, kind, { isFresh: true });
    return fresh?.namespaced === namespaced;
  } catch (error) {
    if (isKindUnanswered(error)) return false;
    throw error;
  }
}

/** Finds a version that the API server serves a kind in: it is asked once for all objects of a kind. */
type ServedElsewhere = (id: ObjectId) => Promise<string | undefined>;

function servedElsewhere({ acting }: ApplyScope): ServedElsewhere {
  const asked = new Map<string, Promise<string | undefined>>();
  return ({ apiVersion, kind }) => {
    const group = groupOf(apiVersion);
    const name = `${group}/${kind}`;
    const answer = asked.get(name) ??
      acting.servedVersion(group, kind).then((served) => served?.apiVersion);
    asked.set(name, answer);
    return answer;
  };
}

/** Whether a revision is applied completely. */
export function isComplete({ failures, isSuperseded, unserved, untried }: ApplyReport): boolean {
  return failures.length === 0 && unserved.length === 0 && untried === 0 && !isSuperseded;
}

/** The field manager of what says who created a namespace: no apply of Git takes it off again. */
const CREATION_MANAGER = "meshwright-creation";

/**
 * Creates a namespace with the mark that this sync did: only then may the sync delete it. Created, not applied, so that the
 * mark is never on one that somebody else made meanwhile.
 */
async function createNamespace(
  name: string,
  { acting, ctx, sync }: {
    readonly acting: ClusterClient;
    readonly ctx: Pick<SyncContext, "signal">;
    readonly sync: MeshSync;
  },
): Promise<void> {
  const annotations = { [ANNOTATIONS.createdBy]: keyText(keyOf(sync)) };
  const object = { apiVersion: "v1", kind: "Namespace", metadata: { name, annotations } };
  try {
    await acting.create(object, { fieldManager: CREATION_MANAGER, signal: ctx.signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
