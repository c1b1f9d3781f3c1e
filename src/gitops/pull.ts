import { type MeshSync } from "#api";
import { contentHash, keyOf } from "#base";
import type { ResolvedRef, Revision } from "#git";
import type { Verdict } from "#plan";
import type { GitOpsContext } from "./context.ts";
import { execute, type Executed } from "./execute.ts";
import type { SyncState } from "./memory.ts";
import { holdsKey, holdsOf, trialNews, withHolds } from "./quarantine.ts";
import { remoteOf } from "./remote.ts";
import { type Found, readRevision } from "./revision.ts";
import type { StatusNews } from "./status.ts";
import { isNews, logName, type Step, type Work } from "./step.ts";
import { emptyVerdict, heldVerdict } from "./trouble.ts";

/** What a pull found out. */
export interface Pulled {
  readonly state: SyncState;
  readonly news: StatusNews;
  /** The sync as it was written last. */
  readonly sync: MeshSync;
  /** What was applied and deleted; absent when nothing had to be looked at. */
  readonly work?: Work;
  /** The commit that was fetched; absent when nothing had to be. */
  readonly fetched?: Revision;
}

/** The part of a spec that changes what is applied, and what is held of it. */
function specKey(sync: MeshSync): string {
  const { url, path, prune: prunes, targetNamespace } = sync.spec;
  return contentHash({ url, path, prunes, targetNamespace, holds: holdsKey(holdsOf(sync)) });
}

/** A revision in words: `main@sha1:3fa1c2…`, as Flux writes it. */
export function revisionText(revision: { readonly commit: string; readonly name: string }): string {
  const digest = `${revision.commit.length === 64 ? "sha256" : "sha1"}:${revision.commit}`;
  return revision.name === "commit" ? digest : `${revision.name}@${digest}`;
}

/**
 * Looks at the remote and, if there is something new, applies it: resolve, fetch, read, validate, apply, prune.
 *
 * # Guarantees
 * An unchanged remote costs one `ls-remote`. Nothing is applied before everything was read and found valid; nothing is
 * deleted unless everything was applied.
 *
 * @throws what Git or the API server answered, for the caller to put into words
 */
export async function pull(sync: MeshSync, ctx: GitOpsContext): Promise<Pulled> {
  const before = ctx.memory.state(keyOf(sync));
  const startMs = ctx.clock.now();
  let result: "changed" | "unchanged" | "failed" = "failed";
  try {
    const remote = await remoteOf(sync, ctx);
    const call = { signal: ctx.signal };
    const resolved = await ctx.git.resolveRef(remote, refOf(sync), call);
    const state = seenState(before, resolved, ctx);
    ctx.memory.setState(keyOf(sync), state);
    if (state.settledKey === settledKey(resolved, sync)) {
      result = "unchanged";
      ctx.metrics.countSync("unchanged");
      return { state: withoutTrouble(state), news: {}, sync };
    }
    const path = sync.spec.path || ".";
    const revision = await ctx.git.fetchRevision(remote, resolved, { ...call, path });
    result = "changed";
    ctx.metrics.observeSyncPhase("fetch", (ctx.clock.now() - startMs) / 1000);
    const taken = await take({ remote, revision, lastLookAtMs: before.lastLookAtMs }, {
      sync,
      ctx,
      state,
    });
    return { ...taken, fetched: revision };
  } finally {
    ctx.metrics.observeGitFetch(result, (ctx.clock.now() - startMs) / 1000);
  }
}

function refOf(sync: MeshSync) {
  const given = Object.entries(sync.spec.ref ?? {}).filter(([, value]) => value);
  return Object.fromEntries(given);
}

function settledKey(resolved: ResolvedRef, sync: MeshSync): string {
  return `${resolved.commit} ${resolved.name} ${specKey(sync)}`;
}

function seenState(before: SyncState, resolved: ResolvedRef, ctx: GitOpsContext): SyncState {
  if (before.measuredFromMs !== undefined && before.commit !== resolved.commit) {
    // The one in progress never became healthy: its time would only tell about the newer one.
    ctx.metrics.countSync("superseded");
  }
  return { ...before, commit: resolved.commit, lastLookAtMs: ctx.clock.now() };
}

function withoutTrouble(state: SyncState): SyncState {
  const { trouble: _trouble, ...rest } = state;
  return { ...rest, failures: 0 };
}

/** Takes a new commit in. */
async function take(found: Found, step: Step): Promise<Pulled> {
  const { revision } = found;
  const { sync, ctx, state } = step;
  const text = revisionText(revision);
  const settled: SyncState = { ...withoutTrouble(state), settledKey: settledKey(revision, sync) };
  const news: StatusNews = { lastAttemptedRevision: text };
  const held = (verdict: Verdict): Pulled => {
    ctx.metrics.countSync("held");
    ctx.log.warn("Held a revision back", {
      sync: logName(sync),
      revision: text,
      reason: verdict.reason,
    });
    return { state: { ...settled, held: verdict }, news, sync };
  };
  const path = sync.spec.path || ".";
  if (revision.tree === undefined) return held(emptyVerdict(text, path, true));
  const appliedKey = `${revision.tree} ${specKey(sync)}`;
  if (state.appliedKey === appliedKey) {
    const { held: _held, ...rest } = settled;
    ctx.metrics.countSync("unchanged");
    return { state: rest, news: { ...news, lastAppliedRevision: text }, sync };
  }
  const read = await readRevision(found, step);
  if (read.problems.length > 0) return held(heldVerdict(text, read.problems));
  if (read.objects.length === 0) return held(emptyVerdict(text, path, false));
  const { appliedKey: _key, settledKey: _settled, held: _refused, ...open } = settled;
  // From here on the cluster holds neither the old content nor, until it is done, the new one.
  ctx.memory.setState(keyOf(sync), open);
  const composed = await withHolds(read.objects, found, step);
  const executed = await execute(composed.objects, { ...step, text, revision });
  const trials = trialNews(executed.work, composed, { ...step, sync: executed.sync });
  const result = { ...executed, news: { ...composed.news, ...trials, ...executed.news } };
  if (result.trouble !== undefined) {
    ctx.metrics.countSync("failed");
    const failed = { ...open, failures: state.failures + 1, trouble: result.trouble };
    return { ...result, state: failed, news: { ...news, ...result.news } };
  }
  ctx.metrics.countSync("success");
  const { held: _held, ...done } = settled;
  const judged = { ...sync, status: { ...sync.status, quarantined: composed.kept } };
  const applied: SyncState = {
    ...done,
    settledKey: settledKey(revision, judged),
    appliedKey: `${revision.tree} ${specKey(judged)}`,
    appliedAtMs: appliedAtMs(result, ctx),
    ...(isNews(result.work) ? { measuredFromMs: commitSinceMs(found, ctx) } : {}),
  };
  return { ...result, state: applied, news: { ...news, ...result.news } };
}

/** A program that restarts finds everything applied: time counts from when it was. */
function appliedAtMs(result: Executed, ctx: GitOpsContext): number {
  const recorded = Date.parse(result.sync.status?.lastAppliedTime ?? "");
  return isNews(result.work) || Number.isNaN(recorded) ? ctx.clock.now() : recorded;
}

/**
 * Since when a commit can have been on the remote: not before it was made, and not before the last look that did not show
 * it. A first look knows nothing, so it counts from now.
 */
function commitSinceMs(found: Found, ctx: GitOpsContext): number {
  const nowMs = ctx.clock.now();
  if (found.lastLookAtMs === undefined) return nowMs;
  return Math.min(nowMs, Math.max(found.lastLookAtMs, found.revision.committedAtMs));
}
