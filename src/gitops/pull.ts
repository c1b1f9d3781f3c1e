import { durationMs, type MeshSync } from "#api";
import { errorText, isAbort, keyOf } from "#base";
import type { GitSource, Remote, ResolvedRef } from "#git";
import type { GitOpsContext } from "./context.ts";
import type { SyncState } from "./memory.ts";
import { settledKey } from "./revision_key.ts";
import { readInputs, remoteOf } from "./source/remote.ts";
import { refOf } from "./source/revision.ts";
import { sharedLookMs } from "./source/schedule.ts";
import { logName } from "./step.ts";
import { type Pulled, take, withoutTrouble } from "./take.ts";
import type { Turn } from "./turns.ts";

export type { Pulled } from "./take.ts";

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
    const inputs = await readInputs(sync, ctx);
    const call = { signal: ctx.signal };
    const maxAgeMs = sharedLookMs(sync, {
      nowMs: startMs,
      isFirst: before.lookedFor === undefined,
      nextLookAtMs: before.nextLookAtMs,
    });
    const resolved = await ctx.git.resolveRef(remote, refOf(sync), { ...call, maxAgeMs });
    const seen = seenState(before, resolved, ctx);
    ctx.memory.setState(keyOf(sync), seen);
    if (seen.settledKey === settledKey(resolved, sync, inputs)) {
      result = "unchanged";
      ctx.metrics.countSync("unchanged");
      return { state: withoutTrouble(seen), news: {}, sync };
    }
    const state = seen;
    const path = sync.spec.path || ".";
    // Before the turn: a remote may hang here, too.
    const revision = await ctx.git.fetchRevision(remote, resolved, { ...call, path });
    result = "changed";
    ctx.metrics.observeSyncPhase("fetch", (ctx.clock.now() - startMs) / 1000);
    const found = { remote, revision, inputs, lastLookAtMs: before.lastLookAtMs };
    const bring = async (own: GitOpsContext) => {
      const isSuperseded = newerLook(remote, resolved, { sync, ctx: own });
      return { ...await take(found, { sync, ctx: own, state, isSuperseded }), fetched: revision };
    };
    if (ctx.turns === undefined) return await bring(ctx);
    return await ctx.turns.take(
      (turn) => bring({ ...ctx, git: lentGit(ctx.git, turn, ctx.signal) }),
      ctx.signal,
    );
  } finally {
    ctx.metrics.observeGitFetch(result, (ctx.clock.now() - startMs) / 1000);
  }
}

/** Git for somebody who has a turn, which others get while a remote does not answer. */
function lentGit(git: GitSource, turn: Turn, signal: AbortSignal): GitSource {
  return {
    ...git,
    resolveRef: (...args) => turn.lend(() => git.resolveRef(...args), signal),
    fetchRevision: (...args) => turn.lend(() => git.fetchRevision(...args), signal),
    readFiles: (...args) => turn.lend(() => git.readFiles(...args), signal),
    verifySigner: (...args) => turn.lend(() => git.verifySigner(...args), signal),
  };
}

function seenState(before: SyncState, resolved: ResolvedRef, ctx: GitOpsContext): SyncState {
  if (before.measuredFromMs !== undefined && before.commit !== resolved.commit) {
    // The one in progress never became healthy: its time would only tell about the newer one.
    ctx.metrics.countSync("superseded");
  }
  return { ...before, commit: resolved.commit, lastLookAtMs: ctx.clock.now() };
}

const INTERVAL_MS = 60_000;

/** Whether a newer commit or another spec came since: asks the remote no more often than the sync's interval. */
function newerLook(
  remote: Remote,
  resolved: ResolvedRef,
  { sync, ctx }: { readonly sync: MeshSync; readonly ctx: GitOpsContext },
): () => Promise<boolean> {
  const intervalMs = durationMs(sync.spec.interval ?? "") ?? INTERVAL_MS;
  let lookedAtMs = ctx.clock.now();
  return async () => {
    const current = ctx.syncs.get(keyOf(sync));
    if ((current?.metadata.generation ?? 0) > (sync.metadata.generation ?? 0)) return true;
    if (ctx.clock.now() - lookedAtMs < intervalMs) return false;
    lookedAtMs = ctx.clock.now();
    try {
      const newer = await ctx.git.resolveRef(remote, refOf(sync), { signal: ctx.signal });
      return newer.commit !== resolved.commit;
    } catch (error) {
      if (isAbort(error, ctx.signal)) throw error;
      // The revision is at hand: a remote that is away now does not keep it from being applied.
      const facts = { sync: logName(sync), error: errorText(error) };
      ctx.log.warn("Cannot look for a newer commit", facts);
      return false;
    }
  };
}
