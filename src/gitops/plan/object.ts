import { ANNOTATIONS, type MeshSync } from "#api";
import { errorText, isAbort, keyOf, type KubeObject, sameJson } from "#base";
import { ApiError, type ClusterClient, isConflict, isInvalid, isNewerVersion } from "#kube";
import {
  conflictText,
  driftPaths,
  entryKey,
  fieldConflicts,
  ignoredPaths,
  openConflicts,
  replicasOf,
  withIgnored,
  withScaledReplicas,
} from "#plan";
import type { ResourceType } from "#kube";
import {
  belongsTo,
  fieldManager,
  type ManifestProblem,
  problemOf,
  type TargetObject,
  withFile,
} from "#manifests";
import type { ObjectCache, SyncContext } from "../context.ts";
import type { Proof } from "../proof_entry.ts";
import { dryRun, formerOwners, isEqual } from "./former_fields.ts";
import { appliedJob, isDone, isJob } from "./jobs.ts";
import { isLetGo, isScaledByOthers, opponentsOf, releasedManagers } from "./others.ts";
import { isImmutableRefusal, isReplaceable, refusalText } from "./refusal.ts";

/** What a write does to an object. */
export type Action = "created" | "configured";

/** What is to be done about one object of a revision. */
export type ObjectPlan = KeepPlan | WritePlan | UnservedPlan | RefusedPlan;

/** It is as Git says, or somebody's change is left. */
export interface KeepPlan {
  readonly step: "keep";
  readonly target: TargetObject;
  readonly proof: Proof;
  /** Fields that somebody changed and that are left. */
  readonly kept: readonly string[];
  /** When it was looked at. */
  readonly stamp: number;
  /** It is left for now, whatever it is like, as somebody changes it again and again: nothing is proven. */
  readonly isHeld?: boolean;
}

/** It is to be applied. */
export interface WritePlan {
  readonly step: "write";
  readonly target: TargetObject;
  readonly action: Action;
  readonly live: KubeObject | undefined;
  /** What to apply. */
  readonly wanted: KubeObject;
  /** Whether fields of others may be taken. */
  readonly force: boolean;
  /** Fields that somebody changed while Git stayed the same; `deleted` for the whole object. */
  readonly corrected: readonly string[];
  /** Its number of replicas is somebody's who scales it. */
  readonly isScaled: boolean;
  /** Who changed it, where that is asked. */
  readonly opponents: readonly string[];
  /** What the dry run answered; absent where it waits until the rest is applied. */
  readonly answer?: KubeObject;
  /** Why it could not be tried before the rest is applied. */
  readonly dryRunDeferred?: string;
  /** It is deleted first, as somebody allows it: a field of it cannot be changed. */
  readonly replaces?: KubeObject;
  /** Names that the sync had before, under which it applied fields that are to become its own first. */
  readonly former?: readonly string[];
}

/** Its kind is not served (yet). */
export interface UnservedPlan {
  readonly step: "unserved";
  readonly target: TargetObject;
}

/** The API server does not take it, or another manager holds its fields. */
export interface RefusedPlan {
  readonly step: "refused";
  readonly target: TargetObject;
  readonly failure: ApplyFailure;
  readonly error: unknown;
  /** The write that was refused; absent where it did not come to one. */
  readonly write?: WritePlan;
}

/** An object that is not applied, with the place in Git. */
export interface ApplyFailure extends ManifestProblem {
  /** Whether trying again without a change is useless. */
  readonly isFinal: boolean;
  /** Whether another manager holds fields. */
  readonly isConflict: boolean;
}

/** Another manager holds fields, and nobody said that they may be taken. */
export class FieldConflictError extends Error {
  override readonly name = "FieldConflictError";
}

/** For whom objects are planned, and with whose rights. */
export interface PlanScope {
  readonly sync: MeshSync;
  readonly ctx: Pick<
    SyncContext,
    "caches" | "clientOf" | "cluster" | "proofs" | "signal" | "syncs" | "tenancy"
  >;
  /** Reads and dry runs with the rights of the sync. */
  readonly acting: ClusterClient;
}

