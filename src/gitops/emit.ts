import type { MeshSync, NoticeEvent, Quarantine } from "#api";
import { conditionOf, idText, keyOf, keyText, type ObjectId, repositoryPlace } from "#base";
import type { Revision } from "#git";
import { type Notice, revisionCommit } from "#plan";
import type { Applied, ApplyReport } from "./apply/apply.ts";
import type { PruneReport } from "./apply/prune.ts";
import { type ContestedObject, driftLine, fightText } from "./contested.ts";
import { logName, type SyncContext } from "./context.ts";
import { changeCounts, changeLines, type ChangeList } from "./plan/revision.ts";
import { releaseText } from "./rollback.ts";

type EmitContext = Pick<SyncContext, "events" | "log" | "metrics" | "notices">;

const LOGGED_MAX = 50;
const FIELDS_SHOWN_MAX = 5;

/** What a revision made the loop do. */
export interface Work {
  readonly revision: Revision;
  readonly text: string;
  readonly applied: ApplyReport;
  readonly pruned: PruneReport;
}

/** Logs what a revision is about to change. */
export function emitPlan(
  sync: MeshSync,
  { list, revision }: { readonly revision: string; readonly list: ChangeList },
  ctx: EmitContext,
): void {
  ctx.log.info("Planned a revision", {
    sync: logName(sync),
    revision,
    ...changeCounts(list),
    changes: changeLines(list, LOGGED_MAX),
  });
}

/** Tells what a revision changed: an event on the sync, a notice and a log line, with who wrote the commit. */
export function emitWork(sync: MeshSync, work: Work, ctx: EmitContext): void {
  const { applied: { applied }, pruned, revision } = work;
  const changed = applied.filter(({ action }) => action !== "unchanged");
  if (changed.length > 0 || pruned.pruned.length > 0 || pruned.skipped.length > 0) {
    const count = (action: string) => changed.filter((change) => change.action === action).length;
    const words = [
      [count("created"), "created"],
      [count("configured"), "configured"],
      [applied.length - changed.length, "unchanged"],
      [pruned.pruned.length, "pruned"],
      [pruned.skipped.length, "left alone"],
    ].filter(([number]) => number !== 0).map((pair) => pair.join(" ")).join(", ");
    const message = `Applied ${work.text} (${revision.subject}, by ${revision.author}): ${words}`;
    ctx.events.record(sync, { type: "Normal", reason: "Applied", message });
    const { author, subject } = revision;
    const news = { event: "Applied", reason: "Applied", revision: work.text } as const;
    emitNotice(sync, { ...news, author, subject, message }, ctx);
    const logged = (ids: readonly ObjectId[]) => ids.slice(0, LOGGED_MAX).map(idText);
    ctx.log.info("Applied a revision", {
      sync: logName(sync),
      revision: work.text,
      changed: changed.slice(0, LOGGED_MAX).map(({ action, id }) => `${action} ${idText(id)}`),
      pruned: logged(pruned.pruned),
      skipped: logged(pruned.skipped),
    });
  }
  emitCorrections(sync, applied, ctx);
}

/** Tells whose changes were undone. */
export function emitCorrections(
  sync: MeshSync,
  applied: readonly Applied[],
  ctx: EmitContext,
): void {
  for (const { corrected, fight, id } of applied.filter(({ corrected }) => corrected.length > 0)) {
    if (fight !== undefined) {
      ctx.metrics.countDriftCorrected(id.kind);
      if (fight.isNew) emitFight(sync, { id, contest: fight.contest }, ctx);
      continue;
    }
    const fields = corrected.slice(0, FIELDS_SHOWN_MAX).join(", ");
    const message = `Corrected ${idText(id)}, which somebody changed: ${fields}`;
    ctx.metrics.countDriftCorrected(id.kind);
    ctx.events.record(sync, { type: "Warning", reason: "DriftCorrected", message });
    ctx.log.info("Corrected drift", {
      sync: logName(sync),
      object: idText(id),
      fields: corrected.slice(0, 20),
    });
  }
}

/** Tells, once, that somebody undoes again and again what Git says. */
function emitFight(sync: MeshSync, fight: ContestedObject, ctx: EmitContext): void {
  const message = `${fightText(fight, sync)}; that is put back less and less often`;
  ctx.metrics.countDriftFight(fight.id.kind);
  ctx.events.record(sync, { type: "Warning", reason: "Contested", message });
  ctx.log.warn("An object is contested", { sync: logName(sync), cause: message });
}

/** Remembers what changes of others were left, and tells those that are new. */
export function emitNewDrift(
  { applied, corrected, sync }: {
    readonly sync: MeshSync;
    readonly applied: ApplyReport;
    readonly corrected: ApplyReport;
  },
  ctx: EmitContext & Pick<SyncContext, "proofs">,
): void {
  const key = keyOf(sync);
  const isReported = (sync.spec.drift?.mode ?? "correct") === "report";
  const before = ctx.proofs.kept(key);
  for (const { id, kept } of [...applied.applied, ...corrected.applied]) {
    const paths = isReported ? kept : [];
    const known = before.find((drift) =>
      keyText(drift.id) === keyText(id) && drift.id.kind === id.kind
    );
    if (known === undefined && paths.length === 0) continue;
    ctx.proofs.setKept(key, { id, paths });
    const isTold = known === undefined
      ? sync.status?.drifted?.includes(driftLine({ id, paths })) === true
      : known.paths.join() === paths.join();
    if (paths.length > 0 && !isTold) emitKeptDrift(sync, { id, paths }, ctx);
  }
}

