import { ANNOTATIONS, type Component, FINALIZERS, warnings, withDefaults } from "#api";
import { contentHash, type KubeObject, type Problem, sameJson } from "#base";
import { cleanupTargets, DEFAULT_SETTINGS, type Facts, type Settings } from "#desired";
import { withAuthorsReplicas, withDeclaredMinimum } from "./autoscaled.ts";
import { type ChildrenPlan, planChildren, type Step } from "./children.ts";
import { planHold } from "./cleanup.ts";
import type { ComponentFacts } from "./component_status.ts";
import { filledReplicas, withoutFilledReplicas } from "./replicas.ts";
import { resourceHash, type RolloutInputs } from "./rollout.ts";

/** How the program was told to behave, as far as plans depend on it. */
export interface ProgramFacts {
  readonly version: string;
  readonly settings: Settings;
  /** Hold back changes that no edit of the resource asked for. */
  readonly pauseRollout: boolean;
  /** Let pods restart for what a new version of the program renders differently. */
  readonly rolloutOnUpgrade: boolean;
}

/** Everything that the plan for a component follows from. */
export interface ComponentLook {
  /** The component as it is stored, with the annotations that it inherits from its mesh. */
  readonly stored: Component;
  /** The component as its author wrote it, see {@linkcode authoredComponent}. */
  readonly authored: Component;
  /** What is wrong with it: then nothing of it is made. */
  readonly problems: readonly Problem[];
  readonly facts: Facts;
  /** What it becomes; empty with problems. */
  readonly desired: readonly KubeObject[];
  /** Live objects that it controls or that have a desired name. */
  readonly live: readonly KubeObject[];
  /** The Job that has the name of its clean-up. */
  readonly cleanupJob: KubeObject | undefined;
  /** Autoscalers of others that change the replicas of its StatefulSet. */
  readonly autoscalers: readonly KubeObject[];
  /** See `ChildrenLook.settled`. */
  readonly settled: ReadonlyMap<string, string>;
  readonly program: ProgramFacts;
}

/** A write to the component itself: these come first, each on the version that the one before left. */
export type OwnerStep =
  /** Puts `spec.replicas` in place, so that its scale subresource works. */
  | { readonly action: "fill"; readonly object: KubeObject }
  | { readonly action: "set-finalizers"; readonly finalizers: readonly string[] };

/** What to do about a component, and what of its status follows from the plan alone. */
export interface ComponentPlan {
  readonly ownerSteps: readonly OwnerStep[];
  readonly steps: readonly Step[];
  readonly foreign: ChildrenPlan["foreign"];
  readonly immutable: ChildrenPlan["immutable"];
  readonly held: ChildrenPlan["held"];
  /** Paths that a pause holds back. */
  readonly pending: readonly string[];
  /** What has no effect, or fights with others, in words. */
  readonly notes: readonly string[];
  /** The BackendConfigs that the pods are made with. */
  readonly backendRevisions: ComponentFacts["backendRevisions"];
}

/**
 * The component as its author wrote it: without what this program and autoscalers wrote into its spec.
 *
 * @param owned live objects that the component controls
 */
export function authoredComponent(stored: Component, owned: readonly KubeObject[]): Component {
  return withAuthorsReplicas(withoutFilledReplicas(stored), owned);
}

/** What is done about an invalid resource: what runs goes on running. */
const NOTHING: ChildrenPlan = { steps: [], foreign: [], immutable: [] };

/** The writes for a component, its own finalizer and replicas included; none where everything is as it should be. */
export function planComponent(look: ComponentLook): ComponentPlan {
  const { authored, problems, stored } = look;
  const isValid = problems.length === 0;
  const hold = planHold({
    component: stored,
    targets: cleanupTargets(withDefaults(stored)),
    liveJob: look.cleanupJob,
  });
  const children = isValid ? childrenPlan(look) : NOTHING;
  const filled = isValid ? filledReplicas(stored, withDefaults(authored).spec.replicas) : undefined;
  const { now, pending } = splitByPause(look, children.steps);
  const removals = hold.removals.map((removal) => ({ action: "remove", ...removal }) as const);
  return {
    ownerSteps: [
      ...finalizerSteps(stored, hold.finalizer),
      ...(filled === undefined ? [] : [{ action: "fill", object: filled } as const]),
    ],
    steps: [...removals, ...now],
    foreign: children.foreign,
    immutable: children.immutable,
    held: children.held,
    pending: pending.flatMap(pendingPaths),
    notes: isValid ? notes(look) : [],
    backendRevisions: backendRevisions(look, children),
  };
}

