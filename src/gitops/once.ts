import { type MeshSync, resourceOf } from "#api";
import {
  conditionOf,
  errorText,
  isAbort,
  keyOf,
  keyText,
  type KubeObject,
  type ObjectKey,
} from "#base";
import { isForbidden } from "#kube";
import type { SyncContext } from "./context.ts";
import { retryDelayMs } from "./status.ts";
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

/** No delay between two tries is longer. */
const RETRY_MS_MAX = 30_000;

/**
 * Runs one MeshSync until it is healthy, until only a person can help, or until time is up: for cron and CI. What fails
 * without a status to say it (the write of the status, for one) is tried again, later and later, while there is time.
 *
 * @param ctx what the loop needs; the sync itself is read from the API server
 * @throws where a right is missing
 */
export async function syncOnce(
  key: ObjectKey,
  ctx: Omit<SyncContext, "isTransient" | "syncs">,
  options: { readonly timeoutMs: number },
): Promise<OnceReport> {
  const endMs = ctx.clock.monotonicMs() + options.timeoutMs;
  let failures = 0;
  while (true) {
    const { delayMs, isFinal, report, trouble } = await triedPass(key, ctx);
    const leftMs = endMs - ctx.clock.monotonicMs();
    if (isFinal || leftMs <= 0) return report;
    failures = trouble === undefined ? 0 : failures + 1;
    const waitMs = trouble === undefined
      ? Math.min(delayMs, POLL_MS)
      : retryDelayMs(failures, RETRY_MS_MAX, ctx.random());
    if (trouble !== undefined) {
      ctx.log.warn("A pass did not come to its end, and is tried again", {
        sync: keyText(key),
        error: trouble,
        retryMs: Math.round(waitMs),
      });
    }
    await ctx.clock.sleep(Math.max(0, Math.min(waitMs, leftMs)), ctx.signal);
  }
}

/** What came of one pass. */
interface OncePass {
  readonly report: OnceReport;
  /** Whether another pass would tell nothing else. */
  readonly isFinal: boolean;
  readonly delayMs: number;
  /** What ended it before a status could say so. */
  readonly trouble?: unknown;
}

/** One pass, whatever becomes of it. */
async function triedPass(
  key: ObjectKey,
  ctx: Omit<SyncContext, "isTransient" | "syncs">,
): Promise<OncePass> {
  try {
    return await pass(key, ctx);
  } catch (error) {
    // A right that is missing is not given while somebody waits for the end of a job.
    if (ctx.signal.aborted || isAbort(error, ctx.signal) || isForbidden(error)) throw error;
    const message = `Cannot bring MeshSync ${keyText(key)} to its end: ${errorText(error)}`;
    const report = failed("SyncFailed", message);
    return { report, isFinal: false, delayMs: POLL_MS, trouble: error };
  }
}

async function pass(
  key: ObjectKey,
  ctx: Omit<SyncContext, "isTransient" | "syncs">,
): Promise<OncePass> {
  const sync = await ctx.cluster.get(resourceOf("MeshSync"), key, ctx.signal);
  if (sync === undefined) {
    const report = failed("NotFound", `Cannot sync ${keyText(key)}: no such MeshSync`);
    return { report, isFinal: true, delayMs: 0 };
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
  return {
    report,
    isFinal: report.exit === 0 || isStalled || report.reason === "Suspended",
    delayMs: next.after === "delay" ? next.delayMs : POLL_MS,
  };
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
