import {
  ANNOTATIONS,
  type Component,
  type ComponentKind,
  problems,
  withDefaults,
} from "#api";
import {
  afterDelay,
  AWAIT_CHANGE,
  idOf,
  idText,
  type KubeObject,
  type Next,
  type ObjectKey,
  type Problem,
  StalledError,
  timestamp,
} from "#base";
import { desiredChildren, type Facts, selectorLabels, statefulSetName } from "#desired";
import {
  type ChildrenPlan,
  componentStatus,
  filledReplicas,
  planChildren,
  readinessEvent,
  selectorText,
  statusPatch,
  type Step,
  withoutFilledReplicas,
} from "#plan";
import { act, type Outcome } from "./act.ts";
import {
  type CachedKind,
  cacheOf,
  type ReconcileContext,
  REPLICAS_MANAGER,
  STATUS_MANAGER,
} from "./context.ts";
import { backendFacts, liveChildren, podsOf, warningsAbout } from "./look.ts";

/** Kinds that a component may own. */
const CHILD_KINDS: readonly CachedKind[] = [
  "StatefulSet",
  "Service",
  "HorizontalPodAutoscaler",
  "VerticalPodAutoscaler",
];

/** While somebody else's object is in the way, no watch tells when it goes: look again after this. */
export const FOREIGN_RECHECK_MS = 30_000;

/** What a reconciler works with besides the key. */
export interface Effects {
  readonly ctx: ReconcileContext;
  readonly signal: AbortSignal;
}

/**
 * Brings the children of one Function, Source or Sink to what its spec asks for, and its status to the truth.
 *
 * Look, think, act: reads come from caches (and from the API server for a child that is not in them), the plan is a
 * value, writes happen only for steps of the plan. An unchanged component costs no request.
 *
 * @throws {StalledError} when a person has to act: the cause is in the status already
 * @throws what a failed write threw, for the queue to try again
 */
export async function reconcileComponent(
  kind: ComponentKind,
  key: ObjectKey,
  { ctx, signal }: Effects,
): Promise<Next> {
  const stored = cacheOf(ctx.caches, kind).get(key);
  if (stored === undefined) {
    // Its children are removed by the garbage collector, by their owner references.
    ctx.metrics.forget(kind, key);
    return AWAIT_CHANGE;
  }
  if (isUnmanaged(stored) || stored.metadata.deletionTimestamp !== undefined) return AWAIT_CHANGE;
  const found = problems(withoutFilledReplicas(stored));
  const component = found.length > 0
    ? stored
    : withoutFilledReplicas(await withReplicas(stored as Component, { ctx, signal }));
  const facts = backendFacts(component, ctx);
  const plan = found.length > 0
    ? { steps: [], foreign: [], immutable: [] }
    : await planOf(component as Component, facts, { ctx, signal });
  const { now, held } = splitByPause(component, plan.steps, ctx);
  const outcome = await act(now, component, { ctx, signal });
  await reportStatus({ component, problems: found, plan, held, outcome, facts }, { ctx, signal });
  if (outcome.error !== undefined) throw queueError(component, outcome);
  return plan.foreign.length > 0 ? afterDelay(FOREIGN_RECHECK_MS) : AWAIT_CHANGE;
}

/** Whether a resource says that it wants to be left alone (`compute.functionmesh.io/managed: "false"`). */
export function isUnmanaged(object: KubeObject): boolean {
  return object.metadata.annotations?.[ANNOTATIONS.managed] === "false";
}

/** The error for the queue: stalled where trying again without a change is useless. */
export function queueError(owner: KubeObject, outcome: Outcome): unknown {
  const isFinal = outcome.failures.every((failure) => failure.isFinal);
  const [first] = outcome.failures;
  if (!isFinal || first === undefined) return outcome.error;
  const message = `Cannot reconcile ${idText(idOf(owner))}: ${first.object} was refused`;
  return new StalledError(first.reason, message, { cause: outcome.error });
}

