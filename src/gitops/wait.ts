import type { MeshSync } from "#api";
import { conditionOf, keyOf, keyText, type ObjectKey, sameJson, timestamp } from "#base";
import type { Verdict } from "#plan";
import type { GitOpsContext } from "./context.ts";
import { closedUntilMs } from "./window.ts";

/** Why a revision is not applied yet, although nothing is wrong with it. */
export interface Wait {
  readonly verdict: Verdict;
  /** When to look again; absent where a change of another MeshSync says so. */
  readonly untilMs?: number;
}

/** Whether a revision has to wait: for its window, or for the MeshSyncs that it depends on. */
export function waitOf(sync: MeshSync, text: string, ctx: GitOpsContext): Wait | undefined {
  const untilMs = closedUntilMs(sync.spec.windows ?? [], ctx.clock.now());
  if (untilMs !== undefined) {
    const until = Number.isFinite(untilMs) ? `until ${timestamp(untilMs)}` : "for a window";
    const message = `${text} waits ${until}: spec.windows keep it from being applied now`;
    const verdict = waiting("WaitingForWindow", message);
    return Number.isFinite(untilMs) ? { verdict, untilMs } : { verdict };
  }
  const cycle = cycleOf(sync, ctx);
  if (cycle !== undefined) {
    const message = `${text} can never be applied: ${cycle} depend on each other`;
    return {
      verdict: { ...waiting("DependencyCycle", message), reconciling: false, stalled: true },
    };
  }
  const missing = dependencyKeys(sync).map((key) => unreadiness(key, { sync, text, ctx }))
    .filter((words) => words !== undefined);
  if (missing.length === 0) return undefined;
  return { verdict: waiting("DependencyNotReady", `${text} waits for ${missing.join("; ")}`) };
}

/** Whether nothing that a MeshSync depends on keeps a revision waiting. */
export function isDependencyMet(sync: MeshSync, text: string, ctx: GitOpsContext): boolean {
  return dependencyKeys(sync).every((key) => unreadiness(key, { sync, text, ctx }) === undefined);
}

/** The MeshSyncs that one depends on. */
export function dependencyKeys(sync: MeshSync): ObjectKey[] {
  return (sync.spec.dependsOn ?? []).map(({ name, namespace }) => ({
    namespace: namespace || (sync.metadata.namespace ?? ""),
    name,
  }));
}

/** What is missing of a dependency; one that follows the same branch must have applied the same revision. */
function unreadiness(
  key: ObjectKey,
  { sync, text, ctx }: {
    readonly sync: MeshSync;
    readonly text: string;
    readonly ctx: GitOpsContext;
  },
): string | undefined {
  const name = `MeshSync ${keyText(key)}`;
  const other = ctx.syncs.get(key) as MeshSync | undefined;
  if (other === undefined) return `${name}, which does not exist`;
  const ready = conditionOf(other.status?.conditions, "Ready");
  const isSeen = (ready?.observedGeneration ?? 0) >= (other.metadata.generation ?? 0);
  const isSame = other.spec.url === sync.spec.url &&
    sameJson(other.spec.ref ?? {}, sync.spec.ref ?? {});
  if (isSame && other.status?.lastAppliedRevision !== text) {
    return `${name}, which has not applied it yet`;
  }
  if (ready?.status === "True" && isSeen) return undefined;
  return `${name}, which is not ready${ready === undefined ? "" : ` (${ready.reason})`}`;
}

/** The syncs that lead from one back to itself. */
function cycleOf(sync: MeshSync, ctx: GitOpsContext): string | undefined {
  const start = keyText(keyOf(sync));
  const seen = new Set<string>();
  const visit = (current: MeshSync, path: readonly string[]): string | undefined => {
    for (const key of dependencyKeys(current)) {
      const text = keyText(key);
      if (text === start) return [...path, text].join(", ");
      if (seen.has(text)) continue;
      seen.add(text);
      const next = ctx.syncs.get(key) as MeshSync | undefined;
      const found = next === undefined ? undefined : visit(next, [...path, text]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return visit(sync, []);
}

function waiting(reason: string, message: string): Verdict {
  return { ready: false, reconciling: true, stalled: false, reason, message };
}