/** The finalizers that a step of a clean-up leaves. */
export function finalizerSteps(
  { metadata }: KubeObject,
  finalizer: "keep" | "add" | "remove",
): OwnerStep[] {
  if (finalizer === "keep") return [];
  const others = (metadata.finalizers ?? []).filter((name) => name !== FINALIZERS.cleanup);
  const finalizers = finalizer === "add" ? [...others, FINALIZERS.cleanup] : others;
  return [{ action: "set-finalizers", finalizers }];
}

function childrenPlan(look: ComponentLook): ChildrenPlan {
  const { authored, autoscalers, desired, live, settled } = look;
  const recreate = authored.metadata.annotations?.[ANNOTATIONS.recreate];
  const statefulSets = live.filter(({ kind }) => autoscalers.length > 0 && kind === "StatefulSet");
  return planChildren({
    owner: authored,
    desired: withDeclaredMinimum(desired),
    live,
    settled,
    scaled: new Set(statefulSets.flatMap(({ metadata }) => metadata.uid ?? [])),
    rollout: rolloutInputs(look),
    ...(recreate === undefined ? {} : { recreate }),
  });
}

/** What the pod template is rendered from, and what of it may reach running pods. */
function rolloutInputs(look: ComponentLook): RolloutInputs {
  const { authored, facts, program, stored } = look;
  const configs = [facts.globalBackendConfig, facts.namespacedBackendConfig];
  const { verticalPodAutoscaler: _served, ...settings } = program.settings;
  const asked = askedRollout(authored);
  return {
    by: program.version,
    resource: resourceHash(authored, asked),
    settings: contentHash(changedMembers(settings, DEFAULT_SETTINGS)),
    backend: contentHash(configs.map((config) => [config?.spec?.env, config?.spec?.pod])),
    isResourceNew: asked !== undefined || isNew(stored),
    backendRollsOut: configs.some((config) => config?.spec?.autoUpdate === true),
    isPaused: isPauseAsked(look),
    upgradeRollsOut: program.rolloutOnUpgrade,
  };
}

/** Whether nobody has acted on this generation yet. */
function isNew({ metadata, status }: Component): boolean {
  return status?.observedGeneration !== metadata.generation;
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

function isPauseAsked({ program, stored }: ComponentLook): boolean {
  return program.pauseRollout || stored.metadata.annotations?.[ANNOTATIONS.pauseRollout] === "true";
}

/** A pause holds back what no edit of the resource asked for; what is missing is made all the same. */
function splitByPause(
  look: ComponentLook,
  steps: readonly Step[],
): { readonly now: readonly Step[]; readonly pending: readonly Step[] } {
  if (!isPauseAsked(look) || isNew(look.stored)) return { now: steps, pending: [] };
  // Where a template is held already, what is left may be a note of our own.
  const isNote = (step: Step) =>
    step.action === "apply" && step.isPartial && step.paths.length === 0;
  const isHeld = (step: Step) => step.action === "apply" && step.why !== "absent" && !isNote(step);
  return { now: steps.filter((step) => !isHeld(step)), pending: steps.filter(isHeld) };
}

function pendingPaths(step: Step): string[] {
  return step.action === "apply" ? step.paths.map((path) => `${step.object.kind} ${path}`) : [];
}

/** What has no effect, and that an API server accepts without a word (W-26), and who else changes the replicas. */
function notes({ authored, autoscalers, program }: ComponentLook): string[] {
  const { builtinAutoscaler, vpa } = authored.spec?.pod ?? {};
  const isVain = vpa !== undefined && vpa !== null && !program.settings.verticalPodAutoscaler;
  const presets = builtinAutoscaler === undefined
    ? []
    : warnings(authored).filter(({ path }) => path.startsWith("spec.pod.builtinAutoscaler"));
  const { kind, metadata } = authored;
  return [
    ...(isVain ? ["spec.pod.vpa has no effect: the cluster has no VerticalPodAutoscaler"] : []),
    ...presets.map(({ path, message }) => `${path} ${message}`),
    ...autoscalers.map((autoscaler) =>
      `the HorizontalPodAutoscaler ${autoscaler.metadata.name} scales the StatefulSet; ` +
      `let it target the ${kind} ${metadata.name} instead, so that spec.replicas follows`
    ),
  ];
}

/** The BackendConfigs that the pods were made with: not those that wait (W-19). */
function backendRevisions(
  { facts, stored: { status } }: ComponentLook,
  { held }: ChildrenPlan,
): ComponentFacts["backendRevisions"] {
  const global = held === undefined
    ? facts.globalBackendConfig?.metadata.resourceVersion
    : status?.globalBackendConfigRevision;
  const namespaced = held === undefined
    ? facts.namespacedBackendConfig?.metadata.resourceVersion
    : status?.namespacedBackendConfigRevision;
  return {
    ...(global === undefined ? {} : { global }),
    ...(namespaced === undefined ? {} : { namespaced }),
  };
}
