import { type KubeObject, shortText } from "#base";
import { type ComponentReason, passedOn } from "./reasons.ts";
import { type ContainerStatus, isPodReady, ordinalOf, type Pod } from "./pod.ts";

/** Why something is not ready, in words that a person can act on. */
export interface Cause {
  /** CamelCase word, as conditions and events carry it. */
  readonly reason: ComponentReason;
  /** Which pod, which container, and what the cluster says. */
  readonly message: string;
  /** Larger is more telling; the first of the most telling is shown. */
  readonly weight: number;
}

/** A Warning event of the cluster, as far as causes need it. */
export interface WarningEvent extends KubeObject {
  readonly reason?: string;
  readonly message?: string;
  /** RFC 3339, in whole seconds or finer. */
  readonly lastSeen?: string;
  readonly involvedObject?: {
    readonly kind?: string;
    readonly name?: string;
    readonly uid?: string;
  };
}

/** Reasons of the kubelet for not pulling an image. */
const IMAGE_REASONS: ReadonlySet<string> = new Set([
  "ErrImageNeverPull",
  "ErrImagePull",
  "ImageInspectError",
  "ImagePullBackOff",
  "InvalidImageName",
  "RegistryUnavailable",
]);

/** Reasons for waiting that are a pod's ordinary way up. */
const ORDINARY_REASONS: ReadonlySet<string> = new Set(["ContainerCreating", "PodInitializing"]);

const WEIGHT = { blocked: 3, failing: 2, waiting: 1, starting: 0 } as const;

/**
 * Why a pod is not ready; undefined when it is.
 *
 * @param warnings Warning events of the cluster about this pod (a volume that cannot be mounted shows only there)
 */
export function podCause(pod: Pod, warnings: readonly WarningEvent[] = []): Cause | undefined {
  if (isPodReady(pod)) return undefined;
  const name = pod.metadata.name;
  if (pod.metadata.deletionTimestamp !== undefined) {
    return {
      reason: "Terminating",
      message: `Pod ${name} is terminating`,
      weight: WEIGHT.starting,
    };
  }
  return unscheduledCause(pod) ?? evictedCause(pod) ?? firstContainerCause(pod) ??
    mountCause(pod, warnings) ?? startingCause(pod);
}

/**
 * The most telling cause of several pods: the heaviest, and of these the one of the lowest ordinal.
 */
export function firstCause(
  pods: readonly Pod[],
  warnings: readonly WarningEvent[] = [],
): Cause | undefined {
  const causes = [...pods]
    .sort((a, b) => ordinalOf(a) - ordinalOf(b))
    .map((pod) => podCause(pod, warnings.filter((event) => isAbout(event, pod))))
    .filter((cause) => cause !== undefined);
  return causes.reduce<Cause | undefined>(
    (best, cause) => best === undefined || cause.weight > best.weight ? cause : best,
    undefined,
  );
}

/**
 * Why a StatefulSet or a Job has too few pods: the API server refused to create one (quota, admission, a security policy).
 * Only its events tell, and they stay for an hour: once a pod was created after the last refusal, it is history.
 */
export function creationCause(
  owner: KubeObject,
  warnings: readonly WarningEvent[],
  { pods = [] }: { readonly pods?: readonly Pod[] } = {},
): Cause | undefined {
  const createdMs = Math.max(...pods.map((pod) => timeMs(pod.metadata.creationTimestamp)), 0);
  const event = warnings.find((warning) =>
    warning.reason === "FailedCreate" && isAbout(warning, owner) &&
    timeMs(warning.lastSeen) >= createdMs
  );
  if (event === undefined) return undefined;
  const message = event.message ?? "";
  const reason = /exceeded quota/.test(message) ? "QuotaExceeded" : "PodCreationFailed";
  return { reason, message: oneLine(message), weight: WEIGHT.blocked };
}

/** 0 for no time: what has none is neither newer nor older than anything. */
function timeMs(text: string | null | undefined): number {
  return Date.parse(text ?? "") || 0;
}

function isAbout(event: WarningEvent, object: KubeObject): boolean {
  return event.involvedObject?.uid !== undefined &&
    event.involvedObject.uid === object.metadata.uid;
}

function unscheduledCause(pod: Pod): Cause | undefined {
  const condition = pod.status?.conditions?.find((item) => item.type === "PodScheduled");
  if (condition?.status !== "False") return undefined;
  return {
    reason: passedOn(condition.reason ?? "Unschedulable"),
    message: `Pod ${pod.metadata.name} cannot be scheduled: ${oneLine(condition.message ?? "")}`,
    weight: WEIGHT.blocked,
  };
}

