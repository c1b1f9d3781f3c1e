import { isMeshKind, type MeshSync } from "#api";
import { errorText, isAbort, keyOf, type KubeObject, type ObjectId } from "#base";
import { ApiError, isConflict, isInvalid } from "#kube";
import { applyStages, entryKey, ignoredPaths, type InventoryEntry } from "#plan";
import { eachOf, type GitOpsContext } from "./context.ts";
import { whenServed } from "./definition_wait.ts";
import { type ManifestProblem, problemOf } from "./manifests/manifest.ts";
import type { AppliedObject } from "./memory.ts";
import { fieldManager, type TargetObject } from "./manifests/target.ts";
import {
  type Action,
  FieldConflictError,
  type Planned,
  plannedChange,
  type PlanScope,
  type Target,
} from "./planned.ts";
import { withoutExcused } from "./unproven.ts";

export type { Action, Target } from "./planned.ts";

/** One object after it was looked at. */
export interface Change {
  readonly id: ObjectId;
  readonly action: Action;
  /** Git did not change: somebody else had, at these fields. */
  readonly corrected: readonly string[];
  /** The same, where the sync's spec wants it left. */
  readonly left: readonly string[];
  readonly applied: AppliedObject;
}

/** An object that was not applied. */
export interface ApplyFailure extends ManifestProblem {
  /** Whether trying again without a change is useless. */
  readonly isFinal: boolean;
  /** Whether another manager holds fields. */
  readonly isConflict: boolean;
}

/** What became of all objects of a revision. */
export interface ApplyReport {
  readonly changes: readonly Change[];
  readonly failures: readonly ApplyFailure[];
  /** Objects whose kind the API server does not serve yet. */
  readonly waiting: readonly TargetObject[];
  /** Objects of later stages, which were not tried. */
  readonly untried: number;
  /** Whether a newer commit ended it. */
  readonly superseded: boolean;
}

/** An object that the API server has something against. */
export interface RefusedItem {
  readonly object: TargetObject;
  readonly failure: ApplyFailure;
  readonly refused: Planned;
}

/** An object of a revision with what is to be done: a plan, what keeps it from being applied, or that it has to wait. */
export type PlannedItem =
  | {
    readonly object: TargetObject;
    readonly plan: Planned;
    /** Why it could not be tried before the rest is applied. */
    readonly unproven?: string;
  }
  | { readonly object: TargetObject; readonly known: AppliedObject }
  | { readonly object: TargetObject; readonly failure: ApplyFailure }
  | RefusedItem
  | { readonly object: TargetObject };

/**
 * Compares all objects of a revision with the live ones, and tries all that differ by a dry run; what did not change since
 * it was applied costs no request.
 *
 * @param options.inventory what the sync owns already
 */
export async function planAll(
  objects: readonly TargetObject[],
  sync: MeshSync,
  options: { readonly ctx: GitOpsContext; readonly inventory: readonly InventoryEntry[] },
): Promise<PlannedItem[]> {
  const { ctx, inventory } = options;
  const owned = new Set(inventory.map(({ id }) => id));
  const scopeOf = ({ id }: TargetObject) => ({ sync, ctx, isNew: !owned.has(entryKey(id)) });
  return withoutExcused(
    await eachOf(objects, (object) => planned(object, scopeOf(object))),
  );
}

/** What keeps a revision from being begun: objects that the API server does not take as they are. */
export function refusals(items: readonly PlannedItem[]): ApplyFailure[] {
  return items.flatMap((item) => "failure" in item && !item.failure.isConflict ? item.failure : []);
}

async function planned(object: TargetObject, scope: PlanScope): Promise<PlannedItem> {
  const { ctx, sync } = scope;
  if (object.type === undefined) return { object };
  const known = ctx.memory.applied(keyOf(sync)).get(entryKey(object.id));
  if (known?.hash === object.hash && !ctx.memory.isSuspect(keyOf(sync), object.id)) {
    return { object, known };
  }
  const { hash, id, type, secrets = [] } = object;
  const target = { object: object.object, hash, id, type, known, secrets };
  try {
    const plan = await plannedChange(target, scope);
    return plan.refusal === undefined
      ? { object, plan }
      : { object, refused: plan, failure: failureOf(object, plan.refusal) };
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    return { object, failure: failureOf(object, error) };
  }
}

/** How many objects are applied between two looks whether something newer came. */
const OBJECTS_BETWEEN_LOOKS = 50;

/**
 * Acts on a plan, stage by stage. Within a stage a failure does not keep the others from being tried; a stage with a
 * failure or an object that has to wait is the last one. Definitions are waited for before what they define.
 *
 * @param options.isSuperseded asked between stages and now and then within one: whether to stop for a newer commit
 */
