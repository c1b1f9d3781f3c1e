import type { MeshSync, MeshSyncStatus, Quarantine, Trial } from "#api";
import { contentHash, idOf, type KubeObject, timestamp } from "#base";
import { belongsTo, type TargetObject } from "#manifests";
import {
  candidatesAfter,
  entryKey,
  failedCandidates,
  quarantinesAfter,
  resulted,
  revisionCommit,
  wantedHash,
} from "#plan";
import { unhealthyText } from "./health.ts";
import type { Health } from "./health_tally.ts";
import { healthTimeoutMs, rollsBack } from "./phase.ts";
import type { Proof } from "./proof_entry.ts";

const CAUSE_LENGTH_MAX = 500;

/**
 * How long a mesh that was ready may have ceased to be: it may come back by itself, and what its containers said last is
 * being read.
 */
const GRACE_MS = 10_000;

/** The quarantines that are in force. */
export function quarantinesOf(sync: MeshSync): readonly Quarantine[] {
  return rollsBack(sync) ? sync.status?.quarantined ?? [] : [];
}

/**
 * The revision that an object went back from; undefined where it is as Git says. Only the MeshSync that the object says it is
 * from counts: no other one has a say.
 */
export function quarantinedRevision(
  object: KubeObject,
  syncs: readonly MeshSync[],
): string | undefined {
  const sync = syncs.find((one) => belongsTo(one, object));
  const quarantines = sync === undefined ? [] : quarantinesOf(sync);
  if (quarantines.length === 0) return undefined;
  const key = entryKey(idOf(object));
  return quarantines.find(({ objects }) => objects.includes(key))?.revision;
}

/** Changes when quarantines begin or end: another content is to be applied then, of the same commit. */
export function quarantineKey(quarantines: readonly Quarantine[]): string {
  return quarantines.length === 0 ? "" : contentHash(quarantines);
}

/** A revision with what is in quarantine replaced by what was healthy. */
export interface Composition {
  readonly targets: readonly TargetObject[];
  /** Entry keys of what is in quarantine and cannot be read any longer: it stays as it is. */
  readonly frozen: ReadonlySet<string>;
  readonly kept: readonly Quarantine[];
  readonly ended: readonly Quarantine[];
}

/**
 * The objects of a revision as they are to be applied: those that a quarantined revision changed are taken from the
 * revision that was healthy, read from Git anew, until a commit wants something else of them.
 *
 * @param healthyTargets reads a healthy revision; undefined when it cannot be had any longer
 */
export async function composition(
  targets: readonly TargetObject[],
  sync: MeshSync,
  healthyTargets: (revision: string) => Promise<readonly TargetObject[] | undefined>,
): Promise<Composition> {
  const wanted = new Map(targets.map((target) => [entryKey(target.id), target.hash]));
  const { kept, ended } = quarantinesAfter(quarantinesOf(sync), wanted);
  const held = new Map(
    kept.flatMap((hold) => hold.objects.map((key) => [key, hold.healthyRevision])),
  );
  const free = targets.filter((target) => !held.has(entryKey(target.id)));
  const healthy: TargetObject[] = [];
  const frozen = new Set<string>();
  for (const revision of [...new Set(held.values())].sort()) {
    const good = await healthyTargets(revision);
    const keys = [...held].filter(([, of]) => of === revision).map(([key]) => key);
    if (good === undefined) keys.forEach((key) => frozen.add(key));
    healthy.push(...(good ?? []).filter((target) => keys.includes(entryKey(target.id))));
  }
  const isFrozen = (hold: Quarantine) => hold.objects.some((key) => frozen.has(key));
  return {
    targets: [...free, ...healthy],
    frozen,
    kept: kept.map(({ frozen: _before, ...hold }) =>
      isFrozen(hold) ? { ...hold, frozen: true } : hold
    ),
    ended,
  };
}

/** The commit of a healthy revision. @throws {Error} where it names none */
export function healthyCommit(revision: string): string {
  const commit = revisionCommit(revision);
  if (commit === undefined) throw new Error(`Cannot go back to ${revision}: it names no commit`);
  return commit;
}

/** What a revision changes, for its rollout. */
export interface RolloutChange {
  readonly revision: string;
  /** Entry keys of what it creates, changes or deletes, and not only puts right. */
  readonly changed: readonly string[];
  readonly composed: Pick<Composition, "ended" | "kept">;
}

/**
 * The rollouts that have yet to prove themselves, with a revision that changes something; members of the status, none where
 * nothing changes. Written before objects are, so that a program that dies in between still goes back.
 */
