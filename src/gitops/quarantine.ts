import { durationMs, type MeshSync, type Quarantine, type Trial } from "#api";
import { contentHash, timestamp } from "#base";
import {
  entryKey,
  guiltyTrials,
  judgedHolds,
  resulted,
  revisionCommit,
  trialsAfter,
  wantedHash,
} from "#plan";
import type { GitOpsContext } from "./context.ts";
import { type Health, sickText } from "./health.ts";
import { tellNotice } from "./notice.ts";
import type { TargetObject } from "./manifests/target.ts";
import { type Found, readRevision } from "./revision.ts";
import type { StatusNews } from "./status.ts";
import type { Step, Work } from "./step.ts";

const HEALTH_TIMEOUT_MS = 300_000;
const CAUSE_LENGTH_MAX = 500;

/** How long a revision may take to become healthy. */
export function healthTimeoutMs(sync: MeshSync): number {
  const { healthTimeout, timeout } = sync.spec;
  return durationMs(healthTimeout ?? timeout ?? "") ?? HEALTH_TIMEOUT_MS;
}

/** How long meshes have to stay ready where a revision goes back otherwise. */
const SETTLE_TIME_MS = 30_000;

/**
 * How long meshes have to have been ready before a revision is healthy. A function that cannot load its class runs for
 * seconds before it fails, and Kubernetes calls it ready meanwhile. Never more than half of the time that there is.
 */
export function settleTimeMs(sync: MeshSync): number {
  const asked = durationMs(sync.spec.settleTime ?? "") ?? (rollsBack(sync) ? SETTLE_TIME_MS : 0);
  return Math.min(asked, healthTimeoutMs(sync) / 2);
}

function rollsBack(sync: MeshSync): boolean {
  return sync.spec.onUnhealthy === "rollback";
}

/** The holds that are in force. */
export function holdsOf(sync: MeshSync): readonly Quarantine[] {
  return rollsBack(sync) ? sync.status?.quarantined ?? [] : [];
}

/** Changes when holds begin or end: another content is to be applied then, of the same commit. */
export function holdsKey(holds: readonly Quarantine[]): string {
  return holds.length === 0 ? "" : contentHash(holds);
}

/** A revision with what is held replaced by what was healthy. */
export interface Composed {
  readonly objects: readonly TargetObject[];
  readonly kept: readonly Quarantine[];
  readonly ended: readonly Quarantine[];
  readonly news: StatusNews;
}

/**
 * The objects of a revision as they are to be applied: those that a quarantined revision changed are taken from the
 * revision that was healthy, read from Git anew, until a commit wants something else of them.
 *
 * @throws when the healthy revision cannot be read any longer
 */
export async function withHolds(
  objects: readonly TargetObject[],
  found: Found,
  step: Step,
): Promise<Composed> {
  const { sync } = step;
  const wanted = new Map(objects.map((object) => [entryKey(object.id), object.hash]));
  const { kept, ended } = judgedHolds(holdsOf(sync), wanted);
  const isChanged = kept.length !== (sync.status?.quarantined ?? []).length;
  ended.forEach((hold) => tellEnd(hold, step));
  const news = isChanged ? { quarantined: [...kept] } : {};
  const held = new Map(
    kept.flatMap((hold) => hold.objects.map((key) => [key, hold.healthyRevision])),
  );
  const free = objects.filter((object) => !held.has(entryKey(object.id)));
  const healthy: TargetObject[] = [];
  for (const revision of [...new Set(held.values())].sort()) {
    const good = await healthyObjects(revision, found, step);
    healthy.push(...good.filter((object) => held.get(entryKey(object.id)) === revision));
  }
  return { objects: [...free, ...healthy], kept, ended, news };
}

function tellEnd({ revision, objects }: Quarantine, { sync, ctx }: Step): void {
  const message =
    `A newer commit changes ${objects.join(", ")}: what ${revision} did is not held ` +
    "back any longer";
  ctx.events.record(sync, { type: "Normal", reason: "Released", message });
  tellNotice(sync, { event: "Released", reason: "Released", revision, message }, ctx);
}