/** For whom objects are applied, and with whose rights. */
export interface ApplyScope extends PlanScope {
  readonly ctx: SyncContext;
  /** What is being applied; absent where it is about no revision. */
  readonly revision?: string;
}

/** How one object is looked at. */
export interface Look {
  /** The sync has not applied it yet: it is most probably not there. */
  readonly isNew?: boolean;
  /** Read the object from the API server, whatever a cache says. */
  readonly isFresh?: boolean;
  /** The object as it was just listed. */
  readonly listed?: KubeObject;
  /** The sync applied it, of this very revision: where it is not there somebody deleted it. */
  readonly isApplied?: boolean;
}

/**
 * Compares one object with the live one: first by what Git says and by hash, and where that finds a difference, by a
 * server-side dry run, which a new object has too.
 *
 * # Guarantees
 * Nothing is written. An object that is as Git says costs a read, and none where it is followed; one that is not there
 * costs its dry run only, where the sync is known not to have applied it; one that is proven costs nothing.
 */
export async function objectPlan(
  target: TargetObject,
  scope: PlanScope,
  look: Look = {},
): Promise<ObjectPlan> {
  const { ctx, sync } = scope;
  if (target.type === undefined) return { step: "unserved", target };
  const proof = ctx.proofs.proofOf(keyOf(sync), target.id, target.hash);
  const stamp = ctx.proofs.stamp();
  if (proof !== undefined && isStillProven(proof, target, sync)) {
    return { step: "keep", target, proof, kept: proof.kept, stamp };
  }
  const held = ctx.proofs.of(keyOf(sync)).get(entryKey(target.id));
  if (held?.hash === target.hash && ctx.proofs.isHeldBack(keyOf(sync), target.id)) {
    return { step: "keep", target, proof: held, kept: held.kept, stamp, isHeld: true };
  }
  try {
    const isNew = look.isNew === true && !ctx.proofs.of(keyOf(sync)).has(entryKey(target.id));
    const created = isNew ? await creationPlan(target, scope) : undefined;
    if (created !== undefined) return created;
    return await comparedPlan(target, scope, { ...look, stamp, type: target.type });
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    return refused(target, error);
  }
}

/** Whether what the sync's spec says of drift is what it said when an object was proven. */
function isStillProven(proof: Proof, { object }: TargetObject, sync: MeshSync): boolean {
  const { ignore = [], mode = "correct" } = sync.spec.drift ?? {};
  const isKept = proof.kept.length === 0 || mode !== "correct";
  return isKept && sameJson(proof.ignored, ignoredPaths(object, ignore));
}

/** An object that the API server does not take. */
export function refused(target: TargetObject, error: unknown, write?: WritePlan): RefusedPlan {
  // The message of a conflict says all that its cause does.
  const isOpen = error instanceof FieldConflictError;
  const message = error instanceof ApiError
    ? refusalText(error, write, target)
    : isOpen
    ? error.message
    : errorText(error);
  const failure = { ...problemOf(target, message), isFinal: isInvalid(error), isConflict: isOpen };
  return { step: "refused", target, failure, error, ...(write === undefined ? {} : { write }) };
}

