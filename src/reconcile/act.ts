import { ANNOTATIONS } from "#api";
import {
  errorText,
  idOf,
  idText,
  isAbort,
  isPlainObject,
  type JsonObject,
  type KubeObject,
  StalledError,
  WaitingError,
} from "#base";
import {
  ApiError,
  isConflict,
  isInvalid,
  isObjectMissing,
  isPolicyRefusal,
  namespaceEnd,
} from "#kube";
import {
  isWhollyApplied,
  type OwnerStep,
  passedOn,
  settledMark,
  type Step,
  stepEvent,
  stepEvents,
  type StepFailure,
} from "#plan";
import {
  type CachedKind,
  type Effects,
  FIELD_MANAGER,
  FINALIZER_MANAGER,
  REPLICAS_MANAGER,
} from "./context.ts";
import { takeFieldsOver } from "./take_over.ts";

/** What is to be written for one owner. */
export interface Steps {
  /** Writes to the owner itself. */
  readonly ownerSteps?: readonly OwnerStep[];
  readonly steps: readonly Step[];
}

/** What the plan was made on, see {@linkcode Look}. */
export interface PlannedSteps extends Steps, Look {}

/** How children are looked at. */
export interface Look {
  /**
   * Whether the API server was asked for children that no cache shows. Otherwise they are created, and only created: caches
   * hold what has our labels, and somebody else's object may have the name (W-24).
   */
  readonly isAsked: boolean;
}

/** An object is there that no cache shows: it has to be looked at. */
export class UnseenObjectError extends Error {
  override readonly name = "UnseenObjectError";
}

/** A pass that trusts the caches first, as nearly always they know; and asks the API server where one did not. */
export async function lookingTwice<T>(pass: (look: Look) => Promise<T>): Promise<T> {
  try {
    return await pass({ isAsked: false });
  } catch (error) {
    if (!(error instanceof UnseenObjectError)) throw error;
    return await pass({ isAsked: true });
  }
}

/** What became of a plan's steps. */
export interface Outcome {
  /** The owner as the API server answered it last; as it was seen where nothing of it was written. */
  readonly owner: KubeObject;
  /** The owner turned out to be gone: nothing more was done. */
  readonly isOwnerGone: boolean;
  /** Objects as the API server answered them. */
  readonly applied: readonly KubeObject[];
  /** Uids of objects that were deleted. */
  readonly removed: ReadonlySet<string>;
  readonly failures: readonly StepFailure[];
  /** The first error, for the queue's error policy; before all others one by which the namespace ends. */
  readonly error: unknown;
}

/**
 * Executes the steps in order, those of the owner first. A failed one does not keep the others from being tried (W-16);
 * all failures are collected for the status, the first error for the queue.
 *
 * @throws when the owner was changed since it was looked at: what was planned is for another one
 * @throws {UnseenObjectError} where the caches were trusted, and do not show what is there
 */
export async function act(
  { isAsked, ownerSteps = [], steps }: PlannedSteps,
  seen: KubeObject,
  effects: Effects,
): Promise<Outcome> {
  const applied: KubeObject[] = [];
  const removed = new Set<string>();
  const failures: StepFailure[] = [];
  let owner = seen;
  let error: unknown;
  const failed = (cause: unknown, object: string) => {
    if (isAbort(cause, effects.signal)) throw cause;
    const isWhy = namespaceEnd(cause) !== undefined && namespaceEnd(error) === undefined;
    if (error === undefined || isWhy) error = cause;
    failures.push(failureOf(cause, object));
  };
  for (const step of ownerSteps) {
    try {
      owner = await writeOwner(step, owner, effects);
    } catch (cause) {
      if (isObjectMissing(cause)) {
        return { owner, isOwnerGone: true, applied, removed, failures, error: undefined };
      }
      if (isConflict(cause)) throw cause;
      failed(cause, idText(idOf(owner)));
    }
  }
  const done: Step[] = [];
  try {
    for (const step of steps) {
      try {
        const { isNews, object } = await execute(step, owner, { ...effects, isAsked });
        if (isNews) done.push(step);
        if (object !== undefined) applied.push(object);
        else if (step.action === "remove") removed.add(step.uid);
      } catch (cause) {
        if (cause instanceof UnseenObjectError) throw cause;
        failed(cause, idText(step.action === "remove" ? step.id : idOf(step.object)));
      }
    }
  } finally {
    for (const event of stepEvents(done)) effects.ctx.events.record(owner, event);
  }
  return { owner, isOwnerGone: false, applied, removed, failures, error };
}

/** Writes to the owner, and only to the version of it that was looked at: nothing of its author is undone (W-4). */
export async function writeOwner(
  step: OwnerStep,
  owner: KubeObject,
  { ctx, signal }: Effects,
): Promise<KubeObject> {
  const { resourceVersion = "" } = owner.metadata;
  const written = step.action === "fill"
    ? await ctx.cluster.apply(
      { ...step.object, metadata: { ...step.object.metadata, resourceVersion } },
      { fieldManager: REPLICAS_MANAGER, signal },
    )
    : await ctx.cluster.patch(
      idOf(owner),
      { metadata: { resourceVersion, finalizers: [...step.finalizers] } },
      { fieldManager: FINALIZER_MANAGER, signal },
    );
  ctx.caches[owner.kind as CachedKind]?.observe(written);
  return written;
}

