import type { MeshSync } from "#api";
import type { Revision } from "#git";
import type { ApplyReport } from "./apply.ts";
import type { GitOpsContext } from "./context.ts";
import type { SyncState } from "./memory.ts";
import type { PruneReport } from "./prune.ts";

/** What the parts of one pull share. */
export interface Step {
  readonly sync: MeshSync;
  readonly ctx: GitOpsContext;
  readonly state: SyncState;
}

/** What a revision made the loop do. */
export interface Work {
  readonly revision: Revision;
  readonly text: string;
  readonly applied: ApplyReport;
  readonly pruned: PruneReport;
}

/** Whether anything was changed, or left alone although Git no longer holds it. */
export function isNews(work: Work): boolean {
  return work.pruned.pruned.length > 0 || work.pruned.skipped.length > 0 ||
    work.applied.changes.some((change) => change.action !== "unchanged");
}

/** How log lines name a sync. */
export function logName(sync: MeshSync): string {
  return `${sync.metadata.namespace ?? ""}/${sync.metadata.name}`;
}
