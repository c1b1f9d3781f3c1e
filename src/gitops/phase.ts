import { ANNOTATIONS, durationMs, type MeshSync, type RefMove } from "#api";
import { errorText, type ObjectId, type Problem, StalledError } from "#base";
import { GitError, type GitErrorKind, isRemoteFault, RefSyntaxError, RemoteUrlError } from "#git";
import { problemsText, type ReadyState } from "#plan";
import { type SyncReason, syncReasonOf } from "./reasons.ts";

/**
 * Where a MeshSync stands. The tag is kept in `status.phase`; reason and message are those of its conditions.
 *
 * What moves a sync from one to another is in `docs/architecture.md`, as a picture.
 */
export type Phase =
  /** Somebody said so: nothing is read, applied or deleted. */
  | { readonly tag: "Suspended"; readonly message: string; readonly untilMs?: number }
  /** The spec can mean nothing. */
  | { readonly tag: "Invalid"; readonly message: string }
  /** The remote, a reference or the API server did not answer as it has to. */
  | Failing<"Failed">
  /** A revision waits for its time or for other syncs. */
  | { readonly tag: "Waiting"; readonly reason: SyncReason; readonly message: string }
    & { readonly isFinal: boolean; readonly untilMs?: number }
  /** Nothing of the revision was begun, because of what it says. */
  | Failing<"Refused">
  /** The cluster holds a part of the revision. */
  | Failing<"Applying">
  /** All of it is applied; whether it works is not known yet. */
  | { readonly tag: "Verifying"; readonly message: string }
  | { readonly tag: "Healthy"; readonly message: string }
  | { readonly tag: "Unhealthy"; readonly message: string }
  /** What a revision changed goes back. */
  | { readonly tag: "RollingBack"; readonly message: string }
  /** What a revision changed went back, and stays so until Git says something else. */
  | { readonly tag: "RolledBack"; readonly message: string }
  /** The MeshSync was deleted, and some of its objects are still there. */
  | Failing<"Deleting">;

interface Failing<T extends string> {
  readonly tag: T;
  /** CamelCase, for conditions, events and logs. */
  readonly reason: SyncReason;
  readonly message: string;
  /** Whether only a person can end it. */
  readonly isFinal: boolean;
}

/** What is remembered between two passes. May be lost at any moment: status, Git and cluster bring it back. */
export interface PassMemory {
  /** What the last look at the remote was for: another generation or request means to look again. */
  readonly lookedFor?: string;
  readonly lastLookAtMs?: number;
  /** On the monotonic clock; 0: now. */
  readonly nextLookAtMs: number;
  /** Of the sync that all this is about: one that was made anew under the same name is another one. */
  readonly uid?: string;
  /** Since when this process sees revisions that have to prove themselves, on the monotonic clock. */
  readonly candidatesSinceMs?: Readonly<Record<string, number>>;
  /** Passes in a row that ended in something that is tried again. */
  readonly failures: number;
  /** The commit that was seen last. */
  readonly commit?: string;
  /** What a recorded status decided of a commit and a spec. */
  readonly decided?: Decided;
  /** What is applied completely, as a recorded status says: content, spec, and what it refers to. */
  readonly appliedKey?: string;
  /** Since when a kind is waited for that nobody serves, on the monotonic clock; absent while all are served. */
  readonly unservedSinceMs?: number;
  /** Why the last look at the remote or the last attempt to apply did not come to an end; absent when it did. */
  readonly trouble?: Phase;
  /** What was done and not recorded: the next record tells it. */
  readonly unrecorded?: UnrecordedWork;
  /** Writes of which nobody answered whether they took effect. */
  readonly unanswered?: readonly UnansweredWrite[];
  /** The content for which ordinary kinds that no cache follows were all healthy when they were asked about last. */
  readonly ordinaryHealthyFor?: string;
  /** The revision of which commit-to-ready is measured, and since when; absent while nothing is. */
  readonly measured?: { readonly revision: string; readonly sinceMs: number };
  /** A branch that moved, of which nobody found out yet whether it was rewritten. */
  readonly openMove?: RefMove;
  /** When that is asked again, on the monotonic clock; absent where nobody failed to find out. */
  readonly moveAskAtMs?: number;
  /** The move of which that was found out last, or could not be. */
  readonly judgedMove?: RefMove;
  /** Since when this process watches the sync, on the monotonic clock: what it did not see it does not judge. */
  readonly watchedSinceMs?: number;
  /** When all objects were compared last, on the monotonic clock. */
  readonly comparedAtMs?: number;
  /** Since when this process has objects wait for other MeshSyncs before it deletes them, on the monotonic clock. */
  readonly pruneWaitsSinceMs?: number;
  /** Since when this process tries to delete what a deleted sync owns, on the monotonic clock. */
  readonly removalTriedSinceMs?: number;
  /** Whether something that Git dropped is deleted and not gone yet. */
  readonly isTerminating?: boolean;
  /** The parts of an inventory besides which there are no others, as this process knows. */
  readonly tidiedParts?: string;
  /** The MeshSync as the API server answered our last write of it. */
  readonly written?: MeshSync;
}

