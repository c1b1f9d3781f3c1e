import { backlogScalingOf, type Component, type ComponentKind } from "#api";
import {
  afterDelay,
  AWAIT_CHANGE,
  type KubeObject,
  type Next,
  type ObjectKey,
  soonest,
  timestamp,
} from "#base";
import { selectorLabels } from "#desired";
import {
  type ComponentPlan,
  type ComponentStatus,
  componentStatus,
  isCountedReady,
  planComponent,
  selectorText,
  stabilizedPods,
} from "#plan";
import {
  act,
  type Look,
  lookingTwice,
  type Outcome,
  queueError,
  throwIfNamespaceEnds,
} from "./act.ts";
import { reconcileDeletion } from "./cleanup.ts";
import { cacheOf, type Effects, type PodsWithLogs, type ReconcileContext } from "./context.ts";
import { discreetEffects } from "./discreet_cluster.ts";
import { observeComponent, type ObservedComponent } from "./observe.ts";
import { isNew, recordStatus } from "./record.ts";
import { recordUnknown } from "./unknown.ts";
import type { WakeUp } from "./wake_up.ts";

/** While somebody else's object is in the way, no watch tells when it goes: look again after this. */
export const FOREIGN_RECHECK_MS = 30_000;

/**
 * Brings the children of one Function, Source or Sink to what its spec asks for, and its status to the truth.
 *
 * Observe, plan, act, record: reads come from caches (and from the API server where these cannot know), the plan is a
 * value, writes happen for its steps only, and the status is the last of them. An unchanged component costs no request.
 *
 * @throws {StalledError} when a person has to act: the cause is in the status already
 * @throws what a failed write threw, for the queue to try again
 */
export async function reconcileComponent(
  kind: ComponentKind,
  key: ObjectKey,
  given: Effects,
): Promise<Next> {
  return await lookingTwice((look) => passOver(kind, key, given, look));
}

async function passOver(
  kind: ComponentKind,
  key: ObjectKey,
  given: Effects,
  look: Look,
): Promise<Next> {
  const effects = discreetEffects(given, cacheOf(given.ctx.caches, kind).get(key));
  const seen = await observeComponent(kind, key, { ...effects, ...look });
  switch (seen.at) {
    case "gone":
      // Its children are removed by the garbage collector, by their owner references.
      effects.ctx.metrics.forget(kind, key);
      return AWAIT_CHANGE;
    case "unmanaged":
      return AWAIT_CHANGE;
    case "unknown":
      return await recordUnknown(seen.stored, seen.outage, effects);
    case "leaving":
      return await reconcileDeletion(seen.stored as Component, effects);
    case "present": {
      const waitMs = waitOf(seen.stored, { kind, key }, effects.ctx);
      const whole = planComponent({ ...seen, ...programFacts(effects.ctx) });
      const plan = waitMs > 0 && !isFilledFirst(seen) ? withoutFill(whole) : whole;
      const outcome = await act({ ...plan, ...look }, seen.stored, effects);
      return await recordComponent({ seen, plan, outcome, waitMs }, effects);
    }
    default:
      return seen satisfies never;
  }
}

/** How long a component waits with what its pods do not need: of very many new ones, all get their pods first. */
function waitOf(
  { metadata, status }: Component,
  woken: WakeUp,
  { clock, pace }: ReconcileContext,
): number {
  return isNew(status) ? pace.newDelayMs(metadata.uid ?? "", woken, clock.monotonicMs()) : 0;
}

/**
 * Whether its replicas have to be there before it is told anything else: an autoscaler of its own fails without them, and a
 * component that is ready would be another generation right after it was called so.
 */
function isFilledFirst({ desired, statefulSet, stored }: ObservedComponent): boolean {
  return desired.some(({ kind }) => kind === "HorizontalPodAutoscaler") ||
    backlogScalingOf(stored) !== undefined ||
    (statefulSet !== undefined && isCountedReady(statefulSet));
}

/** Who scales it by hand waits for its replicas; nobody else does. */
function withoutFill(plan: ComponentPlan): ComponentPlan {
  return { ...plan, ownerSteps: plan.ownerSteps.filter(({ action }) => action !== "fill") };
}

/** What plans depend on besides what was observed. */
function programFacts({ options, settings, settled, version }: ReconcileContext) {
  const { pauseRollout, rolloutOnUpgrade } = options;
  return { settled, program: { version, settings, pauseRollout, rolloutOnUpgrade } };
}

interface Pass {
  readonly seen: ObservedComponent;
  readonly plan: ComponentPlan;
  readonly outcome: Outcome;
  /** How long it waits with what its pods do not need, in milliseconds. */
  readonly waitMs: number;
}

/** Says what is true of the component after a pass, and when it wants to be looked at again. */
async function recordComponent(pass: Pass, effects: Effects): Promise<Next> {
  const { seen, plan, outcome, waitMs } = pass;
  const { ctx } = effects;
  if (outcome.isOwnerGone) return AWAIT_CHANGE;
  throwIfNamespaceEnds(seen.stored, outcome);
  const { kind, metadata } = seen.stored;
  const owner = { kind, key: { namespace: metadata.namespace ?? "", name: metadata.name } };
  const nowMs = ctx.clock.now();
  const { pods, untilMs } = stabilizedPods(seen.pods, nowMs);
  const logs = ctx.terminationLogs.addedTo(pods, owner);
  const next = await recordStatus(outcome.owner, {
    status: statusOf(pass, logs, nowMs),
    isUrgent: outcome.error !== undefined || logs.isNews,
    isNews: logs.isNews,
    beginDelayMs: waitMs,
  }, effects);
  if (outcome.error !== undefined) throw queueError(seen.stored, outcome);
  const recheckMs = [
    ...(untilMs === undefined ? [] : [untilMs - nowMs]),
    ...(plan.foreign.length > 0 ? [FOREIGN_RECHECK_MS] : []),
    ...(waitMs > 0 ? [waitMs] : []),
  ];
  return recheckMs.map(afterDelay).reduce(soonest, next);
}

function statusOf(
  { seen, plan, outcome }: Pass,
  logs: PodsWithLogs,
  nowMs: number,
): ComponentStatus {
  return componentStatus({
    component: outcome.owner,
    problems: seen.problems,
    foreign: plan.foreign,
    failures: outcome.failures,
    immutable: plan.immutable,
    pending: plan.pending,
    held: plan.held,
    notes: plan.notes,
    selector: selectorText(selectorLabels(seen.stored)),
    statefulSet: statefulSetNow(seen.statefulSet, outcome),
    pods: logs.pods,
    warnings: seen.warnings,
    backendRevisions: plan.backendRevisions,
    now: timestamp(nowMs),
  });
}

/** The StatefulSet as the API server answered it, where it was written; a cache may be behind that. */
function statefulSetNow(
  seen: KubeObject | undefined,
  { applied, removed }: Outcome,
): KubeObject | undefined {
  const written = applied.find(({ kind }) => kind === "StatefulSet");
  if (written !== undefined) return written;
  return removed.has(seen?.metadata.uid ?? "") ? undefined : seen;
}
