import {
  ANNOTATIONS,
  type Component,
  type ComponentKind,
  problems,
  warnings,
  withDefaults,
} from "#api";
import {
  afterDelay,
  AWAIT_CHANGE,
  contentHash,
  type KubeObject,
  type Next,
  type ObjectKey,
  type Problem,
  sameJson,
  soonest,
  timestamp,
} from "#base";
import {
  DEFAULT_SETTINGS,
  desiredChildren,
  type Facts,
  selectorLabels,
  statefulSetName,
} from "#desired";
import {
  type ChildrenPlan,
  type ComponentFacts,
  componentStatus,
  filledReplicas,
  judgedPods,
  planChildren,
  type Pod,
  resourceHash,
  type RolloutInputs,
  selectorText,
  type Step,
  withAuthorsReplicas,
  withDeclaredMinimum,
  withoutFilledReplicas,
} from "#plan";
import { act, type Outcome, queueError, throwIfTerminating } from "./act.ts";
import { finishDeletion, holdForCleanup } from "./cleanup.ts";
import { type CachedKind, cacheOf, type ReconcileContext, REPLICAS_MANAGER } from "./context.ts";
import { backendFacts, liveChildren, podsOf, warningsAbout, withMeshAnnotations } from "./look.ts";
import { report } from "./report.ts";

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
  const cached = cacheOf(ctx.caches, kind).get(key) as Component | undefined;
  if (cached === undefined) {
    // Its children are removed by the garbage collector, by their owner references.
    ctx.metrics.forget(kind, key);
    return AWAIT_CHANGE;
  }
  const stored = withMeshAnnotations(cached, ctx);
  if (stored.metadata.deletionTimestamp !== undefined) {
    return await finishDeletion(stored, { ctx, signal });
  }
  if (stored.metadata.annotations?.[ANNOTATIONS.managed] === "false") return AWAIT_CHANGE;
  const unheld = await holdForCleanup(stored, { ctx, signal });
  const found = problems(asMeant(stored, ctx));
  const component = found.length > 0
    ? stored
    : asMeant(await withReplicas(stored, { ctx, signal }), ctx);
  const facts = backendFacts(component, ctx);
  const plan = found.length > 0
    ? NOTHING
    : await planOf(component, { stored, facts }, { ctx, signal });
  const { now, held } = splitByPause(component, plan.steps, ctx);
  const outcome = await act(now, component, { ctx, signal });
  throwIfTerminating(component, outcome);
  const statefulSet = statefulSetOf(component, ctx);
  const { pods, untilMs } = judgedPods(podsOf(statefulSet, ctx), ctx.clock.now());
  const pass = { component, problems: found, plan, held, outcome, facts, statefulSet, pods };
  const status = await statusOf(pass, { ctx, signal });
  const urgent = outcome.error !== undefined;
  const reported = await report(component, { status, urgent }, { ctx, signal });
  const next = untilMs === undefined
    ? reported
    : soonest(reported, afterDelay(untilMs - ctx.clock.now()));
  if (outcome.error !== undefined) throw queueError(component, outcome);
  if (unheld !== undefined) throw unheld;
  return plan.foreign.length > 0 ? soonest(next, afterDelay(FOREIGN_RECHECK_MS)) : next;
}

/** What is done about an invalid resource: what runs goes on running. */
const NOTHING: ChildrenPlan = { steps: [], foreign: [], immutable: [] };

/** The component as its author meant it, without what this program and autoscalers wrote into its spec. */
function asMeant(stored: Component, ctx: ReconcileContext): Component {
  const owned = (["HorizontalPodAutoscaler", "StatefulSet"] as const)
    .flatMap((kind) => cacheOf(ctx.caches, kind).ownedBy(stored.metadata.uid ?? ""));
  return withAuthorsReplicas(withoutFilledReplicas(stored), owned);
}

/** The component with `spec.replicas` in place, so that its scale subresource works. */
async function withReplicas(stored: Component, { ctx, signal }: Effects): Promise<Component> {
  const { replicas } = withDefaults(asMeant(stored, ctx)).spec;
  const filled = filledReplicas(stored, replicas);
  if (filled === undefined) return stored;
  const written = await ctx.cluster.apply(filled, { fieldManager: REPLICAS_MANAGER, signal });
  cacheOf(ctx.caches, stored.kind).observe(written);
  return withMeshAnnotations(written as Component, ctx);
}

async function planOf(
  component: Component,
  { stored, facts }: { readonly stored: Component; readonly facts: Facts },
  { ctx, signal }: Effects,
): Promise<ChildrenPlan> {
  const desired = withDeclaredMinimum(
    desiredChildren(withDefaults(component), facts, ctx.settings),
  );
  const live = await liveChildren(component, desired, { ctx, kinds: CHILD_KINDS, signal });
  const recreate = component.metadata.annotations?.[ANNOTATIONS.recreate];
  return planChildren({
    owner: component,
    desired,
    live,
    settled: ctx.settled,
    rollout: rolloutInputs(component, { stored, facts }, ctx),
    ...(recreate === undefined ? {} : { recreate }),
  });
}

