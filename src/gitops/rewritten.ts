import type { MeshSync, RefMove } from "#api";
import { errorText, isAbort } from "#base";
import type { GitOpsContext } from "./context.ts";
import { writeStatus } from "./report.ts";
import { remoteOf } from "./source/remote.ts";
import { judgedMove, moveNotes, sourceNotes } from "./source/revision.ts";
import { logName } from "./step.ts";

/**
 * Finds out whether the branch moved to a descendant of what was applied before, and says so where it did not: history was
 * rewritten (a force-push). Where that cannot be told in a bounded time, nothing is said.
 */
export async function tellRewritten(sync: MeshSync, ctx: GitOpsContext): Promise<void> {
  const { moved, ...rest } = sync.status?.source ?? {};
  if (moved?.type !== "branch" || moved.isRewritten !== undefined) return;
  const isDescendant = await descendant(moved, sync, ctx);
  const judged = judgedMove(moved, isDescendant);
  ctx.log.debug("Looked whether a branch was rewritten", {
    sync: logName(sync),
    ...moved,
    isDescendant: isDescendant ?? "unknown",
  });
  const source = judged === undefined ? rest : { ...rest, moved: judged };
  for (const message of judged === undefined ? [] : moveNotes(judged)) {
    ctx.events.record(sync, { type: "Warning", reason: "HistoryRewritten", message });
    ctx.log.warn("A branch was rewritten", { sync: logName(sync), ...moved });
  }
  const { conditions = [], ...status } = sync.status ?? {};
  await writeStatus(sync, { ...status, conditions, source, notes: sourceNotes(source) }, ctx);
}

async function descendant(
  { from, to }: RefMove,
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