/** The component with `spec.replicas` in place, so that its scale subresource works. */
async function withReplicas(stored: Component, { ctx, signal }: Effects): Promise<KubeObject> {
  const { replicas } = withDefaults(withoutFilledReplicas(stored)).spec;
  const filled = filledReplicas(stored, replicas);
  if (filled === undefined) return stored;
  const written = await ctx.cluster.apply(filled, { fieldManager: REPLICAS_MANAGER, signal });
  cacheOf(ctx.caches, stored.kind).observe(written);
  return written;
}

async function planOf(
  component: Component,
  facts: Facts,
  { ctx, signal }: Effects,
): Promise<ChildrenPlan> {
  const desired = desiredChildren(withDefaults(component), facts, ctx.settings);
  const live = await liveChildren(component, desired, { ctx, kinds: CHILD_KINDS, signal });
  return planChildren({ owner: component, desired, live, settled: ctx.settled });
}

/** A pause holds back what no edit of the resource asked for; what is missing is made all the same (api.md 5.7). */
function splitByPause(
  component: KubeObject,
  steps: readonly Step[],
  ctx: ReconcileContext,
): { readonly now: readonly Step[]; readonly held: readonly Step[] } {
  const status = component.status as { readonly observedGeneration?: number } | undefined;
  const isPaused = (ctx.options.pauseRollout ||
    component.metadata.annotations?.[ANNOTATIONS.pauseRollout] === "true") &&
    status?.observedGeneration === component.metadata.generation;
  if (!isPaused) return { now: steps, held: [] };
  const isHeld = (step: Step) => step.action === "apply" && step.why !== "absent";
  return { now: steps.filter((step) => !isHeld(step)), held: steps.filter(isHeld) };
}

interface Pass {
  readonly component: KubeObject;
  readonly problems: readonly Problem[];
  readonly plan: ChildrenPlan;
  readonly held: readonly Step[];
  readonly outcome: Outcome;
  readonly facts: Facts;
}

async function reportStatus(
  pass: Pass,
  { ctx, signal }: Effects,
): Promise<void> {
  const { component } = pass;
  const status = statusOf(pass, ctx);
  const patch = statusPatch(component.status, status);
  if (patch === undefined) return;
  const written = await ctx.cluster.patch(idOf(component), patch, {
    fieldManager: STATUS_MANAGER,
    subresource: "status",
    signal,
  });
  ctx.caches[component.kind as CachedKind]?.observe(written);
  const event = readinessEvent(component.status, status);
  if (event !== undefined) ctx.events.record(component, event);
}

function statusOf(pass: Pass, ctx: ReconcileContext) {
  const { component, facts } = pass;
  const global = facts.globalBackendConfig?.metadata.resourceVersion;
  const namespaced = facts.namespacedBackendConfig?.metadata.resourceVersion;
  const statefulSet = cacheOf(ctx.caches, "StatefulSet").get({
    namespace: component.metadata.namespace ?? "",
    name: statefulSetName(component as Component),
  });
  const pods = podsOf(statefulSet, ctx);
  const watched = statefulSet === undefined ? pods : [statefulSet, ...pods];
  return componentStatus({
    component,
    problems: pass.problems,
    foreign: pass.plan.foreign,
    failures: pass.outcome.failures,
    immutable: pass.plan.immutable,
    pending: pass.held.flatMap(pendingPaths),
    selector: selectorText(selectorLabels(component as Component)),
    statefulSet,
    pods,
    warnings: warningsAbout(watched, ctx),
    backendRevisions: {
      ...(global === undefined ? {} : { global }),
      ...(namespaced === undefined ? {} : { namespaced }),
    },
    now: timestamp(ctx.clock.now()),
  });
}

function pendingPaths(step: Step): string[] {
  return step.action === "apply" ? step.paths.map((path) => `${step.object.kind} ${path}`) : [];
}
