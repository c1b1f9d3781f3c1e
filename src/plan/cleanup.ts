import { ANNOTATIONS, type Component, FINALIZERS, LABELS } from "#api";
import {
  type Condition,
  conditionOf,
  contentHash,
  controllerOf,
  idOf,
  type KubeObject,
  type ObjectId,
  shortList,
  timestamp,
} from "#base";
import { CLEANUP_COMPONENT, selectorLabels } from "#desired";
import { creationCause, firstCause, type WarningEvent } from "./cause.ts";
import type { EventDraft } from "./event_draft.ts";
import type { Pod } from "./pod.ts";
import { type ReadyState, retriedState } from "./verdict.ts";

/** What is known of a component when its clean-up is planned. */
export interface CleanupLook {
  readonly component: Component;
  /** What has to be removed from Pulsar, in words; empty for nothing. */
  readonly targets: readonly string[];
  /** The Job that removes it, made from the resource as it is now. */
  readonly job: KubeObject | undefined;
  /** The StatefulSet that has the component's name. */
  readonly statefulSet: KubeObject | undefined;
  readonly pods: readonly Pod[];
  /** The Job that has the clean-up's name, this program's or the reference operator's. */
  readonly liveJob: KubeObject | undefined;
  readonly jobPods: readonly Pod[];
  /** The cluster's warnings about the live Job and its pods. */
  readonly warnings: readonly WarningEvent[];
  /** How long the deletion may wait. */
  readonly deadlineMs: number;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** What to do for a clean-up, in this order, and what to say. */
export interface CleanupPlan {
  readonly removals: readonly Removal[];
  readonly creation?: KubeObject;
  readonly finalizer: "keep" | "add" | "remove";
  readonly event?: EventDraft;
  /** What the conditions say while the deletion waits. */
  readonly state?: ReadyState;
  /** When to look again at the latest, in milliseconds since 1970. */
  readonly lookAgainMs?: number;
}

/** An object that has to go. */
export interface Removal {
  readonly id: ObjectId;
  readonly uid: string;
  /** `Foreground`: it stays to be seen until its pods are gone. */
  readonly propagation: "Background" | "Foreground";
}

const NOTHING: CleanupPlan = { removals: [], finalizer: "keep" };

/** After the first failed attempt; twice as long after each further one. */
const RETRY_MS = 5_000;
const RETRY_MS_MAX = 120_000;
/** The part of the deadline that pods get to end. Then it is tried all the same: a dead node's pods never end. */
const PODS_SHARE = 0.5;
const TARGETS_SHOWN_MAX = 8;

/** Whether the component holds the finalizer that a clean-up needs. */
export function isHeld(component: KubeObject): boolean {
  return component.metadata.finalizers?.includes(FINALIZERS.cleanup) === true;
}

/**
 * What a component needs while it is not deleted: the finalizer where there will be something to remove, and none where
 * there will not (W-13). A Job that the reference operator left waiting is removed (W-29).
 */
export function planHold(
  look: Pick<CleanupLook, "component" | "targets" | "liveJob">,
): CleanupPlan {
  if (isUnmanaged(look.component)) return NOTHING;
  const wanted = look.targets.length > 0;
  const finalizer = wanted === isHeld(look.component) ? "keep" : wanted ? "add" : "remove";
  return { removals: removalOf(look.liveJob), finalizer };
}

/**
 * What a component that is being deleted needs: first its pods go, so that no consumer holds a subscription; then a Job
 * removes what is left in Pulsar, again and again until it succeeds, the deadline passes or a person says `skip`; then
 * the finalizer goes.
 *
 * # Guarantees
 * Nothing of the component is made (W-27), the Job alone. Every path ends with the finalizer off, at the latest when the
 * deadline has passed, and with neither the Job nor its pods left.
 */
export function planCleanup(look: CleanupLook): CleanupPlan {
  if (!isHeld(look.component)) return NOTHING;
  if (look.targets.length === 0) return { removals: removalOf(look.liveJob), finalizer: "remove" };
  const obstacle = refusal(look);
  if (obstacle !== undefined) return givenUp(look, obstacle);
  const job = ownJob(look);
  if (job !== undefined && conditionIn(job, "Complete") !== undefined) return succeeded(look);
  if (look.nowMs >= endMs(look)) {
    return givenUp(
      look,
      `no success within ${Math.round(look.deadlineMs / 1000)} s${lastWord(look)}`,
    );
  }
  return podsFirst(look) ?? jobNext(look, job);
}

/** The end of a clean-up without success: the finalizer goes, and an event names what may be left. */
export function givenUp(look: CleanupLook, why: string): CleanupPlan {
  return {
    removals: removalOf(look.liveJob),
    finalizer: "remove",
    event: {
      type: "Warning",
      reason: "CleanupGivenUp",
      message: `Gave up cleaning up: ${why}. May be left in Pulsar: ${listed(look.targets)}`,
    },
  };
}

/** What the conditions say when a step of the clean-up failed. */
export function stepFailed(look: CleanupLook, message: string): ReadyState {
  return retriedState("CleanupFailed", `Cannot clean up yet: ${message}; ${endText(look)}`);
}

/** When the deadline of a deletion passes, in milliseconds since 1970. */
export function endMs(look: Pick<CleanupLook, "component" | "deadlineMs">): number {
  return Date.parse(look.component.metadata.deletionTimestamp ?? "") + look.deadlineMs;
}

/** Why a clean-up is not to be done, although there is something to remove. */
function refusal({ component, statefulSet }: CleanupLook): string | undefined {
  const { annotations, finalizers } = component.metadata;
  if (isUnmanaged(component)) return `the annotation ${ANNOTATIONS.managed} is "false"`;
  if (annotations?.[ANNOTATIONS.cleanup] === "skip") {
    return `the annotation ${ANNOTATIONS.cleanup} says skip`;
  }
  // Whoever deletes with --cascade=orphan wants the pods to go on reading.
  const isOrphaned = finalizers?.includes("orphan") === true ||
    (statefulSet !== undefined && controllerOf(statefulSet) === undefined &&
      isMadeFor(statefulSet, component));
  return isOrphaned ? "its pods were orphaned and go on using the subscription" : undefined;
}

function succeeded(look: CleanupLook): CleanupPlan {
  return {
    removals: removalOf(look.liveJob),
    finalizer: "remove",
    event: {
      type: "Normal",
      reason: "CleanupSucceeded",
      message: `Removed from Pulsar: ${listed(look.targets)}`,
    },
  };
}

/** While pods run they hold the subscription. Undefined when they are gone, or have had their time. */
function podsFirst(look: CleanupLook): CleanupPlan | undefined {
  const { statefulSet, component, pods } = look;
  const uid = statefulSet?.metadata.uid;
  if (statefulSet === undefined || uid === undefined) return undefined;
  if (controllerOf(statefulSet)?.uid !== component.metadata.uid) return undefined;
  const isGoing = statefulSet.metadata.deletionTimestamp !== undefined;
  if (isGoing && pods.length === 0) return undefined;
  const podsEndMs = endMs(look) - look.deadlineMs * (1 - PODS_SHARE);
  if (isGoing && look.nowMs >= podsEndMs) return undefined;
  const count = pods.length === 1 ? "1 pod" : `${pods.length} pods`;
  return {
    removals: isGoing ? [] : [{ id: idOf(statefulSet), uid, propagation: "Foreground" }],
    finalizer: "keep",
    state: retriedState(
      "CleaningUp",
      `Waiting for ${count} to end, so that nothing holds what is to be removed; ${endText(look)}`,
    ),
    lookAgainMs: podsEndMs,
  };
}

function jobNext(look: CleanupLook, job: KubeObject | undefined): CleanupPlan {
  if (job === undefined) return attempt(look, 1);
  const number = attemptOf(job);
  if (hashOf(job) !== hashOf(withMarks(look.job, number))) return attempt(look, number + 1);
  const failure = conditionIn(job, "Failed");
  if (failure === undefined) {
    const cause = causeText(look, job);
    const message = `Attempt ${number} is removing ${listed(look.targets)}${cause && `: ${cause}`}`;
    return {
      ...NOTHING,
      state: retriedState("CleaningUp", `${message}; ${endText(look)}`),
      lookAgainMs: endMs(look),
    };
  }
  const retryMs = Date.parse(failure.lastTransitionTime) + retryDelayMs(number);
  if (look.nowMs >= retryMs) return attempt(look, number + 1);
  const message = `Attempt ${number} failed: ${causeText(look, job) || failure.message}`;
  const state = retriedState(
    "CleanupFailed",
    `${message}; trying again at ${timestamp(retryMs)}; ${endText(look)}`,
  );
  return { ...NOTHING, state, lookAgainMs: Math.min(retryMs, endMs(look)) };
}

/** A new Job, in the place of the one before. */
function attempt(look: CleanupLook, number: number): CleanupPlan {
  const creation = withMarks(look.job, number);
  const message = `Attempt ${number} is removing ${listed(look.targets)}; ${endText(look)}`;
  return {
    removals: removalOf(look.liveJob),
    ...(creation === undefined ? {} : { creation }),
    finalizer: "keep",
    state: retriedState("CleaningUp", message),
    lookAgainMs: endMs(look),
  };
}

/** The Job with its attempt, and the hash by which a change of the resource is seen (W-34). */
function withMarks(job: KubeObject | undefined, number: number): KubeObject | undefined {
  if (job === undefined) return undefined;
  const annotations = {
    ...job.metadata.annotations,
    [ANNOTATIONS.appliedHash]: contentHash(job),
    [ANNOTATIONS.cleanupAttempt]: String(number),
  };
  return { ...job, metadata: { ...job.metadata, annotations } };
}

/** The live Job if it is this program's, made for this very component. Others of that name are in its place. */
function ownJob({ component, liveJob }: CleanupLook): KubeObject | undefined {
  const labels = liveJob?.metadata.labels;
  const isOwn = labels?.[LABELS.component] === CLEANUP_COMPONENT &&
    labels[LABELS.owner] === component.metadata.uid;
  return isOwn ? liveJob : undefined;
}

function removalOf(job: KubeObject | undefined): Removal[] {
  const uid = job?.metadata.uid;
  if (job === undefined || uid === undefined) return [];
  return [{ id: idOf(job), uid, propagation: "Background" }];
}

function attemptOf(job: KubeObject): number {
  const number = Number(job.metadata.annotations?.[ANNOTATIONS.cleanupAttempt]);
  return Number.isInteger(number) && number > 0 ? number : 1;
}

function hashOf(job: KubeObject | undefined): string | undefined {
  return job?.metadata.annotations?.[ANNOTATIONS.appliedHash];
}

function retryDelayMs(number: number): number {
  return Math.min(RETRY_MS * 2 ** Math.min(number - 1, 20), RETRY_MS_MAX);
}

/** A condition of a Job, if it is true. */
function conditionIn(job: KubeObject, type: string): Condition | undefined {
  const { conditions } = (job.status ?? {}) as { readonly conditions?: unknown };
  const condition = conditionOf(conditions, type);
  return condition?.status === "True" ? condition : undefined;
}

/** Why a Job has not succeeded, by its pods, or by why it has none; empty when nothing is wrong. */
function causeText({ jobPods, warnings }: CleanupLook, job: KubeObject): string {
  for (const pod of jobPods) {
    const ended = pod.status?.containerStatuses?.map((container) => container.state?.terminated)
      .find((state) => state !== undefined && state.exitCode !== 0);
    if (ended !== undefined) {
      const said = oneLine(ended.message ?? "") || ended.reason || "it said nothing";
      return `Pod ${pod.metadata.name} ended with exit code ${ended.exitCode}: ${said}`;
    }
  }
  const cause = creationCause(job, warnings) ?? firstCause(jobPods, warnings);
  return cause === undefined || cause.reason === "PodStarting" ? "" : cause.message;
}

function lastWord(look: CleanupLook): string {
  const job = ownJob(look);
  if (job === undefined) {
    return look.pods.length === 0 ? "" : `, ${look.pods.length} pods have not ended`;
  }
  const cause = causeText(look, job) || conditionIn(job, "Failed")?.message;
  return `, attempt ${attemptOf(job)}${cause === undefined ? "" : `: ${cause}`}`;
}

function endText(look: CleanupLook): string {
  return `gives up at ${timestamp(endMs(look))}`;
}

function listed(targets: readonly string[]): string {
  return shortList(targets, TARGETS_SHOWN_MAX);
}

/** The end of a program's output is where it says why. */
function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > 400 ? `…${line.slice(-399)}` : line;
}

function isUnmanaged(component: KubeObject): boolean {
  return component.metadata.annotations?.[ANNOTATIONS.managed] === "false";
}

function isMadeFor(statefulSet: KubeObject, component: Component): boolean {
  const labels = statefulSet.metadata.labels ?? {};
  return Object.entries(selectorLabels(component)).every(([name, value]) => labels[name] === value);
}