async function execute(
  step: Step,
  owner: KubeObject,
  { ctx, isAsked, signal }: Effects & Look,
): Promise<{ readonly isNews: boolean; readonly object?: KubeObject }> {
  if (step.action === "remove") {
    const { id, uid, propagation } = step;
    const how = propagation === undefined ? {} : { propagation };
    const answer = await ctx.cluster.remove(id, { uid, signal, ...how });
    if (answer === "deleted") logStep(step, owner, { ctx, signal });
    return { isNews: answer === "deleted" };
  }
  const object = step.isPartial === true
    ? await merge(step.object, { ctx, signal })
    : step.live === undefined && !isAsked
    ? await create(step.object, { ctx, signal })
    : await write(step.object, step.live, { ctx, signal });
  ctx.caches[object.kind as CachedKind]?.observe(object);
  const uid = object.metadata.uid ?? "";
  if (step.live?.metadata.resourceVersion === object.metadata.resourceVersion) {
    // The two spellings mean the same to the API server: remember that, or every pass would ask again.
    ctx.settled.set(uid, settledMark(step.object, object));
    return { isNews: false, object };
  }
  ctx.settled.delete(uid);
  if (step.why === "drifted") ctx.metrics.countDriftCorrected(object.kind);
  logStep(step, owner, { ctx, signal });
  return { isNews: true, object };
}

/** Writes only the members that `object` has. */
async function merge(object: KubeObject, { ctx, signal }: Effects): Promise<KubeObject> {
  const { labels = {}, annotations = {} } = object.metadata;
  const metadata = { labels: { ...labels }, annotations: { ...annotations } };
  const patch = object.spec === undefined
    ? { metadata }
    : { metadata, spec: object.spec as JsonObject };
  return await ctx.cluster.patch(idOf(object), patch, { fieldManager: FIELD_MANAGER, signal });
}

/** @throws {UnseenObjectError} where the object is there although no cache shows it */
async function create(object: KubeObject, { ctx, signal }: Effects): Promise<KubeObject> {
  try {
    return await ctx.cluster.apply(object, { fieldManager: FIELD_MANAGER, isNew: true, signal });
  } catch (error) {
    if (!isConflict(error)) throw error;
    throw new UnseenObjectError(`Cannot create ${idText(idOf(object))}`, { cause: error });
  }
}

async function write(
  object: KubeObject,
  live: KubeObject | undefined,
  { ctx, signal }: Effects,
): Promise<KubeObject> {
  const options = { fieldManager: FIELD_MANAGER, signal };
  if (live !== undefined && !isWhollyApplied(live)) await takeFieldsOver(live, { ctx, signal });
  try {
    return await ctx.cluster.apply(object, options);
  } catch (error) {
    const isOursToMend = isInvalid(error) && !isPolicyRefusal(error);
    if (!isOursToMend || live === undefined || !isPlainObject(object.spec)) throw error;
    // What others put into a list may contradict what we put there (two ports of one name), and an apply takes nothing
    // of theirs away. A merge patch replaces whole lists; if it is refused too, the fault is ours. Until what it wrote is
    // owned by an apply, the object counts as not applied: a pass that ends in between is taken up again.
    const metadata = { annotations: { [ANNOTATIONS.appliedHash]: null } };
    await ctx.cluster.patch(
      idOf(object),
      { metadata, spec: object.spec as JsonObject },
      options,
    );
    await takeFieldsOver(live, { ctx, signal });
    const { resourceVersion: _seen, ...kept } = object.metadata;
    return await ctx.cluster.apply({ ...object, metadata: kept }, options);
  }
}

/** A namespace that is being deleted takes its time, and nothing in it is worth a word until then. */
const NAMESPACE_RECHECK_MS = 30_000;

/**
 * Throws where writes failed because the namespace is being deleted, or is gone while a cache still shows the owner: there
 * is nothing to put right and nobody to tell.
 *
 * @throws {WaitingError} if so
 */
export function throwIfNamespaceEnds(owner: KubeObject, { error }: Outcome): void {
  const end = namespaceEnd(error);
  if (end === undefined) return;
  const message = `Cannot reconcile ${idText(idOf(owner))}: its namespace ${end}`;
  throw new WaitingError("NamespaceEnds", message, NAMESPACE_RECHECK_MS, { cause: error });
}

/** The error for the queue: stalled where trying again without a change is useless. */
export function queueError(owner: KubeObject, outcome: Outcome): unknown {
  const isFinal = outcome.failures.every((failure) => failure.isFinal);
  const [first] = outcome.failures;
  if (!isFinal || first === undefined) return outcome.error;
  const message = `Cannot reconcile ${idText(idOf(owner))}: ${first.object} was refused`;
  return new StalledError(first.reason, message, { cause: outcome.error });
}

function logStep(step: Step, owner: KubeObject, { ctx }: Effects): void {
  ctx.log.info("Wrote a child", {
    owner: idText(idOf(owner)),
    event: stepEvent(step).reason,
    child: step.action === "remove" ? idText(step.id) : idText(idOf(step.object)),
    ...(step.action === "apply" && step.paths.length > 0
      ? { fields: step.paths.slice(0, 20) }
      : {}),
  });
}

function failureOf(error: unknown, object: string): StepFailure {
  if (!(error instanceof ApiError)) {
    return { object, reason: "Unavailable", message: errorText(error), isFinal: false };
  }
  const isQuota = error.status === 403 && /exceeded quota/.test(error.message);
  return {
    object,
    reason: isQuota ? "QuotaExceeded" : passedOn(error.reason),
    message: error.text,
    // What the object itself is at fault for will never be taken; a policy, a quota or a right may change.
    isFinal: isInvalid(error) && !isPolicyRefusal(error),
  };
}
