import { isMeshKind, type MeshSync } from "#api";
import { errorText, isAbort, keyOf, type KubeObject, type ObjectId } from "#base";
import { ApiError, isConflict, isInvalid, isNewerVersion, type ResourceType } from "#kube";
import { applyStages, entryKey, withScaledReplicas } from "#plan";
import { eachOf, type GitOpsContext } from "./context.ts";
import { type ManifestProblem, problemOf } from "./manifest.ts";
import { type AppliedObject, driftPaths } from "./memory.ts";
import { fieldManager, HASH_ANNOTATION, type Placed } from "./place.ts";

/** What became of one object. */
export type Action = "created" | "configured" | "unchanged";

/** One object after it was looked at. */
export interface Change {
  readonly id: ObjectId;
  readonly action: Action;
  /** Git did not change: somebody else had, at these fields. */
  readonly corrected: readonly string[];
  readonly applied: AppliedObject;
}

/** An object that was not applied. */
export interface ApplyFailure extends ManifestProblem {
  /** Whether trying again without a change is useless. */
  readonly isFinal: boolean;
}

/** What became of all objects of a revision. */
export interface ApplyReport {
  readonly changes: readonly Change[];
  readonly failures: readonly ApplyFailure[];
  /** Objects whose kind the API server does not serve yet. */
  readonly waiting: readonly Placed[];
  /** Objects of later stages, which were not tried. */
  readonly untried: number;
}

/**
 * Applies objects stage by stage. Within a stage a failure does not keep the others from being tried; a stage with a
 * failure or an object that has to wait is the last one.
 */
export async function applyAll(
  objects: readonly Placed[],
  sync: MeshSync,
  ctx: GitOpsContext,
): Promise<ApplyReport> {
  const changes: Change[] = [];
  const failures: ApplyFailure[] = [];
  const waiting: Placed[] = [];
  let untried = 0;
  for (const stage of applyStages(objects, (object) => object.id)) {
    if (failures.length > 0 || waiting.length > 0) {
      untried += stage.length;
      continue;
    }
    const results = await eachOf(stage, (object) => tried(object, sync, ctx));
    for (const result of results) {
      if ("action" in result) changes.push(result);
      else if ("isFinal" in result) failures.push(result);
      else waiting.push(result);
    }
  }
  return { changes, failures, waiting, untried };
}

async function tried(
  object: Placed,
  sync: MeshSync,
  ctx: GitOpsContext,
): Promise<Change | ApplyFailure | Placed> {
  if (object.type === undefined) return object;
  const { hash, id, type } = object;
  const known = ctx.memory.applied(keyOf(sync)).get(entryKey(id));
  if (known?.hash === hash && !ctx.memory.isSuspect(keyOf(sync), id)) {
    return { id, action: "unchanged", corrected: [], applied: known };
  }
  try {
    return await applyOne({ object: object.object, hash, id, type, known }, sync, ctx);
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    const message = error instanceof ApiError ? error.text : errorText(error);
    return { ...problemOf(object, message), isFinal: isInvalid(error) };
  }
}

/** One object to bring to what Git says. */
export interface Target {
  readonly object: KubeObject;
  readonly hash: string;
  readonly id: ObjectId;
  readonly type: ResourceType;
  /** As this process applied it last. */
  readonly known: AppliedObject | undefined;
}

/** How often a write that met another one is tried again, with a new look. */
const CONFLICTS_MAX = 3;

/**
 * Looks at one object, and writes it if it differs from what Git says or Git changed.
 *
 * # Guarantees
 * An object that is as Git says costs a read (none where it is cached) and no write.
 */
export async function applyOne(
  target: Target,
  sync: MeshSync,
  ctx: GitOpsContext,
): Promise<Change> {
  for (let attempt = 1;; attempt++) {
    // After a conflict the cache is behind for certain.
    const live = attempt === 1
      ? await liveObject(target, ctx)
      : await ctx.cluster.get(target.type, target.id, ctx.signal);
    const isSame = live?.metadata.annotations?.[HASH_ANNOTATION] === target.hash;
    const paths = live === undefined ? [] : driftPaths(target.object, live);
    if (isSame && paths.length === 0) return changeOf(target, live, { action: "unchanged" });
    // Deleted by somebody, or changed while Git stayed the same.
    const isDrift = isSame || (live === undefined && target.known?.hash === target.hash);
    const wanted = live === undefined ? target.object : withScaledReplicas(target.object, live);
    try {
      const answer = await ctx.cluster.apply(wanted, {
        fieldManager: fieldManager(keyOf(sync)),
        signal: ctx.signal,
      });
      if (isMeshKind(answer)) ctx.caches[answer.kind]?.observe?.(answer);
      const isUnchanged = live?.metadata.resourceVersion === answer.metadata.resourceVersion;
      const action = isUnchanged ? "unchanged" : live === undefined ? "created" : "configured";
      const corrected = isDrift && !isUnchanged ? live === undefined ? ["deleted"] : paths : [];
      return changeOf(target, answer, { action, corrected });
    } catch (error) {
      if (!isConflict(error) || attempt >= CONFLICTS_MAX) throw error;
    }
  }
}

function changeOf(
  target: Target,
  live: KubeObject,
  result: { readonly action: Action; readonly corrected?: readonly string[] },
): Change {
  const { id, hash, object } = target;
  const { resourceVersion } = live.metadata;
  const applied = { id, hash, resourceVersion, ...(isMeshKind(object) ? { object } : {}) };
  return { id, action: result.action, corrected: result.corrected ?? [], applied };
}

/** The object as it is now: from the cache where there is one that knows at least our own last write. */
async function liveObject(target: Target, ctx: GitOpsContext): Promise<KubeObject | undefined> {
  const { id, known, object, type } = target;
  const cache = isMeshKind(object) ? ctx.caches[object.kind] : undefined;
  const cached = cache?.synced === true ? cache.get(id) : undefined;
  const isBehind = known !== undefined &&
    isNewerVersion(known.resourceVersion, cached?.metadata.resourceVersion);
  if (cached !== undefined && !isBehind) return cached;
  return await ctx.cluster.get(type, id, ctx.signal);
}
