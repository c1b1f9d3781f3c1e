import { ANNOTATIONS, durationMs, type MeshSync } from "#api";
import {
  conditionOf,
  keyOf,
  keyText,
  type ObjectKey,
  type Problem,
  sameJson,
  timestamp,
} from "#base";
import type { ReadyState } from "#plan";
import type { SyncReason } from "../reasons.ts";
import { Cron } from "croner";

/** That a sync is suspended, in words, and when it goes on by itself. */
export interface Suspension {
  readonly message: string;
  /** Milliseconds since 1970; absent when a person ends it. */
  readonly untilMs?: number;
}

/**
 * Whether a sync is suspended now: it says so, and the end that it names has not come.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { suspensionOf } from "./schedule.ts";
 * const spec = { url: "https://git.example/a.git", suspend: true, suspendReason: "release freeze" };
 * assertEquals(suspensionOf({ ...spec, suspendUntil: "2026-01-02T00:00:00Z" }, Date.parse("2026-01-01T00:00:00Z"))?.message,
 *   "Suspended until 2026-01-02T00:00:00Z (release freeze): nothing is read from Git, applied or deleted");
 * assertEquals(suspensionOf({ ...spec, suspendUntil: "2026-01-02T00:00:00Z" }, Date.parse("2026-01-03T00:00:00Z")), undefined);
 * ```
 */
export function suspensionOf(spec: MeshSync["spec"], nowMs: number): Suspension | undefined {
  if (spec?.suspend !== true) return undefined;
  const untilMs = Date.parse(spec.suspendUntil ?? "");
  if (untilMs <= nowMs) return undefined;
  const until = Number.isNaN(untilMs) ? "" : ` until ${spec.suspendUntil}`;
  const reason = spec.suspendReason ? ` (${spec.suspendReason})` : "";
  return {
    message: `Suspended${until}${reason}: nothing is read from Git, applied or deleted`,
    ...(Number.isNaN(untilMs) ? {} : { untilMs }),
  };
}

type Window = NonNullable<MeshSync["spec"]["windows"]>[number];

/** Windows whose schedule or time zone means nothing, or that never begin. */
export function windowProblems(windows: readonly Window[]): Problem[] {
  return windows.flatMap((window, index) => {
    try {
      if (cronOf(window).nextRun() !== null) return [];
      const schedule = JSON.stringify(window.schedule);
      return [{
        path: `spec.windows[${index}].schedule`,
        message: `${schedule} names no day that there is; take the window out or change it`,
      }];
    } catch (error) {
      const cause = error instanceof Error ? error.message.split(". ")[0] : String(error);
      return [{ path: `spec.windows[${index}]`, message: `is no schedule: ${cause}` }];
    }
  });
}

/**
 * Until when windows keep revisions from being applied; undefined when one may be applied now.
 *
 * Denied while a `deny` window is open; where there are `allow` windows, also while none of them is. Schedules are in the
 * window's own time zone, so that a window moves with summer time.
 *
 * @param nowMs milliseconds since 1970
 * @returns milliseconds since 1970; `Infinity` where none opens soon, or ever
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { closedUntilMs } from "./schedule.ts";
 * const office = { kind: "allow", schedule: "0 9 * * 1-5", duration: "8h", timeZone: "Europe/Berlin" } as const;
 * const at = (time: string) => closedUntilMs([office], Date.parse(time));
 * assertEquals(at("2026-07-06T10:00:00Z"), undefined);
 * assertEquals(at("2026-07-04T10:00:00Z"), Date.parse("2026-07-06T07:00:00Z"));
 * ```
 */
