import type { Quarantine, Trial } from "#api";
import { contentHash } from "#base";

/** Entry keys of objects to the hash of what a revision says of them. */
export type Wanted = ReadonlyMap<string, string>;

/** What a revision wants of some objects, in one hash; that it does not hold one counts as well. */
export function wantedHash(objects: readonly string[], wanted: Wanted): string {
  return contentHash([...objects].sort().map((key) => [key, wanted.get(key) ?? ""]));
}

/**
 * Which holds go on with a revision, and which it ends: a newer commit that wants something else of any of the objects
 * ends the hold on all of them, as a fix may need what the bad commit brought along.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { quarantinesAfter, wantedHash } from "#plan";
 * const bad = new Map([["a", "bad"], ["b", "1"]]);
 * const hold = { revision: "bad", healthyRevision: "good", objects: ["a"], contentHash: wantedHash(["a"], bad),
 *   cause: "unhealthy", since: "2026-01-01T00:00:00Z" };
 * assertEquals(quarantinesAfter([hold], new Map([["a", "bad"], ["b", "2"]])).kept, [hold]);
 * assertEquals(quarantinesAfter([hold], new Map([["a", "fixed"]])).ended, [hold]);
 * ```
 */
export function quarantinesAfter(
  holds: readonly Quarantine[],
  wanted: Wanted,
): { readonly kept: readonly Quarantine[]; readonly ended: readonly Quarantine[] } {
  const isKept = (hold: Quarantine) => wantedHash(hold.objects, wanted) === hold.contentHash;
  return { kept: holds.filter(isKept), ended: holds.filter((hold) => !isKept(hold)) };
}

/** A revision that was just applied, for {@linkcode candidatesAfter}. */
export interface AppliedRevision {
  readonly revision: string;
  /** Entry keys of what it changed, created or deleted. */
  readonly changed: readonly string[];
  /** RFC 3339. */
  readonly now: string;
  /** What everything goes back to that is in no trial and in no hold that ended. */
  readonly healthyRevision: string;
  /** Holds that the revision ended: their objects still go back to where they went before. */
  readonly ended: readonly Quarantine[];
}

/**
 * The trials after a revision was applied. An object is in one trial: that of the revision that changed it last. It goes
 * back to where it was healthy last, which is older than the previous trial of an object that was changed again.
 */
export function candidatesAfter(before: readonly Trial[], applied: AppliedRevision): Trial[] {
  const changed = new Set(applied.changed);
  if (changed.size === 0) return [...before];
  const bases = new Map<string, string>();
  for (const { objects, healthyRevision } of [...applied.ended, ...before]) {
    for (const key of objects) bases.set(key, healthyRevision);
  }
  // A second try of the same revision does not give it more time.
  const since = before.find((trial) => trial.revision === applied.revision)?.since ?? applied.now;
  const others = before.map((trial) => ({
    ...trial,
    objects: trial.objects.filter((key) =>
      trial.revision === applied.revision || !changed.has(key)
    ),
  })).filter((trial) => trial.objects.length > 0);
  const known = new Set(
    others.filter((trial) => trial.revision === applied.revision).flatMap((trial) => trial.objects),
  );
  const fresh = [...changed].filter((key) => !known.has(key)).sort();
  const byBase = Map.groupBy(fresh, (key) => bases.get(key) ?? applied.healthyRevision);
  const { revision } = applied;
  return [
    ...others,
    ...[...byBase].sort(([a], [b]) => a < b ? -1 : 1).map((
      [healthyRevision, objects],
    ) => ({ revision, healthyRevision, objects, since })),
  ];
}

/** How things are when it is asked who is failed. */
export interface CandidateFacts {
  /** Entry keys of what is unhealthy. */
  readonly unhealthy: readonly string[];
  /** Entry keys of what went back already: it may still be on its way up, and that is nobody's fault. */
  readonly held: readonly string[];
  readonly nowMs: number;
  readonly timeoutMs: number;
}

/**
 * The trials of the revision that has to go back; empty while none has had its time, or nothing is unhealthy.
 *
 * A revision failed when something that it changed last is unhealthy after its time. When what is unhealthy was changed by no
 * revision on trial (a Function whose ConfigMap was changed), the oldest one that had its time goes back first.
 */
export function failedCandidates(trials: readonly Trial[], look: CandidateFacts): Trial[] {
  if (look.unhealthy.length === 0) return [];
  const late = trials.filter((trial) => Date.parse(trial.since) + look.timeoutMs <= look.nowMs)
    .sort((a, b) => Date.parse(a.since) - Date.parse(b.since));
  const unhealthy = new Set(look.unhealthy);
  const explained = new Set([...trials.flatMap((trial) => trial.objects), ...look.held]);
  const isUnexplained = look.unhealthy.some((key) => !explained.has(key));
  const failed = late.find((trial) => trial.objects.some((key) => unhealthy.has(key))) ??
    (isUnexplained ? late[0] : undefined);
  return failed === undefined ? [] : trials.filter((trial) => trial.revision === failed.revision);
}

/** How long until the next trial has had its time; undefined without any. */
export function candidateWaitMs(
  trials: readonly Trial[],
  { nowMs, timeoutMs }: { readonly nowMs: number; readonly timeoutMs: number },
): number | undefined {
  const waits = trials.map((trial) => Date.parse(trial.since) + timeoutMs - nowMs)
    .filter((waitMs) => waitMs > 0);
  return waits.length === 0 ? undefined : Math.min(...waits);
}

/**
 * The commit of a revision as a status holds it; undefined when the text is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { revisionCommit } from "#plan";
 * assertEquals(revisionCommit(`main@sha1:${"a".repeat(40)}`), "a".repeat(40));
 * assertEquals(revisionCommit("main"), undefined);
 * ```
 */
export function revisionCommit(revision: string): string | undefined {
  return /(?:^|@)sha(?:1|256):([0-9a-f]{40}|[0-9a-f]{64})$/.exec(revision)?.[1];
}