function evictedCause(pod: Pod): Cause | undefined {
  if (pod.status?.phase !== "Failed") return undefined;
  const detail = pod.status.message ?? "the pod failed";
  return {
    reason: passedOn(pod.status.reason ?? "PodFailed"),
    message: `Pod ${pod.metadata.name}: ${oneLine(detail)}`,
    weight: WEIGHT.failing,
  };
}

function firstContainerCause(pod: Pod): Cause | undefined {
  const init = (pod.status?.initContainerStatuses ?? []).filter((container) =>
    container.state?.terminated?.exitCode !== 0 && container.ready !== true
  );
  const containers = [...init, ...(pod.status?.containerStatuses ?? [])];
  const causes = containers
    .map((container) => containerCause(pod, container))
    .filter((cause) => cause !== undefined);
  return causes.find((cause) => cause.weight > WEIGHT.waiting) ?? causes[0];
}

function containerCause(pod: Pod, container: ContainerStatus): Cause | undefined {
  const where = `Pod ${pod.metadata.name}, container ${container.name}`;
  const waiting = container.state?.waiting;
  // Without a reason it is on its way up, as far as the node tells.
  if (waiting?.reason !== undefined && !ORDINARY_REASONS.has(waiting.reason)) {
    return waitingCause(where, container, { ...waiting, reason: waiting.reason });
  }
  const ended = container.state?.terminated;
  if (ended !== undefined) {
    return {
      reason: passedOn(ended.reason ?? "Terminated"),
      message: `${where} ${endText(ended)}`,
      weight: WEIGHT.failing,
    };
  }
  if (container.state?.running !== undefined && container.ready !== true) {
    const last = container.lastState?.terminated;
    const restarts = container.restartCount ?? 0;
    const history = last === undefined || restarts === 0
      ? ""
      : ` (restarted ${times(restarts)}; the last run ${endText(last)})`;
    return {
      reason: last?.reason === "OOMKilled" ? "OOMKilled" : "ContainerNotReady",
      message: `${where} runs but is not ready yet${history}`,
      weight: history === "" ? WEIGHT.waiting : WEIGHT.failing,
    };
  }
  return undefined;
}

function waitingCause(
  where: string,
  container: ContainerStatus,
  waiting: { readonly reason: string; readonly message?: string },
): Cause {
  const reason = passedOn(waiting.reason);
  const said = waiting.message === undefined ? "" : `: ${oneLine(waiting.message)}`;
  if (IMAGE_REASONS.has(reason)) {
    return {
      reason,
      message: `${where} cannot get its image ${container.image ?? ""}${said}`,
      weight: WEIGHT.blocked,
    };
  }
  const last = container.lastState?.terminated;
  if (reason === "CrashLoopBackOff" && last !== undefined) {
    return {
      reason: last.reason === "OOMKilled" ? "OOMKilled" : reason,
      message: `${where} keeps failing (restarted ${
        times(container.restartCount ?? 0)
      }): the last run ${endText(last)}`,
      weight: WEIGHT.blocked,
    };
  }
  return { reason, message: `${where} cannot start${said}`, weight: WEIGHT.blocked };
}

function mountCause(pod: Pod, warnings: readonly WarningEvent[]): Cause | undefined {
  const event = warnings.find((warning) =>
    warning.reason === "FailedMount" || warning.reason === "FailedAttachVolume"
  );
  if (event === undefined) return undefined;
  return {
    reason: passedOn(event.reason ?? "FailedMount"),
    message: `Pod ${pod.metadata.name}: ${oneLine(event.message ?? "")}`,
    weight: WEIGHT.blocked,
  };
}

function startingCause(pod: Pod): Cause {
  return {
    reason: "PodStarting",
    message: `Pod ${pod.metadata.name} is ${(pod.status?.phase ?? "Pending").toLowerCase()}`,
    weight: WEIGHT.starting,
  };
}

/** What exit codes mean of programs that a signal ended, where nobody says more. */
const SIGNALS: ReadonlyMap<number, string> = new Map([
  [134, "SIGABRT: it gave up"],
  [137, "SIGKILL: it outgrew its memory limit, or somebody killed it"],
  [139, "SIGSEGV: it crashed"],
  [143, "SIGTERM: it was told to end"],
]);

function endText(
  ended: { readonly exitCode?: number; readonly reason?: string; readonly message?: string },
): string {
  const meaning = ended.reason === undefined || ended.reason === "Error"
    ? SIGNALS.get(ended.exitCode ?? 0)
    : ended.reason;
  const reason = meaning === undefined ? "" : ` (${meaning})`;
  const said = ended.message === undefined ? "" : `: ${oneLine(ended.message)}`;
  return `ended with exit code ${ended.exitCode ?? "unknown"}${reason}${said}`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/** The cluster's own words, on one line and bounded, so that a status never grows with a log. */
function oneLine(text: string): string {
  return shortText(text.replaceAll(/\s+/g, " ").trim(), 400);
}