export function rolloutCandidates(
  sync: MeshSync,
  { changed, composed, revision }: RolloutChange,
  nowMs: number,
): Pick<MeshSyncStatus, "trials"> {
  const before = sync.status?.trials ?? [];
  const healthyRevision = sync.status?.lastHealthyRevision;
  if (!rollsBack(sync) || healthyRevision === undefined || healthyRevision === revision) {
    return before.length === 0 ? {} : { trials: [] };
  }
  const held = new Set(composed.kept.flatMap((hold) => hold.objects));
  const trials = candidatesAfter(before, {
    revision,
    changed: changed.filter((key) => !held.has(key)),
    now: timestamp(nowMs),
    healthyRevision,
    ended: composed.ended,
  });
  return trials.length === 0 && before.length === 0 ? {} : { trials };
}

/** A revision that goes back. */
export interface Rollback {
  /** Members of the status. */
  readonly news: Pick<MeshSyncStatus, "history" | "quarantined" | "trials">;
  readonly revision: string;
  readonly message: string;
}

/** What is known when it is asked whether a revision goes back. */
export interface RollbackFacts {
  readonly health: Health;
  readonly proofs: ReadonlyMap<string, Proof>;
  readonly nowMs: number;
  /** How long this process has watched a revision prove itself: what happened while nobody looked is no one's fault. */
  readonly watchedMs: (revision: string) => number;
}

/**
 * Whether a revision goes back, as its time is over and something that it changed is unhealthy. Never while something is
 * not known.
 *
 * @param sync with the newest candidates
 */
export function rollbackOf(sync: MeshSync, facts: RollbackFacts): Rollback | undefined {
  const { health, nowMs, proofs, watchedMs } = facts;
  const timeoutMs = healthTimeoutMs(sync);
  if (!rollsBack(sync)) return undefined;
  const trials = sync.status?.trials ?? [];
  // The wall clock may have been set, and the program may have been away: both say nothing about a revision.
  const watched = trials.map((trial) => {
    if (watchedMs(trial.revision) < timeoutMs) return { ...trial, since: timestamp(nowMs) };
    const isAhead = Date.parse(trial.since) > nowMs;
    return isAhead ? { ...trial, since: timestamp(nowMs - timeoutMs) } : trial;
  });
  // What comes and goes has not for ever.
  const graceMs = watched.some(({ since }) => Date.parse(since) + 2 * timeoutMs <= nowMs)
    ? 0
    : Math.min(GRACE_MS, timeoutMs / 4);
  const unhealthy = health.unhealthy.flatMap(({ key, sinceMs }) =>
    sinceMs <= nowMs && nowMs < sinceMs + graceMs ? [] : key
  );
  const held = quarantinesOf(sync).flatMap(({ objects }) => objects);
  const failed = failedCandidates(watched, { unhealthy, held, nowMs, timeoutMs });
  const [first] = failed;
  if (first === undefined || health.unknown.length > 0) return undefined;
  const { revision } = first;
  const cause = causeOf(failed, health).slice(0, CAUSE_LENGTH_MAX);
  const wanted = new Map([...proofs].map(([key, { hash }]) => [key, hash]));
  const now = timestamp(nowMs);
  const holds = failed.map(({ healthyRevision, objects }) => ({
    revision,
    healthyRevision,
    objects,
    contentHash: wantedHash(objects, wanted),
    cause,
    since: now,
  }));
  const count = holds.reduce((sum, hold) => sum + hold.objects.length, 0);
  return {
    revision,
    news: {
      quarantined: [...sync.status?.quarantined ?? [], ...holds],
      trials: trials.filter((trial) => trial.revision !== revision),
      history: resulted(sync.status?.history ?? [], { revision, result: "Quarantined", now }),
    },
    message: `Quarantined ${revision}: ${count} object${count === 1 ? "" : "s"} that it changed ` +
      `go${count === 1 ? "es" : ""} back to ${first.healthyRevision}: ${cause}`,
  };
}

/** What is unhealthy among the objects of the revision; what else is, where those are well. */
function causeOf(candidates: readonly Trial[], health: Health): string {
  const own = new Set(candidates.flatMap((trial) => trial.objects));
  const unhealthy = health.unhealthy.filter(({ key }) => own.has(key));
  return unhealthyText(unhealthy.length > 0 ? unhealthy : health.unhealthy);
}

/** What to say of a sync that is healthy, but not all of what Git says. */
export function quarantineText(quarantines: readonly Quarantine[]): string {
  return quarantines.map((hold) => {
    const objects = hold.objects.join(", ");
    const cause = `since ${hold.revision} was not healthy (${hold.cause})`;
    return hold.frozen === true
      ? `${objects} left as it is: ${hold.healthyRevision} cannot be read any longer, ${cause}`
      : `${objects} as in ${hold.healthyRevision}, ${cause}`;
  }).join("; ").slice(0, 2 * CAUSE_LENGTH_MAX);
}

/** What ended a quarantine, in words. */
export function releaseText({ objects, revision }: Quarantine): string {
  return `A newer commit changes ${objects.join(", ")}: what ${revision} did is not held back ` +
    "any longer";
}