async function comparedPlan(
  target: TargetObject,
  scope: PlanScope,
  look: Look & { readonly stamp: number; readonly type: ResourceType },
): Promise<ObjectPlan> {
  const { ctx, sync } = scope;
  const known = ctx.proofs.of(keyOf(sync)).get(entryKey(target.id));
  // Of a kind that is followed without its content, the version alone tells that nothing changed.
  const version = look.isFresh === true ? undefined : ctx.caches.version(look.type, target.id);
  const isKnown = known?.hash === target.hash && isStillProven(known, target, sync);
  if (version !== undefined && isKnown && known.resourceVersion === version) {
    return { step: "keep", target, proof: known, kept: known.kept, stamp: look.stamp };
  }
  const live = look.listed ?? await liveObject(target, scope, look);
  const ignored = ignoredPaths(target.object, sync.spec.drift?.ignore ?? []);
  const isSame = live?.metadata.annotations?.[ANNOTATIONS.gitHash] === target.hash;
  const isProven = isKnown && known.resourceVersion !== undefined &&
    known.resourceVersion === live?.metadata.resourceVersion;
  if (isProven) return { step: "keep", target, proof: known, kept: known.kept, stamp: look.stamp };
  const isScaled = live !== undefined && await isScaledByOthers(target, { live, ignored }, scope);
  const paths = live === undefined
    ? ["deleted"]
    : driftPaths(target.object, live, ignored, { isScaled });
  const proof = proofOf(target, live, { sync, isScaled });
  const keep = { step: "keep", target, proof, kept: [], stamp: look.stamp } as const;
  if (isSame && paths.length === 0) return keep;
  if (live === undefined && isJobDone(target, scope)) return keep;
  const wanted = live === undefined
    ? withFile(target)
    : withIgnored(withScaledReplicas(withFile(target), live, { isScaled }), live, ignored);
  const isDrift = isSame || known?.hash === target.hash ||
    (live === undefined && look.isApplied === true);
  const write: WritePlan = {
    step: "write",
    target,
    action: live === undefined ? "created" : "configured",
    live,
    wanted,
    force: isForced(target, sync),
    corrected: isDrift ? paths : [],
    isScaled,
    opponents: isDrift ? await opponentsOf(target, { live, paths }, scope) : [],
  };
  const isKept = isDrift && (sync.spec.drift?.mode ?? "correct") !== "correct";
  if (isKept && live === undefined) return withKept(keep, paths);
  const tried = await triedPlan(write, scope);
  // What the API server stores in another spelling is no change.
  if (tried.step === "write" && isEqual(tried.answer, live)) return keep;
  return isKept && tried.step === "write" ? withKept(keep, paths) : tried;
}

/** A plan that leaves what somebody changed; the proof remembers that it was left. */
function withKept(keep: KeepPlan, kept: readonly string[]): KeepPlan {
  return { ...keep, kept, proof: { ...keep.proof, kept } };
}

/** Whether a Job that is not there has run as Git says it: then it is not made again. */
function isJobDone(target: TargetObject, { ctx, sync }: PlanScope): boolean {
  if (!isJob(target.id) || target.type === undefined) return false;
  const key = keyOf(sync);
  const known = ctx.proofs.of(key).get(entryKey(target.id));
  const isWatched = known?.resourceVersion !== undefined &&
    ctx.caches.of(target.type)?.synced === true;
  const finished = ctx.proofs.finished(key);
  const job = appliedJob(target, { finished, status: sync.status });
  return isDone(job, { isWatched, object: target.object });
}

/** The plan for an object that is not there, as a dry run shows; undefined where it has to be looked at. */
async function creationPlan(
  target: TargetObject,
  scope: PlanScope,
): Promise<WritePlan | undefined> {
  const { ctx, sync } = scope;
  if (cachedObject(target, scope) !== undefined) return undefined;
  const wanted = withFile(target);
  const force = isForced(target, sync);
  try {
    const { answer } = await dryRun({ force, live: undefined, target, wanted }, scope);
    // Only what is stored has a version.
    if (answer.metadata.resourceVersion) return undefined;
    return { ...untriedCreation(target), force, answer };
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    // What the API server has against it depends on what is there: the next dry run, after a look, tells it.
    return undefined;
  }
}

/** The plan for an object that is not there, and that is applied as it is: nobody's fields are taken. */
export function untriedCreation(target: TargetObject): WritePlan {
  const write = { step: "write", target, wanted: withFile(target), force: false } as const;
  const nobody = { corrected: [], opponents: [], isScaled: false } as const;
  return { ...write, ...nobody, action: "created", live: undefined };
}

async function triedPlan(write: WritePlan, scope: PlanScope): Promise<WritePlan | RefusedPlan> {
  const { ctx } = scope;
  try {
    return { ...write, ...await dryRun(write, scope) };
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    const isHeld = error instanceof ApiError && isConflict(error);
    const conflicts = isHeld ? fieldConflicts(error.causes) : [];
    if (conflicts.length === 0) {
      return replacement(write, error, scope.sync) ?? refused(write.target, error, write);
    }
    return await decided(write, conflicts, scope);
  }
}

