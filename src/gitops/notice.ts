import type { MeshSync, NoticeEvent } from "#api";
import { conditionOf } from "#base";
import { type Notice, repositoryPlace, revisionCommit } from "#plan";
import type { GitOpsContext } from "./context.ts";
import type { Work } from "./step.ts";

/** What there is to tell. */
interface News {
  readonly event: NoticeEvent;
  readonly revision: string;
  readonly reason: string;
  readonly message: string;
  /** Who wrote the commit, where the status does not know it yet. */
  readonly author?: string;
  readonly subject?: string;
}

/** Tells those whom the MeshSync names in `spec.notify`. */
export function tellNotice(sync: MeshSync, news: News, ctx: GitOpsContext): void {
  if (ctx.notices === undefined || (sync.spec.notify ?? []).length === 0) return;
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

/** Tells that a revision was applied. */
export function noticeWork(sync: MeshSync, work: Work, facts: {
  readonly message: string;
  readonly ctx: GitOpsContext;
}): void {
  const { author, subject } = work.revision;
  const { message, ctx } = facts;
  const news = {
    event: "Applied",
    reason: "Applied",
    revision: work.text,
    author,
    subject,
  } as const;
  tellNotice(sync, { ...news, message }, ctx);
}

/** Reasons of Ready that have a notice of their own, or none. */
const QUIET: readonly string[] = ["Progressing", "Quarantined"];

/** Tells the state of a sync, where it is news. */
export function noticeState(
  sync: MeshSync,
  ctx: GitOpsContext,
  { isCalm }: { readonly isCalm: boolean },
): void {
  const is = conditionOf(sync.status?.conditions, "Ready");
  if (is === undefined || QUIET.includes(is.reason)) return;
  const isHealthy = is.status === "True" && is.reason === "Healthy";
  if (isCalm && !isHealthy) return;
  const event = isHealthy ? "Healthy" : is.reason === "Unhealthy" ? "Unhealthy" : "Failed";
  const revision = sync.status?.lastAttemptedRevision ?? "";
  tellNotice(sync, { event, revision, reason: is.reason, message: is.message }, ctx);
}
