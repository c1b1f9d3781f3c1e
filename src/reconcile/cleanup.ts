import { type Component, withDefaults } from "#api";
import {
  afterDelay,
  AWAIT_CHANGE,
  errorText,
  idOf,
  idText,
  isAbort,
  keyOf,
  mergeConditions,
  type Next,
  soonest,
  timestamp,
  WaitingError,
} from "#base";
import {
  cleanupDeadlineMs,
  cleanupJob,
  cleanupJobName,
  cleanupTargets,
  selectorLabels,
  statefulSetName,
  withAllowedPodAccount,
} from "#desired";
import { ApiError, isConflict, isObjectMissing, namespaceEnd, NoAnswerError } from "#kube";
import {
  type CleanupLook,
  type CleanupPlan,
  componentStatus,
  conditionsOf,
  endMs,
  finalizerSteps,
  givenUp,
  isHeld,
  planCleanup,
  type Pod,
  type ReadyState,
  selectorText,
  stepFailed,
} from "#plan";
import { cacheOf, type Effects, FIELD_MANAGER, type ReconcileContext } from "./context.ts";
import { writeOwner } from "./act.ts";
import { factsFor, podsOf, warningsAbout } from "./cached_facts.ts";
import { recordStatus } from "./record.ts";

/** After a write that the API server refused: it may be a quota, a right, an admission hook. */
const REFUSED_RECHECK_MS = 10_000;

/**
 * Cleans up after a component that is being deleted, and lets it go: see {@linkcode planCleanup}.
 *
 * @throws {WaitingError} when a write was refused: the cause is in the status already
 */
export async function reconcileDeletion(
  stored: Component,
  { ctx, signal }: Effects,
): Promise<Next> {
  if (!isHeld(stored)) return AWAIT_CHANGE;
  const look = observeCleanup(stored, ctx);
  let plan = planCleanup(look);
  try {
    if (plan.creation !== undefined && !await isStillHeld(stored, { ctx, signal })) {
      return AWAIT_CHANGE;
    }
    await execute(plan, stored, { ctx, signal });
  } catch (error) {
    if (isAbort(error, signal)) throw error;
    const end = namespaceEnd(error);
    if (end !== undefined) plan = givenUp(look, `its namespace ${end}`);
    else if (plan.finalizer === "remove") logLeftJob(stored, error, ctx);
    else return await refused(look, error, { ctx, signal });
  }
  if (plan.finalizer === "remove") {
    await letGo(stored, plan, { ctx, signal });
    return AWAIT_CHANGE;
  }
  const next = plan.state === undefined
    ? AWAIT_CHANGE
    : await recordState(look, { state: plan.state, isUrgent: false }, { ctx, signal });
  if (plan.lookAgainMs === undefined) return next;
  return soonest(next, afterDelay(Math.max(0, plan.lookAgainMs - ctx.clock.now())));
}

function observeCleanup(stored: Component, ctx: ReconcileContext): CleanupLook {
  const component = withDefaults(stored);
  const statefulSet = cacheOf(ctx.caches, "StatefulSet").get({
    namespace: stored.metadata.namespace ?? "",
    name: statefulSetName(stored),
  });
  const liveJob = jobOf(stored, ctx);
  const jobPods = cacheOf(ctx.caches, "Pod").ownedBy(liveJob?.metadata.uid ?? "") as readonly Pod[];
  return {
    component: stored,
    targets: cleanupTargets(component),
    job: withAllowedPodAccount(
      cleanupJob(component, factsFor(stored, ctx), ctx.settings),
      ctx.settings,
    ),
    statefulSet,
    pods: podsOf(statefulSet, ctx),
    liveJob,
    jobPods,
    warnings: liveJob === undefined ? [] : warningsAbout([liveJob, ...jobPods], ctx),
    deadlineMs: cleanupDeadlineMs(stored),
    nowMs: ctx.clock.now(),
  };
}

function jobOf(stored: Component, ctx: ReconcileContext) {
  return cacheOf(ctx.caches, "Job").get({
    namespace: stored.metadata.namespace ?? "",
    name: cleanupJobName(stored),
  });
}

/**
 * Asks the API server whether the component still waits for its clean-up. A cache may show it for a moment after it was
 * let go and its Job removed, and a Job that is made then would never be looked at again.
 */