export function closedUntilMs(windows: readonly Window[], nowMs: number): number | undefined {
  const courses = windows.map((window) => courseAt(window, nowMs));
  let atMs = nowMs;
  for (let looks = 0; looks < LOOKS_MAX;) {
    if (isOpen(courses, atMs)) return atMs === nowMs ? undefined : atMs;
    // Whether it is open changes only where a window begins or ends.
    const edges = courses.flatMap(({ beginMs, endMs }) => [beginMs, endMs]);
    const nextMs = Math.min(...edges.filter((edgeMs) => edgeMs > atMs));
    if (!Number.isFinite(nextMs)) return Infinity;
    atMs = nextMs;
    for (const course of courses.filter(({ beginMs }) => beginMs <= atMs)) {
      course.endMs = course.beginMs + course.lastsMs;
      course.beginMs = nextBeginMs(course.cron, course.beginMs);
      looks++;
    }
    looks++;
  }
  return Infinity;
}

/** Bounds the search: what does not open within so many beginnings and ends is taken for closed. */
const LOOKS_MAX = 500;

/** A window as time goes on. */
interface Course {
  readonly kind: Window["kind"];
  readonly cron: Cron;
  readonly lastsMs: number;
  /** When it ends, or ended last. */
  endMs: number;
  /** When it begins next; `Infinity` for never. */
  beginMs: number;
}

/** A look at a calendar costs most where a schedule names a day that there is not: each window has two at the start. */
function courseAt(window: Window, nowMs: number): Course {
  const cron = cronOf(window);
  const lastsMs = durationMs(window.duration) ?? 0;
  // `previousRuns` are those before the time: one that begins this very second counts, one that is about to does not.
  const runs = cron.previousRuns(2, new Date(nowMs + 1000)).map((run) => run.getTime());
  const begunMs = Math.max(...runs.filter((beginMs) => beginMs <= nowMs));
  const beginMs = nextBeginMs(cron, nowMs);
  return { kind: window.kind, cron, lastsMs, endMs: begunMs + lastsMs, beginMs };
}

function isOpen(courses: readonly Course[], atMs: number): boolean {
  if (courses.some(({ kind, endMs }) => kind === "deny" && endMs > atMs)) return false;
  const allowing = courses.filter(({ kind }) => kind === "allow");
  return allowing.length === 0 || allowing.some(({ endMs }) => endMs > atMs);
}

function nextBeginMs(cron: Cron, afterMs: number): number {
  return cron.nextRun(new Date(afterMs))?.getTime() ?? Infinity;
}

function cronOf(window: Window): Cron {
  return new Cron(window.schedule, {
    timezone: window.timeZone || "UTC",
    paused: true,
    mode: "5-part",
  });
}

/** Why a revision is not applied yet, although nothing is wrong with it. */
export interface Wait {
  readonly verdict: ReadyState<SyncReason>;
  /** When to look again; absent where a change of another MeshSync says so. */
  readonly untilMs?: number;
}

/** What decides whether a revision has to wait. */
export interface WaitFacts {
  /** The revision in words. */
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Another MeshSync as it is now; undefined when it is not there. */
  readonly syncOf: (key: ObjectKey) => MeshSync | undefined;
}

/** Whether a revision has to wait: for its window, or for the MeshSyncs that it depends on. */
export function waitOf(sync: MeshSync, facts: WaitFacts): Wait | undefined {
  const { nowMs, syncOf, text } = facts;
  const untilMs = closedUntilMs(sync.spec.windows ?? [], nowMs);
  if (untilMs !== undefined) {
    const until = Number.isFinite(untilMs) ? `until ${timestamp(untilMs)}` : "for a window";
    const message = `${text} waits ${until}: spec.windows keep it from being applied now`;
    const verdict = waiting("WaitingForWindow", message);
    return Number.isFinite(untilMs) ? { verdict, untilMs } : { verdict };
  }
  const cycle = cycleOf(sync, syncOf);
  if (cycle !== undefined) {
    const message = `${text} can never be applied: ${cycle} depend on each other`;
    return {
      verdict: { ...waiting("DependencyCycle", message), reconciling: false, stalled: true },
    };
  }
  const missing = dependencyKeys(sync).map((key) => unreadiness(key, { sync, text, syncOf }))
    .filter((words) => words !== undefined);
  if (missing.length === 0) return undefined;
  return { verdict: waiting("DependencyNotReady", `${text} waits for ${missing.join("; ")}`) };
}

