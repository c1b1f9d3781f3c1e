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
import { ApiError, isInvalid, isNamespaceTerminating, isPolicyRefusal } from "#kube";
import { type EventDraft, settledMark, type Step, stepEvent, type StepFailure } from "#plan";
import { type CachedKind, FIELD_MANAGER, type ReconcileContext } from "./context.ts";
import { takeFieldsOver } from "./take_over.ts";

/** What became of a plan's steps. */
export interface Outcome {
  /** Objects as the API server answered them. */
  readonly applied: readonly KubeObject[];
  readonly failures: readonly StepFailure[];
  /** The first error, for the queue's error policy. */
  readonly error: unknown;
}

/**
 * Executes the steps in order. A failed one does not keep the others from being tried (W-16); all failures are
 * collected for the status, the first error for the queue.
 */
export async function act(
  steps: readonly Step[],
  owner: KubeObject,
  options: { readonly ctx: ReconcileContext; readonly signal: AbortSignal },
): Promise<Outcome> {
  const applied: KubeObject[] = [];
  const failures: StepFailure[] = [];
  let firstError: unknown;
  for (const step of steps) {
    try {
      const object = await execute(step, owner, options);
      if (object !== undefined) applied.push(object);
    } catch (error) {
      if (isAbort(error, options.signal)) throw error;
      firstError ??= error;
      failures.push(failureOf(step, error));
    }
  }
  return { applied, failures, error: firstError };
}

async function execute(
  step: Step,
  owner: KubeObject,
  { ctx, signal }: { readonly ctx: ReconcileContext; readonly signal: AbortSignal },
): Promise<KubeObject | undefined> {
  if (step.action === "remove") {
    const { id, uid, propagation } = step;
    const how = propagation === undefined ? {} : { propagation };
    const answer = await ctx.cluster.remove(id, { uid, signal, ...how });
    if (answer === "deleted") tell(step, owner, ctx);
    return undefined;
  }
  const object = step.isPartial === true
    ? await merge(step.object, { ctx, signal })
    : await write(step.object, step.live, { ctx, signal });
  ctx.caches[object.kind as CachedKind]?.observe(object);
  const uid = object.metadata.uid ?? "";
  if (step.live?.metadata.resourceVersion === object.metadata.resourceVersion) {
    // The two spellings mean the same to the API server: remember that, or every pass would ask again.
    ctx.settled.set(uid, settledMark(step.object, object));
    return object;
  }
  ctx.settled.delete(uid);
  if (step.why === "drifted") ctx.metrics.countDriftCorrected(object.kind);
  tell(step, owner, ctx);
  return object;
}

/** Writes only the members that `object` has. */
async function merge(
  object: KubeObject,
  { ctx, signal }: { readonly ctx: ReconcileContext; readonly signal: AbortSignal },
): Promise<KubeObject> {
  const { labels = {}, annotations = {} } = object.metadata;
  const metadata = { labels: { ...labels }, annotations: { ...annotations } };
  const patch = object.spec === undefined
    ? { metadata }
    : { metadata, spec: object.spec as JsonObject };
  return await ctx.cluster.patch(idOf(object), patch, { fieldManager: FIELD_MANAGER, signal });
}

async function write(
  object: KubeObject,
  live: KubeObject | undefined,
  { ctx, signal }: { readonly ctx: ReconcileContext; readonly signal: AbortSignal },
): Promise<KubeObject> {
  const options = { fieldManager: FIELD_MANAGER, signal };
  if (live !== undefined) await takeFieldsOver(live, { ctx, signal });
  try {
    return await ctx.cluster.apply(object, options);
  } catch (error) {
    if (!isInvalid(error) || live === undefined || !isPlainObject(object.spec)) throw error;
    // What others put into a list may contradict what we put there (two ports of one name), and an apply takes nothing
    // of theirs away. A merge patch replaces whole lists; if it is refused too, the fault is ours.
    const { spec } = object as KubeObject & { readonly spec: JsonObject };
    await ctx.cluster.patch(idOf(object), { spec }, options);
    return await ctx.cluster.apply(object, options);
  }
}

/** A namespace that is being deleted takes its time, and nothing in it is worth a word until then. */
const TERMINATING_RECHECK_MS = 30_000;

/**
 * Whether writes failed because the namespace is being deleted: there is nothing to put right and nobody to tell.
 *
 * @throws {WaitingError} if so
 */
export function throwIfTerminating(owner: KubeObject, outcome: Outcome): void {
  const { error } = outcome;
  if (!isNamespaceTerminating(error)) return;
  const message = `Cannot reconcile ${idText(idOf(owner))}: its namespace is being deleted`;
  throw new WaitingError("NamespaceTerminating", message, TERMINATING_RECHECK_MS, { cause: error });
}

/** The error for the queue: stalled where trying again without a change is useless. */
export function queueError(owner: KubeObject, outcome: Outcome): unknown {
  const isFinal = outcome.failures.every((failure) => failure.isFinal);
  const [first] = outcome.failures;
  if (!isFinal || first === undefined) return outcome.error;
  const message = `Cannot reconcile ${idText(idOf(owner))}: ${first.object} was refused`;
  return new StalledError(first.reason, message, { cause: outcome.error });
}

function tell(step: Step, owner: KubeObject, ctx: ReconcileContext): void {
  const event: EventDraft = stepEvent(step);
  ctx.events.record(owner, event);
  ctx.log.info("Wrote a child", {
    owner: idText(idOf(owner)),
    event: event.reason,
    child: step.action === "remove" ? idText(step.id) : idText(idOf(step.object)),
    ...(step.action === "apply" && step.paths.length > 0
      ? { fields: step.paths.slice(0, 20) }
      : {}),
  });
}

function failureOf(step: Step, error: unknown): StepFailure {
  const object = step.action === "remove" ? idText(step.id) : idText(idOf(step.object));
  if (!(error instanceof ApiError)) {
    return { object, reason: "Unavailable", message: errorText(error), isFinal: false };
  }
  const isQuota = error.status === 403 && /exceeded quota/.test(error.message);
  return {
    object,
    reason: isQuota ? "QuotaExceeded" : error.reason,
    message: error.text,
    // What the object itself is at fault for will never be taken; a policy, a quota or a right may change.
    isFinal: isInvalid(error) && !isPolicyRefusal(error),
  };
}
