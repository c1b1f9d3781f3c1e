import { ANNOTATIONS, isMeshKind, type MeshSync } from "#api";
import { isAbort, keyOf, type KubeObject, type ObjectId, sameJson } from "#base";
import { ApiError, isConflict, isNewerVersion, type ResourceType } from "#kube";
import {
  conflictText,
  fieldConflicts,
  ignoredPaths,
  openConflicts,
  withIgnored,
  withScaledReplicas,
} from "#plan";
import type { GitOpsContext } from "./context.ts";
import { type AppliedObject, driftPaths } from "./memory.ts";
import { goneManagers } from "./others.ts";
import { belongsTo, fieldManager, HASH_ANNOTATION } from "./manifests/target.ts";

/** What becomes of one object. */
export type Action = "created" | "configured" | "unchanged";

/** One object to bring to what Git says. */
export interface Target {
  readonly object: KubeObject;
  readonly hash: string;
  readonly id: ObjectId;
  readonly type: ResourceType;
  /** As this process applied it last. */
  readonly known: AppliedObject | undefined;
  /** Values in it that no message may repeat. */
  readonly secrets?: readonly string[];
}

/** What is to be done about one object, and why. */
export interface Planned {
  readonly target: Target;
  readonly action: Action;
  readonly live: KubeObject | undefined;
  /** What to apply. */
  readonly wanted: KubeObject;
  /** Whether the plan found that fields of others may be taken. */
  readonly force: boolean;
  /** Fields that somebody changed while Git stayed the same; `deleted` for the whole object. */
  readonly drift: readonly string[];
  /** What the API server has against it, as a dry run found. */
  readonly refusal?: unknown;
}

/** Another manager holds fields, and nobody said that they may be taken. */
export class FieldConflictError extends Error {
  override readonly name = "FieldConflictError";
}

/** For whom an object is planned, and what is known of it before. */
export interface PlanScope {
  readonly sync: MeshSync;
  readonly ctx: GitOpsContext;
  /** The sync has not applied it yet: it is most probably not there. */
  readonly isNew?: boolean;
  /** Read the object from the API server, whatever a cache says. */
  readonly fresh?: boolean;
}

/**
 * Compares one object with the live one: first by what Git says and by hash, and where that finds a difference, by a
 * server-side dry run, which a new object has too.
 *
 * # Guarantees
 * Nothing is written. An object that is as Git says costs a read, and none where it is followed; one that is not there
 * costs its dry run only, where the sync is known not to have applied it.
 *
 * @throws {FieldConflictError} naming both managers and the fields
 */
export async function plannedChange(target: Target, scope: PlanScope): Promise<Planned> {
  const { sync } = scope;
  const isNew = scope.isNew === true && target.known === undefined;
  const created = isNew ? await creation(target, scope) : undefined;
  if (created !== undefined) return created;
  const live = await liveObject(target, scope);
  const ignored = ignoredPaths(target.object, sync.spec.drift?.ignore ?? []);
  const isSame = live?.metadata.annotations?.[HASH_ANNOTATION] === target.hash;
  const paths = live === undefined ? ["deleted"] : driftPaths(target.object, live, ignored);
  const wanted = live === undefined
    ? target.object
    : withIgnored(withScaledReplicas(target.object, live), live, ignored);
  const isDrift = isSame || (live === undefined && target.known?.hash === target.hash);
  const base = { target, live, wanted, drift: isDrift ? paths : [] };
  const isLeft = isDrift && (sync.spec.drift?.mode ?? "correct") !== "correct";
  if (isLeft || (isSame && paths.length === 0)) {
    return { ...base, action: "unchanged", force: false };
  }
  return await dryRun(base, scope);
}

/** The plan for an object that is not there, as a dry run shows; undefined where it has to be looked at. */
async function creation(target: Target, scope: PlanScope): Promise<Planned | undefined> {
  const { ctx, sync } = scope;
  if (cachedObject(target, ctx) !== undefined) return undefined;
  const wanted = target.object;
  const force = isForced(target, sync);
  try {
    const answer = await ctx.cluster.apply(wanted, {
      fieldManager: fieldManager(keyOf(sync)),
      dryRun: true,
      force,
      signal: ctx.signal,
    });
    // Only what is stored has a version.
    const isThere = Boolean(answer.metadata.resourceVersion);
    return isThere
      ? undefined
      : { target, live: undefined, wanted, drift: [], action: "created", force };
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    // What the API server has against it depends on what is there: the next dry run, after a look, tells it.
    return undefined;
  }
}

async function dryRun(
  base: Omit<Planned, "action" | "force" | "refusal">,
  scope: PlanScope,
): Promise<Planned> {
  const { ctx, sync } = scope;
  const { live } = base;
  const planned = live === undefined ? "created" : "configured";
  const force = isForced(base.target, sync);
  try {
    const answer = await ctx.cluster.apply(base.wanted, {
      fieldManager: fieldManager(keyOf(sync)),
      dryRun: true,
      force,
      signal: ctx.signal,
    });
    const isSame = live !== undefined && sameJson(content(answer), content(live));
    return { ...base, action: isSame ? "unchanged" : planned, force };
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    const conflicts = error instanceof ApiError && isConflict(error)
      ? fieldConflicts(error.causes)
      : [];
    if (conflicts.length === 0) return { ...base, action: planned, force, refusal: error };
    const gone = await goneManagers(base.target.id, conflicts.map(({ manager }) => manager), scope);
    const open = openConflicts(conflicts, {
      isForced: force,
      isOurs: live !== undefined && belongsTo(sync, live),
      isDrift: base.drift.length > 0,
      gone,
    });
    if (open.length === 0) return { ...base, action: planned, force: true };
    const text = conflictText(open, fieldManager(keyOf(sync)));
    throw new FieldConflictError(text, { cause: error });
  }
}

/** Whether the author of the sync or of the object said that fields of others may be taken. */
function isForced(target: Target, sync: MeshSync): boolean {
  return sync.spec.force === true ||
    target.object.metadata.annotations?.[ANNOTATIONS.force] === "true";
}

/** What of an object a write can change; a dry run leaves versions and times as they are, or makes some up. */
function content(object: KubeObject): unknown {
  const { metadata, status: _status, ...rest } = object;
  const { resourceVersion: _version, generation: _generation, ...kept } = metadata;
  return { ...rest, metadata: kept };
}

/** The object as it is now: from the cache where there is one that knows at least our own last write. */
export async function liveObject(
  target: Target,
  scope: PlanScope,
): Promise<KubeObject | undefined> {
  const { ctx } = scope;
  const { id, known, type } = target;
  if (scope.fresh !== true) {
    const cached = cachedObject(target, ctx);
    const isBehind = known !== undefined &&
      isNewerVersion(known.resourceVersion, cached?.metadata.resourceVersion);
    if (cached !== undefined && !isBehind) return cached;
  }
  return await ctx.cluster.get(type, id, ctx.signal);
}

function cachedObject({ id, object, type }: Target, ctx: GitOpsContext): KubeObject | undefined {
  const cache = isMeshKind(object) ? ctx.caches[object.kind] : ctx.followed?.(type);
  return cache?.synced === true ? cache.get(id) : undefined;
}
