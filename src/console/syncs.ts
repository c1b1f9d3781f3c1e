import type { HistoryEntry, MeshSync } from "#api";
import { conditionOf, shownText, timestamp } from "#base";
import type { CommitView, RevisionView, StateView, SyncView } from "./view.ts";

const TEXT_LENGTH_MAX = 600;
const WORD_LENGTH_MAX = 253;
/** Lines of a plan, and windows, that are told. */
const LINES_MAX = 50;

const STATES: Readonly<Record<NonNullable<NonNullable<MeshSync["status"]>["phase"]>, StateView>> = {
  Applying: "progressing",
  Deleting: "progressing",
  Failed: "failing",
  Healthy: "ok",
  Invalid: "failing",
  Refused: "failing",
  RolledBack: "failing",
  RollingBack: "progressing",
  Suspended: "suspended",
  Unhealthy: "failing",
  Verifying: "progressing",
  Waiting: "progressing",
};

/**
 * What a view says of a MeshSync: of its status, and of its spec where it looks and when. Pure.
 *
 * @param nextLookMs when it looks at its repository again, in milliseconds since 1970; absent where that is not known
 */
export function syncView(sync: MeshSync, nextLookMs?: number): SyncView {
  const { metadata: { name, namespace = "" }, spec, status = {} } = sync;
  const ready = conditionOf(status.conditions, "Ready");
  const { lastAppliedRevision: applied, lastAttemptedRevision: tried } = status;
  const revision = commitView(sync, applied);
  const attempted = tried === applied ? undefined : commitView(sync, tried);
  const state = stateOf(sync);
  const held = heldText(sync);
  const quarantine = quarantineText(sync);
  const window = windowText(sync);
  const isAsleep = state === "suspended" || status.phase === "Invalid";
  const nextLook = nextLookMs === undefined || isAsleep ? undefined : timestamp(nextLookMs);
  return {
    namespace,
    name,
    url: shown(String(spec?.url ?? "")),
    path: shown(String(spec?.path ?? ".")),
    state,
    ...(ready === undefined ? {} : {
      reason: word(ready.reason),
      message: shown(ready.message),
      since: word(ready.lastTransitionTime),
    }),
    ...(revision === undefined ? {} : { revision }),
    ...(attempted === undefined ? {} : { attempted }),
    history: (status.history ?? []).map(revisionView),
    ...(held === undefined ? {} : { held }),
    ...(quarantine === undefined ? {} : { quarantine }),
    ...(window === undefined ? {} : { window }),
    suspended: state === "suspended",
    counts: countsOf(sync),
    ...(nextLook === undefined ? {} : { nextLook }),
    ...(status.plan === undefined
      ? {}
      : { plan: status.plan.changes.slice(0, LINES_MAX).map(shown) }),
  };
}

function stateOf({ metadata, status = {} }: MeshSync): StateView {
  const { phase } = status;
  if (phase === undefined || (status.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
    return "unknown";
  }
  const isStalled = conditionOf(status.conditions, "Stalled")?.status === "True";
  return isStalled && STATES[phase] === "progressing" ? "failing" : STATES[phase] ?? "unknown";
}

function heldText({ spec, status }: MeshSync): string | undefined {
  const { phase } = status ?? {};
  if (phase !== "Waiting" && phase !== "Suspended") return undefined;
  const message = conditionOf(status?.conditions, "Ready")?.message;
  return shown(message ?? spec?.suspendReason ?? "");
}

function quarantineText({ status }: MeshSync): string | undefined {
  const holds = status?.quarantined ?? [];
  if (holds.length === 0) return undefined;
  return shown(
    holds.map(({ cause, healthyRevision, revision, since }) =>
      `${revision} went back to ${healthyRevision} at ${since}: ${cause}`
    ).join("; "),
  );
}

function windowText({ spec }: MeshSync): string | undefined {
  const windows = spec?.windows ?? [];
  if (windows.length === 0) return undefined;
  return shown(
    windows.map(({ duration, kind, schedule, timeZone = "UTC" }) =>
      `${kind} ${schedule} (${timeZone}) for ${duration}`
    ).join("; "),
  );
}

function countsOf({ status }: MeshSync): Record<string, number> {
  const entries = Object.entries(status?.counts ?? {}).slice(0, LINES_MAX);
  return Object.fromEntries(entries.map(([name, count]) => [word(name), count]));
}

/** What is known of a revision. */
function commitView({ status }: MeshSync, revision: string | undefined): CommitView | undefined {
  if (revision === undefined) return undefined;
  const entry = status?.history?.find((one) => one.revision === revision);
  return entry === undefined ? { id: word(revision) } : commitOf(entry);
}

function commitOf({ author, committedAt, revision, subject }: HistoryEntry): CommitView {
  return {
    id: word(revision),
    ...(subject === undefined ? {} : { subject: shown(subject) }),
    ...(author === undefined ? {} : { author: shown(author) }),
    ...(committedAt === undefined ? {} : { at: word(committedAt) }),
  };
}

function revisionView(entry: HistoryEntry): RevisionView {
  return { ...commitOf(entry), outcome: word(entry.result), triedAt: word(entry.attemptedAt) };
}

function shown(text: string): string {
  return shownText(text, TEXT_LENGTH_MAX);
}

function word(text: string): string {
  return shownText(text, WORD_LENGTH_MAX);
}
