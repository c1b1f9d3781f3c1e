import { ANNOTATIONS } from "#api";
import {
  type Condition,
  type ConditionDraft,
  idText,
  type KubeObject,
  mergeConditions,
  type Problem,
} from "#base";
import { type Cause, creationCause, firstCause, podCause, type WarningEvent } from "./cause.ts";
import type { ForeignChild } from "./children.ts";
import type { HeldTemplate } from "./held_template.ts";
import { isApplied } from "./applied_mark.ts";
import { isPodReady, ordinalOf, type Pod } from "./pod.ts";
import { renderedFrom } from "./rollout.ts";
import {
  failureState,
  problemsState,
  type ReadyState,
  retriedState,
  stalledState,
  type StepFailure,
} from "./verdict.ts";

/** What one pod of a component is doing. */
export interface Instance {
  readonly name: string;
  readonly ordinal: number;
  readonly state: string;
  readonly ready: boolean;
  readonly restarts: number;
  /** Where it runs. */
  readonly node?: string;
  /** RFC 3339. */
  readonly startedAt?: string;
  readonly reason?: string;
  readonly message?: string;
}

/** Status of a Function, Source or Sink. */
export interface ComponentStatus {
  readonly conditions: readonly Condition[];
  readonly observedGeneration: number;
  /** Pods that exist, as the autoscaler counts them (U15). */
  readonly replicas: number;
  readonly readyReplicas: number;
  /** Pods of the current revision. */
  readonly updatedReplicas: number;
  /** Label selector text of the pods, for `kubectl scale` and autoscalers. */
  readonly selector: string;
  readonly instances: readonly Instance[];
  readonly globalBackendConfigRevision?: string;
  readonly namespacedBackendConfigRevision?: string;
  /** Fields of children that would change if the rollout were not paused. Names only, never values (W-62). */
  readonly pendingChange?: string;
  /** Version of the program that rendered the pods; `function-mesh` for the reference operator. */
  readonly renderedBy?: string;
}

/** Everything that a component's status follows from. */
export interface ComponentFacts {
  readonly component: KubeObject;
  readonly problems: readonly Problem[];
  readonly foreign: readonly ForeignChild[];
  readonly failures: readonly StepFailure[];
  readonly immutable: readonly string[];
  /** Paths held back by a pause. */
  readonly pending: readonly string[];
  /** The pod template that is not rolled out for now. */
  readonly held?: HeldTemplate | undefined;
  /** What has no effect, or fights with others, in words (W-26). */
  readonly notes?: readonly string[];
  readonly selector: string;
  readonly statefulSet: KubeObject | undefined;
  readonly pods: readonly Pod[];
  readonly warnings: readonly WarningEvent[];
  readonly backendRevisions: { readonly global?: string; readonly namespaced?: string };
  /** RFC 3339. */
  readonly now: string;
}

/** A status never lists more pods than this; the counters count all. */
const INSTANCES_MAX = 100;

/** The status that is true of a component now. */
export function componentStatus(facts: ComponentFacts): ComponentStatus {
  const pods = [...facts.pods].sort((a, b) => ordinalOf(a) - ordinalOf(b));
  const state = stateOf(facts, pods);
  const generation = facts.component.metadata.generation ?? 0;
  const previous = facts.component.status as Partial<ComponentStatus> | undefined;
  return {
    conditions: mergeConditions(previous?.conditions, conditionsOf(state, generation), facts.now),
    observedGeneration: isStillToDo(facts) ? previous?.observedGeneration ?? 0 : generation,
    replicas: pods.length,
    readyReplicas: pods.filter(isPodReady).length,
    updatedReplicas: pods.filter((pod) => isCurrent(pod, facts.statefulSet)).length,
    selector: facts.selector,
    instances: pods.slice(0, INSTANCES_MAX).map((pod) => instanceOf(pod, facts.warnings)),
    ...(facts.backendRevisions.global === undefined
      ? {}
      : { globalBackendConfigRevision: facts.backendRevisions.global }),
    ...(facts.backendRevisions.namespaced === undefined
      ? {}
      : { namespacedBackendConfigRevision: facts.backendRevisions.namespaced }),
    ...pendingOf(facts),
  };
}

