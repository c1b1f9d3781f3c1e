import { isAbort } from "#base";
import { Leadership } from "./leadership.ts";
import { LeaseHolder, type LeaseOptions } from "./lease_holder.ts";
import { ShardPeers } from "./shard_peers.ts";

/**
 * Waits until it leads, then does the work for as long as it does.
 *
 * # Guarantees
 * - The signal that the work gets aborts before another process can lead; so does `leadership`, which counts from when
 *   the last renewal was sent, and needs no timer to be over.
 * - At shutdown the lease is given back when the work has ended, so that a successor need not wait (the reference lets
 *   it wait up to 15 s).
 * - Whatever the clock of the day does, here or elsewhere, no lease is lost or kept by it.
 *
 * @returns `ended` when the signal aborted or the work was done, `lost` when the lease could not be renewed: the
 *   caller should end the process, as the reference does with exit code 1
 */
export async function runAsLeader(
  options: LeaseOptions,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<"ended" | "lost"> {
  const { leadership = new Leadership(options.clock), signal } = options;
  // Only a lease that says so has it ask others.
  const peers = options.peers ?? new ShardPeers({ ...options, count: 1 });
  const lease = new LeaseHolder({ ...options, peers }, leadership);
  if (!await lease.acquire()) {
    await lease.release();
    return "ended";
  }
  return await workWhileHeld(lease, { leadership, signal }, work);
}

/** Does the work for as long as a lease that was got is held; see {@linkcode runAsLeader}. */
export async function workWhileHeld(
  lease: LeaseHolder,
  { leadership, signal }: { readonly leadership: Leadership; readonly signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<void>,
): Promise<"ended" | "lost"> {
  const leading = new AbortController();
  const stop = () => leading.abort(signal.reason);
  const lose = () => leading.abort(leadership.signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  leadership.signal.addEventListener("abort", lose, { once: true });
  if (signal.aborted) stop();
  const over = new AbortController();
  const renewals = lease.renewUntil(over.signal);
  let isLost = false;
  try {
    await work(leading.signal);
  } catch (error) {
    // Work that ends with its signal ends in order.
    if (!leading.signal.aborted) throw error;
    if (!isAbort(error, leading.signal)) lease.log.warn("Work ended with an error", { error });
  } finally {
    signal.removeEventListener("abort", stop);
    leadership.signal.removeEventListener("abort", lose);
    over.abort();
    await renewals;
    isLost = leadership.leftMs === 0;
    // Nothing is written any longer, whoever still tries.
    leadership.end("the work is done");
    if (!isLost) await lease.release();
  }
  return isLost ? "lost" : "ended";
}
