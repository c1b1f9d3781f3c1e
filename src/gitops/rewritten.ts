import type { MeshSync } from "#api";
import { errorText, isAbort, keyOf } from "#base";
import type { ResolvedRef } from "#git";
import type { GitOpsContext } from "./context.ts";
import type { BranchMove, SyncState } from "./memory.ts";
import { revisionParts, rewrittenNote } from "./notes.ts";
import { remoteOf } from "./remote.ts";
import { writeStatus } from "./report.ts";
import { logName } from "./step.ts";

/** Notes that a branch leads to another commit than what was applied of it. */
export function withMove(state: SyncState, sync: MeshSync, resolved: ResolvedRef): SyncState {
  const { moved, ...rest } = state;
  const { name, commit } = revisionParts(sync.status?.lastAppliedRevision);
  const { ref } = sync.spec;
  if (ref?.tag || ref?.semver || ref?.commit || name !== resolved.name) return rest;
  // What nobody found out yet is still asked about.
  const from = moved?.name === name ? moved?.from : commit;
  if (from === undefined || name === undefined || from === resolved.commit) return rest;
  return { ...rest, moved: { name, from, to: resolved.commit } };
}

/**
 * Finds out whether the branch moved to a descendant of what was applied before, and says so where it did not: history was
 * rewritten (a force-push). Where that cannot be told in a bounded time, nothing is said.
 */
export async function tellRewritten(sync: MeshSync, ctx: GitOpsContext): Promise<void> {
  const { moved, ...state } = ctx.memory.state(keyOf(sync));
  if (moved === undefined) return;
  ctx.memory.setState(keyOf(sync), state);
  const isDescendant = await descendant(moved, sync, ctx);
  ctx.log.debug("Looked whether a branch was rewritten", {
    sync: logName(sync),
    ...moved,
    isDescendant: isDescendant ?? "unknown",
  });
  if (isDescendant !== false) return;
  const note = rewrittenNote(moved.name, moved);
  ctx.events.record(sync, { type: "Warning", reason: "HistoryRewritten", message: note });
  ctx.log.warn("A branch was rewritten", { sync: logName(sync), ...moved });
  const { conditions = [], ...status } = sync.status ?? {};
  const notes = [note, ...status.notes ?? []];
  await writeStatus(sync, { ...status, conditions, notes }, ctx);
}

async function descendant(
  { from, to }: BranchMove,
  sync: MeshSync,
  ctx: GitOpsContext,
): Promise<boolean | undefined> {
  try {
    const remote = await remoteOf(sync, ctx);
    const call = { commit: to, ancestor: from, signal: ctx.signal };
    return await ctx.git.descends(remote, call);
  } catch (error) {
    if (isAbort(error, ctx.signal) || ctx.signal.aborted) throw error;
    const facts = { sync: logName(sync), error: errorText(error) };
    ctx.log.debug("Cannot find out whether a branch was rewritten", facts);
    return undefined;
  }
}