/** The write that deletes an object first, of which the API server refuses to change a field; undefined where it may not. */
export function replacement(
  write: WritePlan,
  error: unknown,
  sync: MeshSync,
): WritePlan | undefined {
  const { live, target } = write;
  if (live === undefined || !isReplaceable(target.object, sync)) return undefined;
  if (!isImmutableRefusal(error, write)) return undefined;
  const { resourceVersion: _lock, ...metadata } = write.wanted.metadata;
  const dryRunDeferred = "it is deleted and made anew, as a field of it cannot be changed";
  return { ...write, wanted: { ...write.wanted, metadata }, replaces: live, dryRunDeferred };
}

/** Whether fields of others may be taken: from who let the object go, and from who undid what Git says. */
async function decided(
  write: WritePlan,
  conflicts: ReturnType<typeof fieldConflicts>,
  scope: PlanScope,
): Promise<WritePlan | RefusedPlan> {
  const { sync } = scope;
  const managers = conflicts.map(({ manager }) => manager);
  const gone = await releasedManagers(write.target.id, managers, scope);
  const { live } = write;
  const open = openConflicts(conflicts, {
    isForced: write.force,
    // What another sync let go for this one was Git's all the time.
    isOurs: live !== undefined && (belongsTo(sync, live) || isLetGo(live, gone, scope)),
    isDrift: write.corrected.length > 0,
    gone,
  });
  if (open.length > 0) {
    const text = conflictText(open, fieldManager(keyOf(sync)));
    return refused(write.target, new FieldConflictError(text), write);
  }
  // Not tried again: what the API server had against it was the conflict. Where Git stayed the same nothing leaves it.
  const former = write.corrected.length > 0 ? [] : await formerOwners(write, scope);
  return { ...write, force: true, former };
}

/** Whether the author of the sync or of the object said that fields of others may be taken. */
export function isForced(target: TargetObject, sync: MeshSync): boolean {
  return sync.spec.force === true ||
    target.object.metadata.annotations?.[ANNOTATIONS.force] === "true";
}

/** The proof that an answer of the API server is. */
export function proofOf(
  { file, hash, id, object, secrets = [], type }: TargetObject,
  live: KubeObject | undefined,
  { isScaled = false, sync }: { readonly sync: MeshSync; readonly isScaled?: boolean },
): Proof {
  const ignored = ignoredPaths(object, sync.spec.drift?.ignore ?? []);
  const resourceVersion = live?.metadata.resourceVersion;
  const scaledTo = isScaled ? replicasOf(live) : undefined;
  const proof = { id, type, hash, object, file, ignored, kept: [], secrets, resourceVersion };
  return scaledTo === undefined ? proof : { ...proof, scaledTo };
}

/** The object as it is now: from the cache where there is one that knows at least our own last write. */
export async function liveObject(
  target: TargetObject,
  { acting, ctx, sync }: PlanScope,
  { isFresh = false }: Look = {},
): Promise<KubeObject | undefined> {
  const { id, type } = target;
  if (type === undefined) return undefined;
  if (!isFresh) {
    const cached = cachedObject(target, { ctx, sync });
    const known = ctx.proofs.of(keyOf(sync)).get(entryKey(id));
    const isBehind = known?.resourceVersion !== undefined &&
      isNewerVersion(known.resourceVersion, cached?.metadata.resourceVersion);
    if (cached !== undefined && !isBehind) return cached;
  }
  return await acting.get(type, id, ctx.signal);
}

/** What a cache holds of an object; nothing where it has not read everything, or not that this process deleted it. */
export function cachedObject(
  { id, type }: TargetObject,
  { ctx, sync }: Pick<PlanScope, "ctx" | "sync">,
): KubeObject | undefined {
  const cache: ObjectCache | undefined = type === undefined ? undefined : ctx.caches.of(type);
  const cached = cache?.synced === true ? cache.get(id) : undefined;
  return ctx.proofs.isDeleted(keyOf(sync), id, cached?.metadata.uid) ? undefined : cached;
}