/** Tells that somebody changed an object and that this is left so. */
function emitKeptDrift(
  sync: MeshSync,
  { id, paths }: { readonly id: ObjectId; readonly paths: readonly string[] },
  ctx: EmitContext,
): void {
  const fields = paths.slice(0, FIELDS_SHOWN_MAX).join(", ");
  const message = `${idText(id)} differs from Git, left as drift.mode says: ${fields}`;
  ctx.events.record(sync, { type: "Warning", reason: "DriftDetected", message });
  const facts = { sync: logName(sync), object: idText(id), fields: paths.slice(0, 20) };
  ctx.log.info("Left drift", facts);
}

/** Reasons why nothing happens, as somebody wanted it. */
const CALM: readonly string[] = ["DependencyNotReady", "Suspended", "WaitingForWindow"];
/** Reasons of Ready that have a notice of their own, or none. */
const UNNOTICED: readonly string[] = ["Progressing", "Quarantined"];

/** Tells that a sync is in another state than before. Progress is no news: what was applied has its own event. */
export function emitState(before: MeshSync, after: MeshSync, ctx: EmitContext): void {
  const was = conditionOf(before.status?.conditions, "Ready");
  const is = conditionOf(after.status?.conditions, "Ready");
  if (is === undefined || is.reason === "Progressing") return;
  if (was?.reason === is.reason && was.message === is.message) return;
  const { message, reason } = is;
  const isCalm = is.status === "True" || CALM.includes(reason);
  ctx.events.record(after, { type: isCalm ? "Normal" : "Warning", reason, message });
  const isHealthy = is.status === "True" && reason === "Healthy";
  if (!UNNOTICED.includes(reason) && (!isCalm || isHealthy)) {
    const event = isHealthy ? "Healthy" : reason === "Unhealthy" ? "Unhealthy" : "Failed";
    const revision = after.status?.lastAttemptedRevision ?? "";
    emitNotice(after, { event, revision, reason, message }, ctx);
  }
  const facts = { sync: logName(after), reason, cause: message };
  if (isCalm) ctx.log.info("A sync is in order", facts);
  else ctx.log.warn("A sync is in trouble", facts);
}

/** Tells that what a revision changed goes back. */
export function emitRollback(
  sync: MeshSync,
  { message, revision }: { readonly message: string; readonly revision: string },
  ctx: EmitContext,
): void {
  ctx.metrics.countQuarantine();
  const reason = "Quarantined";
  emitNotice(sync, { event: "Quarantined", reason, revision, message }, ctx);
}

/** Tells that a quarantine ended, as Git says something else. */
export function emitRelease(sync: MeshSync, hold: Quarantine, ctx: EmitContext): void {
  const { revision } = hold;
  const message = releaseText(hold);
  ctx.events.record(sync, { type: "Normal", reason: "Released", message });
  emitNotice(sync, { event: "Released", reason: "Released", revision, message }, ctx);
}

/** Tells that a branch was rewritten. */
export function emitRewritten(
  sync: MeshSync,
  { messages, move }: { readonly messages: readonly string[]; readonly move: object },
  ctx: EmitContext,
): void {
  for (const message of messages) {
    ctx.events.record(sync, { type: "Warning", reason: "HistoryRewritten", message });
    ctx.log.warn("A branch was rewritten", { sync: logName(sync), ...move });
  }
}

/** Tells what keeps a deleted sync, or what it leaves behind. */
export function emitRemovalTrouble(
  sync: MeshSync,
  { message, reason }: { readonly reason: string; readonly message: string },
  ctx: EmitContext,
): void {
  ctx.events.record(sync, { type: "Warning", reason, message });
  const facts = { sync: logName(sync), reason, cause: message };
  ctx.log.warn("Cannot delete all of a deleted sync", facts);
}

/** What there is to tell those whom the MeshSync names in `spec.notify`. */
interface NoticeNews {
  readonly event: NoticeEvent;
  readonly revision: string;
  readonly reason: string;
  readonly message: string;
  /** Who wrote the commit, where the status does not know it yet. */
  readonly author?: string;
  readonly subject?: string;
}

function emitNotice(sync: MeshSync, news: NoticeNews, ctx: EmitContext): void {
  if ((sync.spec.notify ?? []).length === 0) return;
  const known = sync.status?.history?.find((entry) => entry.revision === news.revision);
  const { host, path } = repositoryPlace(sync.spec.url);
  const notice: Notice = {
    event: news.event,
    namespace: sync.metadata.namespace ?? "",
    sync: sync.metadata.name,
    revision: news.revision,
    commit: revisionCommit(news.revision) ?? "",
    subject: news.subject ?? known?.subject ?? "",
    author: news.author ?? known?.author ?? "",
    reason: news.reason,
    message: news.message,
    repository: host === "" ? "" : `${host}/${path}`,
    path: sync.spec.path ?? ".",
  };
  ctx.notices.tell(sync, notice);
}