export async function applyAll(
  items: readonly PlannedItem[],
  sync: MeshSync,
  options: { readonly ctx: GitOpsContext; readonly isSuperseded: () => Promise<boolean> },
): Promise<ApplyReport> {
  const { ctx } = options;
  const results: (Change | ApplyFailure | TargetObject)[] = [];
  let untried = 0;
  let superseded = false;
  for (const stage of applyStages(items, (item) => item.object.id)) {
    const isBlocked = results.some((result) => !("action" in result));
    if (isBlocked || superseded) {
      untried += stage.length;
      continue;
    }
    for (let at = 0; at < stage.length; at += OBJECTS_BETWEEN_LOOKS) {
      superseded = superseded || await options.isSuperseded();
      const part = stage.slice(at, at + OBJECTS_BETWEEN_LOOKS);
      if (superseded) untried += part.length;
      else results.push(...await eachOf(part, (item) => acted(item, sync, ctx)));
    }
    await whenServed(stage.map((item) => item.object.object), ctx);
  }
  return {
    changes: results.filter((result) => "action" in result),
    failures: results.filter((result) => "isFinal" in result),
    waiting: results.filter((result): result is TargetObject => "lineOf" in result),
    untried,
    superseded,
  };
}

async function acted(
  item: PlannedItem,
  sync: MeshSync,
  ctx: GitOpsContext,
): Promise<Change | ApplyFailure | TargetObject> {
  const { object } = item;
  const { id } = object;
  if ("failure" in item) return item.failure;
  if ("known" in item) {
    return { id, action: "unchanged", corrected: [], left: [], applied: item.known };
  }
  try {
    if ("plan" in item) return await act(item.plan, sync, ctx);
    // Not served when the plan was made: perhaps the revision itself brought its definition meanwhile.
    const type = await ctx.cluster.resourceType(id.apiVersion, id.kind);
    if (type === undefined) return object;
    const { hash, secrets = [] } = object;
    const target = { object: object.object, hash, id, type, known: undefined, secrets };
    return await applyOne(target, sync, ctx);
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    return failureOf(object, error);
  }
}

function failureOf(object: TargetObject, error: unknown): ApplyFailure {
  const message = error instanceof ApiError ? error.text : errorText(withoutCause(error));
  const isFinal = isInvalid(error);
  return {
    ...problemOf(object, message),
    isFinal,
    isConflict: error instanceof FieldConflictError,
  };
}

/** The message of a conflict says all that its cause does. */
function withoutCause(error: unknown): unknown {
  return error instanceof FieldConflictError ? error.message : error;
}

/** How often a write that met another one is tried again, with a new look. */
const CONFLICTS_MAX = 3;

/** Looks at one object, and writes it if it differs from what Git says or Git changed. */
export async function applyOne(
  target: Target,
  sync: MeshSync,
  ctx: GitOpsContext,
): Promise<Change> {
  return await act(await plannedChange(target, { sync, ctx }), sync, ctx);
}

async function act(first: Planned, sync: MeshSync, ctx: GitOpsContext): Promise<Change> {
  let plan = first;
  for (let attempt = 1;; attempt++) {
    if (plan.refusal !== undefined) throw plan.refusal;
    if (plan.action === "unchanged") return changeOf(plan, plan.live, sync);
    try {
      const answer = await ctx.cluster.apply(plan.wanted, {
        fieldManager: fieldManager(keyOf(sync)),
        force: plan.force,
        signal: ctx.signal,
      });
      if (isMeshKind(answer)) ctx.caches[answer.kind]?.observe?.(answer);
      const isUnchanged = plan.live?.metadata.resourceVersion === answer.metadata.resourceVersion;
      return changeOf(isUnchanged ? { ...plan, action: "unchanged" } : plan, answer, sync);
    } catch (error) {
      if (!isConflict(error) || attempt >= CONFLICTS_MAX) throw error;
      // Somebody was faster; a cache is behind for certain.
      plan = await plannedChange(plan.target, { sync, ctx, fresh: true });
    }
  }
}

function changeOf(plan: Planned, live: KubeObject | undefined, sync: MeshSync): Change {
  const { id, hash, object, secrets = [] } = plan.target;
  const ignored = ignoredPaths(object, sync.spec.drift?.ignore ?? []);
  const resourceVersion = live?.metadata.resourceVersion;
  const isCorrected = plan.action !== "unchanged";
  return {
    id,
    action: plan.action,
    corrected: isCorrected ? plan.drift : [],
    left: isCorrected ? [] : plan.drift,
    applied: { id, hash, resourceVersion, object, ignored, secrets },
  };
}
