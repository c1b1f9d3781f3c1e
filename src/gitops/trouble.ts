import { ANNOTATIONS } from "#api";
import { errorText, StalledError } from "#base";
import { GitError, type GitErrorKind, isRemoteFault, RefSyntaxError, RemoteUrlError } from "#git";
import type { Verdict } from "#plan";
import type { ApplyFailure, ApplyReport } from "./apply.ts";
import { InputError } from "./source/remote.ts";
import { type ManifestProblem, manifestProblemText } from "./manifests/manifest.ts";
import type { PrunePlan } from "./prune.ts";

const GIT_REASONS: Readonly<Record<GitErrorKind, string>> = {
  not_found: "RepositoryNotFound",
  no_access: "AccessDenied",
  no_ref: "RefNotFound",
  no_path: "PathNotFound",
  host_unknown: "HostKeyUnknown",
  unverified: "SignatureRefused",
  unreachable: "RepositoryUnreachable",
  timeout: "GitTimeout",
  too_large: "RevisionTooLarge",
  moved: "RefMoved",
  failed: "GitFailed",
};

const SHOWN_MAX = 5;

/** A failed step, in words for the status; what only a person can end is stalled, the rest is tried again. */
export function errorVerdict(error: unknown): Verdict {
  if (error instanceof RefSyntaxError || error instanceof RemoteUrlError) {
    return stalled("InvalidSpec", error.message);
  }
  if (error instanceof StalledError) return stalled(error.reason, error.message);
  // What is missing may come any moment, from another sync for one.
  if (error instanceof InputError) return retried(error.reason, error.message);
  if (!(error instanceof GitError)) return retried("SyncFailed", errorText(error));
  const reason = GIT_REASONS[error.kind];
  return isRemoteFault(error) || error.kind === "too_large"
    ? stalled(reason, errorText(error))
    : retried(reason, errorText(error));
}

/** A revision that is held back: nothing of it was applied, what runs goes on running. */
export function heldVerdict(revision: string, problems: readonly ManifestProblem[]): Verdict {
  const shown = problems.slice(0, SHOWN_MAX).map(manifestProblemText).join("; ");
  const rest = problems.length - SHOWN_MAX;
  const text = rest > 0 ? `${shown}; and ${rest} more` : shown;
  return stalled("InvalidManifests", `Held back ${revision}, nothing was applied: ${text}`);
}

/** A folder that is not there, or holds nothing: never a reason to delete everything. */
export function emptyVerdict(revision: string, path: string, isMissing: boolean): Verdict {
  return isMissing
    ? stalled(
      "PathNotFound",
      `Cannot apply ${revision}: it has no folder ${path}; nothing was changed`,
    )
    : stalled(
      "NothingToApply",
      `Cannot apply ${revision}: folder ${path} holds no manifests; nothing was changed`,
    );
}

/** A revision that the API server does not take as a whole: nothing of it was begun. */
export function refusedVerdict(revision: string, failures: readonly ApplyFailure[]): Verdict {
  const shown = failures.slice(0, SHOWN_MAX).map(manifestProblemText).join("; ");
  const rest = failures.length - SHOWN_MAX;
  const text = rest > 0 ? `${shown}; and ${rest} more` : shown;
  return retried("ApplyFailed", `Cannot apply ${revision}, nothing was changed: ${text}`);
}

/** What keeps a revision from being applied completely; undefined when nothing does. */
export function applyVerdict(revision: string, report: ApplyReport): Verdict | undefined {
  const untried = report.untried > 0 ? `; ${report.untried} more objects wait for that` : "";
  if (report.failures.length > 0) {
    const shown = report.failures.slice(0, SHOWN_MAX).map(manifestProblemText).join("; ");
    const rest = report.failures.length - SHOWN_MAX;
    const text = rest > 0 ? `${shown}; and ${rest} more` : shown;
    const isConflict = report.failures.every((failure) => failure.isConflict);
    const reason = isConflict ? "FieldConflict" : "ApplyFailed";
    return retried(reason, `Cannot apply all of ${revision}: ${text}${untried}`);
  }
  if (report.waiting.length === 0) return undefined;
  const kinds = report.waiting.map((object) => `${object.object.apiVersion} ${object.object.kind}`);
  const names = [...new Set(kinds)].sort().join(", ");
  return retried(
    "WaitingForKind",
    `Waiting for ${names} to be served before applying all of ${revision}${untried}`,
  );
}

function stalled(reason: string, message: string): Verdict {
  return { ready: false, reconciling: false, stalled: true, reason, message: bounded(message) };
}

function retried(reason: string, message: string): Verdict {
  return { ready: false, reconciling: true, stalled: false, reason, message: bounded(message) };
}

/** A condition's message may hold 32768 characters; people read far fewer. */
const MESSAGE_LENGTH_MAX = 2000;

function bounded(message: string): string {
  return message.length > MESSAGE_LENGTH_MAX
    ? `${message.slice(0, MESSAGE_LENGTH_MAX - 1)}…`
    : message;
}

/** What could not be deleted, or waits; undefined when nothing. */
export function pruneVerdict(
  revision: string,
  failures: readonly string[],
  { waitsFor, doomed }: Pick<PrunePlan, "waitsFor" | "doomed">,
): Verdict | undefined {
  if (failures.length > 0) {
    const shown = failures.slice(0, SHOWN_MAX).join("; ");
    return retried(
      "PruneFailed",
      `Applied ${revision}, but not all it dropped is deleted: ${shown}`,
    );
  }
  if (waitsFor.length === 0) return undefined;
  const count = `${doomed.length} object${doomed.length === 1 ? "" : "s"}`;
  return retried(
    "PruneWaits",
    `Applied ${revision}; before ${count} that it dropped are deleted, MeshSync ` +
      `${waitsFor.slice(0, SHOWN_MAX).join(", ")} may take them over`,
  );
}

/** A revision that deletes too much to do so unasked. */
export function brakeVerdict(
  revision: string,
  { excess, commit }: { readonly excess: string; readonly commit: string },
): Verdict {
  return stalled(
    "PruneLimit",
    `Held back ${revision}, nothing was changed: ${excess}; to let it through, annotate the MeshSync ` +
      `with ${ANNOTATIONS.allowPrune}=${commit}`,
  );
}

/** A revision that a newer one ended. */
export function supersededVerdict(revision: string, report: ApplyReport): Verdict {
  return retried(
    "Superseded",
    `Stopped applying ${revision} after ${report.changes.length} objects: there is something newer`,
  );
}