/** Whether nothing that a MeshSync depends on keeps a revision waiting. */
export function isDependencyMet(
  sync: MeshSync,
  { syncOf, text }: Pick<WaitFacts, "syncOf" | "text">,
): boolean {
  return dependencyKeys(sync).every((key) =>
    unreadiness(key, { sync, text, syncOf }) === undefined
  );
}

/** The MeshSyncs that one depends on. */
export function dependencyKeys(sync: MeshSync): ObjectKey[] {
  return (sync.spec.dependsOn ?? []).map(({ name, namespace }) => ({
    namespace: namespace || (sync.metadata.namespace ?? ""),
    name,
  }));
}

/** What is missing of a dependency; one that follows the same branch must have applied the same revision. */
function unreadiness(
  key: ObjectKey,
  { sync, text, syncOf }: Pick<WaitFacts, "syncOf" | "text"> & { readonly sync: MeshSync },
): string | undefined {
  const name = `MeshSync ${keyText(key)}`;
  const other = syncOf(key);
  if (other === undefined) return `${name}, which does not exist`;
  const ready = conditionOf(other.status?.conditions, "Ready");
  const isSeen = (ready?.observedGeneration ?? 0) >= (other.metadata.generation ?? 0);
  const isSame = other.spec.url === sync.spec.url &&
    sameJson(other.spec.ref ?? {}, sync.spec.ref ?? {});
  if (isSame && other.status?.lastAppliedRevision !== text) {
    return `${name}, which has not applied it yet`;
  }
  if (ready?.status === "True" && isSeen) return undefined;
  return `${name}, which is not ready${ready === undefined ? "" : ` (${ready.reason})`}`;
}

/** The syncs that lead from one back to itself. */
function cycleOf(sync: MeshSync, syncOf: WaitFacts["syncOf"]): string | undefined {
  const start = keyText(keyOf(sync));
  const seen = new Set<string>();
  const visit = (current: MeshSync, path: readonly string[]): string | undefined => {
    for (const key of dependencyKeys(current)) {
      const text = keyText(key);
      if (text === start) return [...path, text].join(", ");
      if (seen.has(text)) continue;
      seen.add(text);
      const next = syncOf(key);
      const found = next === undefined ? undefined : visit(next, [...path, text]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return visit(sync, []);
}

function waiting(reason: SyncReason, message: string): ReadyState<SyncReason> {
  return { ready: false, reconciling: true, stalled: false, reason, message };
}

/** Longest that one sync goes by what another one of the same repository saw. */
const SHARED_MS_MAX = 5_000;
/** A sync that is younger was made for what its author just pushed. */
const NEW_MS = 60_000;
const INTERVAL_MS = 60_000;

/**
 * How old another sync's look at the same repository may be, in milliseconds: a part of the interval, for a look that time
 * alone brought about; 0 when somebody asked for this one (a new sync, a changed spec, an annotation, a webhook), as what
 * they know of may be newer.
 */
export function sharedLookMs(
  sync: MeshSync,
  { isDue, isFirst, nowMs }: {
    /** Milliseconds since 1970. */
    readonly nowMs: number;
    /** Whether this process has not looked yet. */
    readonly isFirst: boolean;
    /** Whether this look is due by time, and nobody asked for it. */
    readonly isDue: boolean;
  },
): number {
  const requested = sync.metadata.annotations?.[ANNOTATIONS.requestedAt];
  if (requested !== undefined && requested !== sync.status?.lastHandledReconcileAt) return 0;
  const isByTime = isFirst
    ? nowMs - Date.parse(sync.metadata.creationTimestamp ?? "") > NEW_MS
    : isDue;
  if (!isByTime) return 0;
  return Math.min(SHARED_MS_MAX, (durationMs(sync.spec.interval ?? "") ?? INTERVAL_MS) / 10);
}