/** What waits, and who rendered what runs meanwhile. */
function pendingOf(facts: ComponentFacts): Pick<ComponentStatus, "pendingChange" | "renderedBy"> {
  const held = facts.held?.paths.map((path) => `StatefulSet ${path}`) ?? [];
  const paths = [...facts.pending, ...held];
  const by = facts.statefulSet === undefined ? undefined : renderedFrom(facts.statefulSet)?.by;
  return {
    ...(paths.length === 0 ? {} : { pendingChange: paths.join(", ") }),
    ...(by === undefined ? {} : { renderedBy: by }),
  };
}

/**
 * A write that is tried again: this generation is not applied yet, and a pause must not take it for applied. Nor is it
 * where a StatefulSet that the reference operator made could not be written: it would count as one to be left as it is.
 */
function isStillToDo({ failures, statefulSet }: ComponentFacts): boolean {
  return failures.some((failure) => !failure.isFinal) ||
    (failures.length > 0 && statefulSet !== undefined && !isApplied(statefulSet));
}

/** `Ready`, `Reconciling` and `Stalled`, as kstatus, `kubectl wait`, Flux and Argo CD read them. */
export function conditionsOf(state: ReadyState<string>, generation: number): ConditionDraft[] {
  const { reason, message } = state;
  const draft = (type: string, isTrue: boolean | undefined): ConditionDraft => ({
    type,
    status: isTrue === undefined ? "Unknown" : isTrue ? "True" : "False",
    reason,
    message,
    observedGeneration: generation,
  });
  return [
    draft("Ready", state.isUnknown ? undefined : state.ready),
    draft("Reconciling", state.reconciling),
    draft("Stalled", state.stalled),
  ];
}

/** The label selector in canonical text: `k=v` pairs, sorted by key, joined by commas. */
export function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.keys(labels).sort().map((name) => `${name}=${labels[name]}`).join(",");
}

function stateOf(facts: ComponentFacts, pods: readonly Pod[]): ReadyState {
  if (facts.problems.length > 0) return problemsState(facts.problems);
  const first = facts.foreign[0];
  if (first !== undefined) {
    const message = `${idText(first.id)} is in the way: it is controlled by ${first.holder}; ` +
      "rename this resource or remove that object";
    return stalledState("NotOwned", message);
  }
  const failure = facts.failures[0];
  if (failure !== undefined) return failureState(failure);
  return withNotes(podsState(facts, pods), facts);
}

function podsState(facts: ComponentFacts, pods: readonly Pod[]): ReadyState {
  const { statefulSet } = facts;
  if (statefulSet === undefined) {
    return retriedState("Progressing", "The StatefulSet is being created");
  }
  const want = wantedReplicas(statefulSet);
  const current = pods.filter((pod) => isCurrent(pod, statefulSet));
  const ready = current.filter(isPodReady).length;
  const count = `${ready}/${want} pods ready`;
  if (!isObserved(statefulSet)) {
    return retriedState("Progressing", `${count}: the StatefulSet controller has not acted yet`);
  }
  if (ready >= want && countedReady(statefulSet) < want) {
    return retriedState("Progressing", `${count}: the StatefulSet controller has not counted them`);
  }
  if (ready >= want) {
    const extra = pods.length - want;
    const message = want === 0 ? "Scaled to zero" : count;
    const rest = extra <= 0 ? "" : `, ${extra} more ${extra === 1 ? "is" : "are"} being removed`;
    return {
      ready: true,
      reconciling: extra > 0,
      stalled: false,
      reason: want === 0 ? "ScaledToZero" : "Ready",
      message: `${message}${rest}`,
    };
  }
  const cause = strongest([
    pods.length < want ? creationCause(statefulSet, facts.warnings, { pods }) : undefined,
    firstCause(current, facts.warnings),
    rolloutCause(pods, current, want),
    firstCause(pods, facts.warnings),
  ]);
  return retriedState(
    cause === undefined || cause.weight === 0 ? "Progressing" : cause.reason,
    cause === undefined ? count : `${count}: ${cause.message}`,
  );
}