/** What the pod template is rendered from, and what of it may reach running pods. */
function rolloutInputs(
  component: Component,
  { stored, facts }: { readonly stored: Component; readonly facts: Facts },
  ctx: ReconcileContext,
): RolloutInputs {
  const configs = [facts.globalBackendConfig, facts.namespacedBackendConfig];
  const { verticalPodAutoscaler: _served, ...settings } = ctx.settings;
  const asked = askedRollout(component);
  return {
    by: ctx.version,
    resource: resourceHash(component, asked),
    settings: contentHash(changedMembers(settings, DEFAULT_SETTINGS)),
    backend: contentHash(configs.map((config) => [config?.spec?.env, config?.spec?.pod])),
    isResourceNew: asked !== undefined ||
      stored.status?.observedGeneration !== stored.metadata.generation,
    backendRollsOut: configs.some((config) => config?.spec?.autoUpdate === true),
    isPaused: isPauseAsked(component, ctx),
    upgradeRollsOut: ctx.options.rolloutOnUpgrade,
  };
}

/** Both wishes for a roll-out: to get what is held back, and to make the StatefulSet anew. */
function askedRollout({ metadata }: Component): string | undefined {
  const { rollout, recreate } = ANNOTATIONS;
  const wishes = [metadata.annotations?.[rollout], metadata.annotations?.[recreate]];
  return wishes.every((wish) => wish === undefined) ? undefined : contentHash(wishes);
}

/** Defaults of settings are the program's: another version may have others, and that is no wish of its user. */
function changedMembers(settings: object, defaults: object): Record<string, unknown> {
  const known = defaults as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(settings).filter(([name, value]) => !sameJson(value, known[name])),
  );
}

function isPauseAsked(component: KubeObject, ctx: ReconcileContext): boolean {
  return ctx.options.pauseRollout ||
    component.metadata.annotations?.[ANNOTATIONS.pauseRollout] === "true";
}

/** A pause holds back what no edit of the resource asked for; what is missing is made all the same (api.md 5.7). */
function splitByPause(
  component: KubeObject,
  steps: readonly Step[],
  ctx: ReconcileContext,
): { readonly now: readonly Step[]; readonly held: readonly Step[] } {
  const status = component.status as { readonly observedGeneration?: number } | undefined;
  const isPaused = isPauseAsked(component, ctx) &&
    status?.observedGeneration === component.metadata.generation;
  if (!isPaused) return { now: steps, held: [] };
  // Where a template is held already, what is left may be a note of our own.
  const isNote = (step: Step) =>
    step.action === "apply" && step.isPartial && step.paths.length === 0;
  const isHeld = (step: Step) => step.action === "apply" && step.why !== "absent" && !isNote(step);
  return { now: steps.filter((step) => !isHeld(step)), held: steps.filter(isHeld) };
}

interface Pass {
  readonly component: Component;
  readonly problems: readonly Problem[];
  readonly plan: ChildrenPlan;
  readonly held: readonly Step[];
  readonly outcome: Outcome;
  readonly facts: Facts;
  readonly statefulSet: KubeObject | undefined;
  readonly pods: readonly Pod[];
}

function statefulSetOf(component: Component, ctx: ReconcileContext): KubeObject | undefined {
  return cacheOf(ctx.caches, "StatefulSet").get({
    namespace: component.metadata.namespace ?? "",
    name: statefulSetName(component),
  });
}

async function statusOf(pass: Pass, { ctx, signal }: Effects) {
  const { component, statefulSet } = pass;
  const pods = await ctx.lastWords.addedTo(pass.pods, signal);
  const watched = statefulSet === undefined ? pods : [statefulSet, ...pods];
  return componentStatus({
    component,
    problems: pass.problems,
    foreign: pass.plan.foreign,
    failures: pass.outcome.failures,
    immutable: pass.plan.immutable,
    pending: pass.held.flatMap(pendingPaths),
    held: pass.plan.held,
    ignored: ignoredWishes(component, ctx),
    selector: selectorText(selectorLabels(component)),
    statefulSet,
    pods,
    warnings: warningsAbout(watched, ctx),
    backendRevisions: backendRevisions(pass),
    now: timestamp(ctx.clock.now()),
  });
}

/** What has no effect, and that an API server accepts without a word (W-26). */
function ignoredWishes(component: Component, { settings }: ReconcileContext): string[] {
  const vpa = component.spec?.pod?.vpa;
  const isVain = vpa !== undefined && vpa !== null && !settings.verticalPodAutoscaler;
  const presets = warnings(component)
    .filter(({ path }) => path.startsWith("spec.pod.builtinAutoscaler"));
  return [
    ...(isVain ? ["spec.pod.vpa has no effect: the cluster has no VerticalPodAutoscaler"] : []),
    ...presets.map(({ path, message }) => `${path} ${message}`),
  ];
}

/** The BackendConfigs that the pods were made with: not those that wait (W-19). */
function backendRevisions({ component, facts, plan }: Pass): ComponentFacts["backendRevisions"] {
  const { status } = component;
  const isHeld = plan.held !== undefined;
  const global = isHeld
    ? status?.globalBackendConfigRevision
    : facts.globalBackendConfig?.metadata.resourceVersion;
  const namespaced = isHeld
    ? status?.namespacedBackendConfigRevision
    : facts.namespacedBackendConfig?.metadata.resourceVersion;
  return {
    ...(global === undefined ? {} : { global }),
    ...(namespaced === undefined ? {} : { namespaced }),
  };
}

function pendingPaths(step: Step): string[] {
  return step.action === "apply" ? step.paths.map((path) => `${step.object.kind} ${path}`) : [];
}
