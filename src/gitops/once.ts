import { type MeshSync, resourceOf } from "#api";
import { conditionOf, keyOf, keyText, type KubeObject, type ObjectKey } from "#base";
import type { SyncContext } from "./context.ts";
import { reconcileSync } from "./sync.ts";

/** How one run to convergence ended. */
export interface OnceReport {
  /** 0: applied and healthy; 1: not. */
  readonly exit: 0 | 1;
  readonly reason: string;
  /** In words, from the sync's status. */
  readonly message: string;
  readonly revision: string | undefined;
  /** Objects by what became of them. */
  readonly counts: Readonly<Record<string, number>>;
}

/** How long to wait between two looks. */
const POLL_MS = 1_000;

/**
 * Runs one MeshSync until it is healthy, until only a person can help, or until time is up: for cron and CI.
 *
 * @param ctx what the loop needs; the sync itself is read from the API server
 */
export async function syncOnce(
  key: ObjectKey,
  ctx: Omit<SyncContext, "isTransient" | "syncs">,
  options: { readonly timeoutMs: number },
): Promise<OnceReport> {
  const endMs = ctx.clock.monotonicMs() + options.timeoutMs;
  while (true) {
    const sync = await ctx.cluster.get(resourceOf("MeshSync"), key, ctx.signal);
    if (sync === undefined) {
      return failed("NotFound", `Cannot sync ${keyText(key)}: no such MeshSync`);
    }
    const list = async (signal: AbortSignal) =>
      await ctx.cluster.list(resourceOf("MeshSync"), { signal }) as MeshSync[];
    const syncs = { get: onlyOf(sync), list, synced: true };
    const next = await reconcileSync(key, { ...ctx, syncs, isTransient: true });
    const after = await ctx.cluster.get(resourceOf("MeshSync"), key, ctx.signal) as
      | MeshSync
      | undefined;
    const report = reportOf(after);
    const isStalled = conditionOf(after?.status?.conditions, "Stalled")?.status === "True";
    if (report.exit === 0 || isStalled || report.reason === "Suspended") return report;
    const leftMs = endMs - ctx.clock.monotonicMs();
    if (leftMs <= 0) return report;
    const delayMs = next.after === "delay" ? Math.min(next.delayMs, POLL_MS) : POLL_MS;
    await ctx.clock.sleep(Math.max(0, Math.min(delayMs, leftMs)), ctx.signal);
  }
}

/** A look-up that knows one sync. */
function onlyOf(sync: KubeObject): (key: ObjectKey) => KubeObject | undefined {
  return (key) => keyText(key) === keyText(keyOf(sync)) ? sync : undefined;
}

function reportOf(sync: MeshSync | undefined): OnceReport {
  const ready = conditionOf(sync?.status?.conditions, "Ready");
  if (ready === undefined) return failed("Unknown", "The MeshSync has no status");
  return {
    exit: ready.status === "True" && ready.reason !== "Suspended" ? 0 : 1,
    reason: ready.reason,
    message: ready.message,
    revision: sync?.status?.lastAttemptedRevision,
    counts: sync?.status?.counts ?? {},
  };
}

function failed(reason: string, message: string): OnceReport {
  return { exit: 1, reason, message, revision: undefined, counts: {} };
}