function rolloutCause(
  pods: readonly Pod[],
  current: readonly Pod[],
  want: number,
): Cause | undefined {
  if (current.length === pods.length) return undefined;
  return {
    reason: "RollingOut",
    message: `${current.length} of ${want} pods run the current revision`,
    weight: 1,
  };
}

function strongest(causes: readonly (Cause | undefined)[]): Cause | undefined {
  return causes.reduce(
    (best, cause) =>
      cause !== undefined && (best === undefined || cause.weight > best.weight) ? cause : best,
    undefined,
  );
}

function withNotes(state: ReadyState, facts: ComponentFacts): ReadyState {
  const notes = [
    facts.pending.length > 0 ? `rollout paused, ${fieldsText(facts.pending.length)}` : "",
    heldText(facts.held),
    ...(facts.notes ?? []),
    facts.immutable.length > 0
      ? `kept, as it cannot be changed: ${facts.immutable.join(", ")}`
      : "",
  ].filter((note) => note !== "");
  return notes.length === 0 ? state : { ...state, message: [state.message, ...notes].join("; ") };
}

function heldText(held: HeldTemplate | undefined): string {
  if (held === undefined || held.paths.length === 0) return "";
  const fields = fieldsText(held.paths.length);
  const ask = `until the next edit, or a new annotation ${ANNOTATIONS.rollout}`;
  switch (held.reason) {
    case "Paused":
      return `rollout paused, ${fields}`;
    case "BackendConfigChanged":
      return `the BackendConfig does not say autoUpdate, ${fields} ${ask}`;
    case "ProgramChanged":
      return `the pods were rendered by version ${held.by}, ${fields} ${ask}`;
    case "TakenOver":
      return `the pods were made by ${held.by}, ${fields} ${ask}`;
    default:
      return held.reason satisfies never;
  }
}

function fieldsText(count: number): string {
  return count === 1 ? "1 changed field waits" : `${count} changed fields wait`;
}

function instanceOf(pod: Pod, warnings: readonly WarningEvent[]): Instance {
  const cause = podCause(
    pod,
    warnings.filter((event) => event.involvedObject?.uid === pod.metadata.uid),
  );
  const containers = pod.status?.containerStatuses ?? [];
  return {
    name: pod.metadata.name,
    ordinal: ordinalOf(pod),
    state: pod.metadata.deletionTimestamp === undefined
      ? pod.status?.phase ?? "Pending"
      : "Terminating",
    ready: isPodReady(pod),
    restarts: containers.reduce((sum, container) => sum + (container.restartCount ?? 0), 0),
    ...(pod.spec?.nodeName === undefined ? {} : { node: pod.spec.nodeName }),
    ...(pod.status?.startTime === undefined ? {} : { startedAt: pod.status.startTime }),
    ...(cause === undefined ? {} : { reason: cause.reason, message: cause.message }),
  };
}

function isCurrent(pod: Pod, statefulSet: KubeObject | undefined): boolean {
  const status = statefulSet?.status as { readonly updateRevision?: string } | undefined;
  return status?.updateRevision !== undefined &&
    pod.metadata.labels?.["controller-revision-hash"] === status.updateRevision;
}

function isObserved(statefulSet: KubeObject): boolean {
  const status = statefulSet.status as { readonly observedGeneration?: number } | undefined;
  return (status?.observedGeneration ?? 0) >= (statefulSet.metadata.generation ?? 0);
}

/** Whether a StatefulSet's controller has acted on it and counts all of its pods as ready. */
export function isCountedReady(statefulSet: KubeObject): boolean {
  return isObserved(statefulSet) && countedReady(statefulSet) >= wantedReplicas(statefulSet);
}

/** Two who look: a cache of pods that is behind does not make anything ready. */
function countedReady(statefulSet: KubeObject): number {
  return (statefulSet.status as { readonly readyReplicas?: number } | undefined)?.readyReplicas ??
    0;
}

function wantedReplicas(statefulSet: KubeObject): number {
  return (statefulSet.spec as { readonly replicas?: number } | undefined)?.replicas ?? 1;
}