async function healthyObjects(revision: string, found: Found, step: Step): Promise<TargetObject[]> {
  const { ctx, sync } = step;
  const cannot = `Cannot go back to ${revision}`;
  const commit = revisionCommit(revision);
  if (commit === undefined) throw new Error(`${cannot}: it names no commit`);
  const path = sync.spec.path || ".";
  const fetched = await ctx.git.fetchRevision(found.remote, { commit, name: "commit" }, {
    path,
    signal: ctx.signal,
  });
  if (fetched.tree === undefined) throw new Error(`${cannot}: it has no folder ${path}`);
  const read = await readRevision({ ...found, revision: fetched }, step);
  const [problem] = read.problems;
  if (problem !== undefined) {
    throw new Error(`${cannot}: ${problem.file}:${problem.line}: ${problem.message}`);
  }
  return read.objects;
}

/** The trials after a revision was applied, wholly or in part. */
export function trialNews(work: Work, composed: Composed, step: Step): StatusNews {
  const { ctx, sync } = step;
  const before = sync.status?.trials ?? [];
  const healthyRevision = sync.status?.lastHealthyRevision;
  if (!rollsBack(sync) || healthyRevision === undefined || healthyRevision === work.text) {
    return before.length === 0 ? {} : { trials: [] };
  }
  const held = new Set(composed.kept.flatMap((hold) => hold.objects));
  const { applied, pruned } = work;
  // What only undid somebody's edit is no doing of this revision.
  const changes = applied.changes.filter((change) =>
    change.action !== "unchanged" && change.corrected.length === 0
  );
  const changed = [...changes.map((change) => change.id), ...pruned.pruned].map(entryKey)
    .filter((key) => !held.has(key));
  const trials = trialsAfter(before, {
    revision: work.text,
    changed,
    now: timestamp(ctx.clock.now()),
    healthyRevision,
    ended: composed.ended,
  });
  return trials.length === 0 && before.length === 0 ? {} : { trials };
}

/** A revision that goes back, for status and events. */
export interface GoingBack {
  readonly news: StatusNews;
  readonly revision: string;
  readonly message: string;
}

/**
 * Whether a revision has to go back, as its time is over and something that it changed is sick.
 *
 * @param sync with the newest trials
 */
export function goingBack(
  sync: MeshSync,
  health: Health,
  ctx: Pick<GitOpsContext, "clock" | "memory">,
): GoingBack | undefined {
  if (!rollsBack(sync)) return undefined;
  const trials = sync.status?.trials ?? [];
  const nowMs = ctx.clock.now();
  const sick = health.sick.map(({ key }) => key);
  const held = holdsOf(sync).flatMap(({ objects }) => objects);
  const guilty = guiltyTrials(trials, { sick, held, nowMs, timeoutMs: healthTimeoutMs(sync) });
  const [first] = guilty;
  if (first === undefined) return undefined;
  const { revision } = first;
  const cause = causeOf(guilty, health).slice(0, CAUSE_LENGTH_MAX);
  const applied = ctx.memory.applied({
    namespace: sync.metadata.namespace ?? "",
    name: sync.metadata.name,
  });
  const wanted = new Map([...applied].map(([key, object]) => [key, object.hash]));
  const now = timestamp(nowMs);
  const holds = guilty.map(({ healthyRevision, objects }) => ({
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

/** What is sick among the objects of the revision; what else is sick, where those are well. */
function causeOf(guilty: readonly Trial[], health: Health): string {
  const own = new Set(guilty.flatMap((trial) => trial.objects));
  const sick = health.sick.filter(({ key }) => own.has(key));
  return sickText(sick.length > 0 ? sick : health.sick);
}

/** What to say of a sync that is healthy, but not all of what Git says. */
export function quarantineText(holds: readonly Quarantine[]): string {
  return holds.map((hold) =>
    `${
      hold.objects.join(", ")
    } as in ${hold.healthyRevision}, since ${hold.revision} was not healthy (${hold.cause})`
  ).join("; ").slice(0, 2 * CAUSE_LENGTH_MAX);
}