/** A commit and a spec of which a status says what became of them. */
export interface Decided {
  readonly key: string;
  /** Why it is not applied; absent when it is. */
  readonly hold?: Phase;
}

/** Writes of which no status tells yet. */
export interface UnrecordedWork {
  readonly revision: string;
  readonly changes: readonly UnrecordedChange[];
}

/** One write of which no status tells yet. */
export interface UnrecordedChange {
  readonly id: ObjectId;
  readonly action: "created" | "configured" | "pruned";
}

/** A write that was begun, and of which nobody knows whether it took effect. */
export interface UnansweredWrite extends UnrecordedChange {
  /** Hash of the object in Git; absent of a deletion. */
  readonly hash?: string;
  /** What somebody had changed, where it put that right. */
  readonly corrected?: readonly string[];
}

/** A failure whose reason has a name: what a MeshSync refers to is not there or of no use, or its time is up. */
export class InputError extends Error {
  override readonly name = "InputError";
  /** The condition's reason. */
  readonly reason: SyncReason;
  constructor(reason: SyncReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

const INTERVAL_MS = 60_000;
const TIMEOUT_MS = 300_000;
const SETTLE_TIME_MS = 30_000;

/** Time between two looks at the remote. */
export function intervalMs(sync: MeshSync): number {
  return durationMs(sync.spec.interval ?? "") ?? INTERVAL_MS;
}

/** Longest time that one pass may take. */
export function timeoutMs(sync: MeshSync): number {
  return durationMs(sync.spec.timeout ?? "") ?? TIMEOUT_MS;
}

/** What comes after the limit of a pass: a look at health, and the write of the status. */
const LAST_WORD_MS = 180_000;

/** Longest time after which a pass of a sync that is not at its end is stuck. */
export function passMsMax(sync: MeshSync | undefined): number {
  return (sync?.spec === undefined ? TIMEOUT_MS : timeoutMs(sync)) + LAST_WORD_MS;
}

/** How long a revision may take to become healthy. */
export function healthTimeoutMs(sync: MeshSync): number {
  return durationMs(sync.spec.healthTimeout ?? "") ?? timeoutMs(sync);
}

/**
 * How long meshes have to have been ready before a revision is healthy. A function that cannot load its class runs for
 * seconds before it fails, and Kubernetes calls it ready meanwhile. Never more than half of the time that there is.
 */
export function settleTimeMs(sync: MeshSync): number {
  const asked = durationMs(sync.spec.settleTime ?? "") ?? (rollsBack(sync) ? SETTLE_TIME_MS : 0);
  return Math.min(asked, healthTimeoutMs(sync) / 2);
}

/** Whether what a revision changed goes back when it does not become healthy. */
export function rollsBack(sync: MeshSync): boolean {
  return sync.spec.onUnhealthy === "rollback";
}

/** What the conditions Ready, Reconciling and Stalled say of a phase. */
export function readyState(phase: Phase): ReadyState<SyncReason> {
  const { tag, message } = phase;
  const idle = { ready: false, reconciling: false, stalled: false, message };
  switch (tag) {
    case "Suspended":
      return { ...idle, reason: "Suspended" };
    case "Invalid":
      return { ...idle, stalled: true, reason: "InvalidSpec" };
    case "Failed":
    case "Waiting":
    case "Refused":
    case "Applying":
    case "Deleting":
      return {
        ...idle,
        reconciling: !phase.isFinal,
        stalled: phase.isFinal,
        reason: phase.reason,
      };
    case "Verifying":
      return { ...idle, reconciling: true, reason: "Progressing" };
    case "Healthy":
      return { ...idle, ready: true, reason: "Healthy" };
    case "Unhealthy":
      return { ...idle, reason: "Unhealthy" };
    case "RollingBack":
      return { ...idle, reconciling: true, reason: "Quarantined" };
    case "RolledBack":
      return { ...idle, stalled: true, reason: "Quarantined" };
    default:
      return tag satisfies never;
  }
}

/** Whether something is tried again soon, whatever the interval. */
export function isRetried(phase: Phase): boolean {
  return ["Failed", "Refused", "Applying"].includes(phase.tag) && readyState(phase).reconciling;
}

/** A spec that can mean nothing. */
export function invalidPhase(problems: readonly Problem[]): Phase {
  return { tag: "Invalid", message: problemsText(problems) };
}

const GIT_REASONS: Readonly<Record<GitErrorKind, SyncReason>> = {
  not_found: "RepositoryNotFound",
  no_access: "AccessDenied",
  no_ref: "RefNotFound",
  no_path: "PathNotFound",
  host_unknown: "HostKeyUnknown",
  unverified: "SignatureRefused",
  not_git: "NotAGitServer",
  redirected: "RepositoryMoved",
  refused_address: "AddressRefused",
  unreachable: "RepositoryUnreachable",
  timeout: "GitTimeout",
  too_large: "RevisionTooLarge",
  moved: "RefMoved",
  failed: "GitFailed",
};

/** A failed step; what only a person can end is final, the rest is tried again. */
export function failedPhase(error: unknown): Phase {
  if (error instanceof RefSyntaxError || error instanceof RemoteUrlError) {
    return failing("Failed", { reason: "InvalidSpec", message: error.message, isFinal: true });
  }
  if (error instanceof StalledError) {
    const reason = syncReasonOf(error.reason);
    return failing("Failed", { reason, message: error.message, isFinal: true });
  }
  const message = errorText(error);
  // What is missing may come any moment, from another sync for one.
  if (error instanceof InputError) {
    return failing("Failed", { reason: error.reason, message: error.message, isFinal: false });
  }
  if (!(error instanceof GitError)) {
    return failing("Failed", { reason: "SyncFailed", message, isFinal: false });
  }
  const isFinal = isRemoteFault(error) || error.kind === "too_large";
  return failing("Failed", { reason: GIT_REASONS[error.kind], message, isFinal });
}

/** A revision of which nothing is begun until it is another one, or somebody allows it. */
export function refusedPhase(
  reason: SyncReason,
  message: string,
  { isFinal = true }: { readonly isFinal?: boolean } = {},
): Phase {
  return failing("Refused", { reason, message, isFinal });
}

/** A revision of which a part is applied. */
export function applyingPhase(reason: SyncReason, message: string): Phase {
  return failing("Applying", { reason, message, isFinal: false });
}

/** Reason of a revision that is applied but for objects of a kind that nobody serves. */
export const KIND_NOT_SERVED = "KindNotServed";

/** Whether all of a revision is applied that can be: the rest of it is looked after as if nothing were missing. */
export function isAppliedButUnserved(phase: Phase | undefined): boolean {
  return phase?.tag === "Applying" && phase.reason === KIND_NOT_SERVED;
}

/** A deleted MeshSync that some of its objects keep. */
export function deletingPhase(reason: SyncReason, message: string): Failing<"Deleting"> {
  return failing("Deleting", { reason, message, isFinal: false });
}

/** A revision that deletes too much to do so unasked. */
export function brakePhase(
  revision: string,
  { excess, commit }: { readonly excess: string; readonly commit: string },
): Phase {
  return refusedPhase(
    "PruneLimit",
    `Held back ${revision}, nothing was changed: ${excess}; to let it through, annotate the MeshSync ` +
      `with ${ANNOTATIONS.allowPrune}=${commit}`,
  );
}

/** A folder that is not there, or holds nothing: never a reason to delete everything. */
export function emptyPhase(
  revision: string,
  path: string,
  /** What is there: no folder, or one with these objects of somebody else, in words. */
  found: { readonly isMissing?: boolean; readonly left?: readonly string[] } = {},
): Phase {
  const cannot = `Cannot apply ${revision}:`;
  if (found.isMissing === true) {
    return refusedPhase("PathNotFound", `${cannot} it has no folder ${path}; nothing was changed`);
  }
  const [first] = found.left ?? [];
  const holds = first === undefined
    ? "holds no manifests"
    : `holds nothing but what is somebody else's (${first})`;
  return refusedPhase("NothingToApply", `${cannot} folder ${path} ${holds}; nothing was changed`);
}

/** A condition's message may hold 32768 characters; people read far fewer. */
const MESSAGE_LENGTH_MAX = 2000;

function failing<T extends "Failed" | "Refused" | "Applying" | "Deleting">(
  tag: T,
  { message, ...rest }: Omit<Failing<T>, "tag">,
): Failing<T> {
  const isLong = message.length > MESSAGE_LENGTH_MAX;
  return {
    tag,
    ...rest,
    message: isLong ? `${message.slice(0, MESSAGE_LENGTH_MAX - 1)}…` : message,
  };
}