async function isStillHeld(stored: Component, { ctx, signal }: Effects): Promise<boolean> {
  const { type } = cacheOf(ctx.caches, stored.kind);
  const live = await ctx.cluster.get(type, keyOf(stored), signal);
  return live !== undefined && live.metadata.uid === stored.metadata.uid && isHeld(live);
}

async function execute(plan: CleanupPlan, stored: Component, { ctx, signal }: Effects) {
  for (const { id, uid, propagation } of plan.removals) {
    const answer = await ctx.cluster.remove(id, { uid, propagation, signal });
    ctx.log.info("Removed for a clean-up", {
      owner: idText(idOf(stored)),
      child: idText(id),
      answer,
    });
  }
  if (plan.creation === undefined) return;
  // Created, not applied: a Job of somebody else that has the name is never changed (W-24).
  const options = { fieldManager: FIELD_MANAGER, signal };
  const job = await ctx.cluster.create(plan.creation, options);
  cacheOf(ctx.caches, "Job").observe(job);
}

/**
 * Takes the finalizer off; then, once, says how the clean-up ended: of a component that is gone by then, too. The answer to
 * a write that took effect may be lost, and what may be left in Pulsar is named nowhere else.
 */
async function letGo(stored: Component, plan: CleanupPlan, { ctx, signal }: Effects) {
  try {
    for (const step of finalizerSteps(stored, plan.finalizer)) {
      await writeOwner(step, stored, { ctx, signal });
    }
  } catch (error) {
    if (!isObjectMissing(error)) throw error;
  }
  const { uid = "" } = stored.metadata;
  // A cache may show the component for a moment after that.
  if (plan.event === undefined || ctx.letGo.has(uid)) return;
  if (cacheOf(ctx.caches, stored.kind).get(keyOf(stored))?.metadata.uid === uid) {
    ctx.letGo.add(uid);
  }
  ctx.events.record(stored, plan.event);
  const { type, reason, message } = plan.event;
  const facts = { owner: idText(idOf(stored)), reason, outcome: message };
  if (type === "Warning") ctx.log.warn("Let a component go without its clean-up", facts);
  else ctx.log.info("Cleaned up after a component", facts);
}

/** A refused write is in the status, and is tried again until the deadline. */
async function refused(look: CleanupLook, error: unknown, { ctx, signal }: Effects): Promise<Next> {
  const isAnswer = error instanceof ApiError || error instanceof NoAnswerError;
  if (!isAnswer || isConflict(error)) throw error;
  const text = error instanceof ApiError ? error.text : errorText(error);
  await recordState(look, { state: stepFailed(look, text), isUrgent: true }, { ctx, signal });
  const leftMs = Math.max(0, endMs(look) - ctx.clock.now());
  const message = `Cannot clean up after ${idText(idOf(look.component))}: ${text}`;
  throw new WaitingError("CleanupFailed", message, Math.min(REFUSED_RECHECK_MS, leftMs), {
    cause: error,
  });
}

/** The deletion does not wait for the Job's: a finished Job ends itself after its time. */
function logLeftJob(stored: Component, error: unknown, ctx: ReconcileContext): void {
  ctx.log.warn("Cannot remove a clean-up Job; it ends by itself", {
    owner: idText(idOf(stored)),
    error,
  });
}

async function recordState(
  look: CleanupLook,
  { state, isUrgent }: { readonly state: ReadyState; readonly isUrgent: boolean },
  { ctx, signal }: Effects,
): Promise<Next> {
  const { component, statefulSet, pods } = look;
  const now = timestamp(look.nowMs);
  const status = componentStatus({
    component,
    problems: [],
    foreign: [],
    failures: [],
    immutable: [],
    pending: [],
    selector: selectorText(selectorLabels(component)),
    statefulSet,
    pods,
    warnings: [],
    backendRevisions: {},
    now,
  });
  const before = component.status as { readonly conditions?: unknown } | undefined;
  const drafts = conditionsOf(state, component.metadata.generation ?? 0);
  const conditions = mergeConditions(before?.conditions, drafts, now);
  return await recordStatus(component, { status: { ...status, conditions }, isUrgent }, {
    ctx,
    signal,
  });
}
