import type { MeshSync, MeshSyncStatus } from "#api";
import { conditionOf, idOf, idText } from "#base";
import { isNotFound } from "#kube";
import { statusPatch } from "#plan";
import type { Change } from "./apply.ts";
import type { GitOpsContext } from "./context.ts";
import { noticeState, noticeWork } from "./notice.ts";
import type { Work } from "./step.ts";

/** The field manager of status writes. */
const STATUS_MANAGER = "meshwright-status";

/** Writes a status if it differs, and answers the sync as it is then. */
export async function writeStatus(
  sync: MeshSync,
  status: MeshSyncStatus,
  ctx: GitOpsContext,
): Promise<MeshSync> {
  const patch = statusPatch(sync.status, status);
  if (patch === undefined) return sync;
  try {
    const written = await ctx.cluster.patch(idOf(sync), patch, {
      fieldManager: STATUS_MANAGER,
      subresource: "status",
      signal: ctx.signal,
    });
    ctx.syncs.observe?.(written);
    const key = { namespace: sync.metadata.namespace ?? "", name: sync.metadata.name };
    ctx.memory.setState(key, { ...ctx.memory.state(key), written });
    return written as MeshSync;
  } catch (error) {
    // Deleted while we were at work: the watch says so next.
    if (isNotFound(error)) return sync;
    throw error;
  }
}

/** Tells what a revision changed: an event on the sync and a log line, with who wrote the commit. */
export function tellWork(sync: MeshSync, work: Work, ctx: GitOpsContext): void {
  const { applied, pruned, revision } = work;
  const changed = applied.changes.filter((change) => change.action !== "unchanged");
  if (changed.length > 0 || pruned.pruned.length > 0 || pruned.skipped.length > 0) {
    const count = (action: string) => changed.filter((change) => change.action === action).length;
    const words = [
      [count("created"), "created"],
      [count("configured"), "configured"],
      [applied.changes.length - changed.length, "unchanged"],
      [pruned.pruned.length, "pruned"],
      [pruned.skipped.length, "left alone"],
    ].filter(([number]) => number !== 0).map((pair) => pair.join(" ")).join(", ");
    const message = `Applied ${work.text} (${revision.subject}, by ${revision.author}): ${words}`;
    ctx.events.record(sync, { type: "Normal", reason: "Applied", message });
    noticeWork(sync, work, { message, ctx });
    ctx.log.info("Applied a revision", {
      sync: idText(idOf(sync)),
      revision: work.text,
      changed: changed.slice(0, 50).map((change) => `${change.action} ${idText(change.id)}`),
      pruned: pruned.pruned.slice(0, 50).map(idText),
      skipped: pruned.skipped.slice(0, 50).map(idText),
    });
  }
  applied.changes.forEach((change) => tellCorrection(sync, change, ctx));
}

const FIELDS_SHOWN_MAX = 5;

/** Notes, and tells where it is wanted, that somebody changed an object and that this is left so. */
export function tellLeft(sync: MeshSync, change: Change, ctx: GitOpsContext): void {
  const mode = sync.spec.drift?.mode ?? "correct";
  const key = { namespace: sync.metadata.namespace ?? "", name: sync.metadata.name };
  const paths = mode === "report" ? change.left : [];
  const known = ctx.memory.left(key).find((drift) => idText(drift.id) === idText(change.id));
  ctx.memory.setLeft(key, { id: change.id, paths });
  if (paths.length === 0 || known?.paths.join() === paths.join()) return;
  const fields = paths.slice(0, FIELDS_SHOWN_MAX).join(", ");
  const message = `${idText(change.id)} differs from Git, left as drift.mode says: ${fields}`;
  ctx.events.record(sync, { type: "Warning", reason: "DriftDetected", message });
  ctx.log.info("Left drift", {
    sync: idText(idOf(sync)),
    object: idText(change.id),
    fields: paths.slice(0, 20),
  });
}

/** Tells that somebody's change was undone. */
export function tellCorrection(sync: MeshSync, change: Change, ctx: GitOpsContext): void {
  if (change.corrected.length === 0) return;
  const fields = change.corrected.slice(0, FIELDS_SHOWN_MAX).join(", ");
  const message = `Corrected ${idText(change.id)}, which somebody changed: ${fields}`;
  ctx.metrics.countDriftCorrected(change.id.kind);
  ctx.events.record(sync, { type: "Warning", reason: "DriftCorrected", message });
  ctx.log.info("Corrected drift", {
    sync: idText(idOf(sync)),
    object: idText(change.id),
    fields: change.corrected.slice(0, 20),
  });
}

/** Reasons why nothing happens, as somebody wanted it. */
const CALM: readonly string[] = ["DependencyNotReady", "Suspended", "WaitingForWindow"];

/** Tells that a sync is in another state than before. Progress is no news: what was applied has its own event. */
export function tellState(before: MeshSync, after: MeshSync, ctx: GitOpsContext): void {
  const was = conditionOf(before.status?.conditions, "Ready");
  const is = conditionOf(after.status?.conditions, "Ready");
  if (is === undefined || is.reason === "Progressing") return;
  if (was?.reason === is.reason && was.message === is.message) return;
  const isCalm = is.status === "True" || CALM.includes(is.reason);
  ctx.events.record(after, {
    type: isCalm ? "Normal" : "Warning",
    reason: is.reason,
    message: is.message,
  });
  noticeState(after, ctx, { isCalm });
  const facts = { sync: idText(idOf(after)), reason: is.reason, cause: is.message };
  if (isCalm) ctx.log.info("A sync is in order", facts);
  else ctx.log.warn("A sync is in trouble", facts);
}
