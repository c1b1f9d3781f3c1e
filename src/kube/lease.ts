import {
  type Clock,
  deadline,
  isAbort,
  isPlainObject,
  type KubeObject,
  type ObjectKey,
  pause,
} from "#base";
import { type Logger, silentLogger } from "#telemetry";
import { isAlreadyExists, isConflict, isNotFound } from "./api_error.ts";
import type { ClusterClient } from "./cluster.ts";
import { Leadership } from "./leadership.ts";
import type { ResourceType } from "./resource_type.ts";
import { grownDelayMs } from "./retry.ts";

/** Leases, the way leaders are elected in Kubernetes. */
export const LEASE_TYPE: ResourceType = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
};

/** Which lease, who wants it, and its times: those of the reference when left out. */
export interface LeaseOptions {
  /** Without a fence: it is the lease that makes a leader. */
  readonly cluster: Pick<ClusterClient, "get" | "create" | "patch">;
  /** The reference's lease is called `a3f45fce.functionmesh.io`. */
  readonly key: ObjectKey;
  /** Unlike that of any other process: `<hostname>_<uuid>`. */
  readonly identity: string;
  readonly clock: Clock;
  /** How long others wait after the last renewal; 15 s. */
  readonly durationMs?: number;
  /** How long the leader goes on without being able to renew; 10 s. Less than the duration, so that two never lead. */
  readonly renewDeadlineMs?: number;
  /** How often the leader renews and others look; 2 s. */
  readonly retryMs?: number;
  /** Told how long this process leads: the fence of what only the leader writes. */
  readonly leadership?: Leadership;
  /** Between 0 and 1; `Math.random` when left out. */
  readonly random?: () => number;
  readonly log?: Logger;
  readonly signal: AbortSignal;
}

/**
 * The lease as last seen, and when that answer came, by our own monotonic clock: clocks of others are not trusted, nor
 * is our own one of the day.
 */
interface Sighting {
  readonly record: string;
  readonly seenMs: number;
}

/** How often a write is tried when others come between: somebody's label, or our own renewal that nobody waited for. */
const WRITE_TRIES_MAX = 3;
/** An end must not wait for a server that is away: the lease runs out by itself. */
const RELEASE_LIMIT_MS = 5_000;

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
  const lease = new LeaseHolder(options, leadership);
  if (!await lease.acquire()) {
    await lease.release();
    return "ended";
  }
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

class LeaseHolder {
  readonly log: Logger;
  readonly #options: LeaseOptions;
  readonly #leadership: Leadership;
  readonly #durationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryMs: number;
  #sighting: Sighting | undefined;
  /** As written or seen last. */
  #held: KubeObject | undefined;
  /** A write that makes it ours was sent, whatever came of it. */
  #isWanted = false;

  constructor(options: LeaseOptions, leadership: Leadership) {
    const { durationMs = 15_000, renewDeadlineMs = 10_000, retryMs = 2_000 } = options;
    if (!(renewDeadlineMs < durationMs)) {
      throw new RangeError(
        `Cannot lead for ${renewDeadlineMs} ms without renewing: the lease lasts ${durationMs} ms`,
      );
    }
    this.#options = options;
    this.#leadership = leadership;
    this.#durationMs = durationMs;
    this.#renewDeadlineMs = renewDeadlineMs;
    this.#retryMs = retryMs;
    this.log = (options.log ?? silentLogger).with({ lease: options.key.name });
  }

  /** Whether the lease was got before the signal aborted. */
  async acquire(): Promise<boolean> {
    const { signal, identity } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const isHeld = await this.#tryAcquire(signal);
        failures = 0;
        if (isHeld) {
          if (this.#leadership.leftMs > 0) {
            this.log.info("Leading", { identity });
            return true;
          }
          this.log.warn("Cannot lead: the answer came after the time to renew", { identity });
        }
      } catch (error) {
        if (signal.aborted) return false;
        failures++;
        this.log.warn("Cannot look at the lease", { error, failures });
      }
      if (!await this.#pause(this.#acquireDelayMs(failures), signal)) return false;
    }
    return false;
  }

  /** Who fails waits longer and longer, but not much longer than the lease lasts: somebody has to lead. */
  #acquireDelayMs(failures: number): number {
    const { random = Math.random } = this.#options;
    if (failures === 0) return this.#retryMs;
    const growth = { failures, firstMs: this.#retryMs, maxMs: this.#durationMs };
    return grownDelayMs({ ...growth, random: random() });
  }

  /** Renews until told to stop, or until it has not worked for too long; then the leadership is over. */
  async renewUntil(signal: AbortSignal): Promise<void> {
    const leadership = this.#leadership;
    while (await this.#pause(Math.min(this.#retryMs, leadership.leftMs), signal)) {
      if (leadership.leftMs > 0) await this.#tryRenew(signal);
      if (signal.aborted) return;
      if (this.#held === undefined) leadership.end("somebody else holds the lease, or removed it");
      if (leadership.leftMs > 0) continue;
      leadership.end("the lease was not renewed in time");
      const { identity } = this.#options;
      this.log.error("Lost the lease", { identity, error: leadership.signal.reason });
      return;
    }
  }

  /** Gives the lease back, if it is still ours. */
  async release(): Promise<void> {
    if (!this.#isWanted) return;
    using limit = deadline(RELEASE_LIMIT_MS, { clock: this.#options.clock });
    try {
      for (let tries = 1; tries <= WRITE_TRIES_MAX; tries++) {
        if (await this.#tryRelease(limit.signal)) return;
      }
      this.log.warn("Cannot give the lease back: somebody goes on writing to it");
    } catch (error) {
      // It runs out by itself.
      this.log.warn("Cannot give the lease back", { error });
    }
  }

  /** False when somebody wrote to it meanwhile: perhaps our own last renewal, whose answer nobody waited for. */
  async #tryRelease(signal: AbortSignal): Promise<boolean> {
    const held = this.#held ?? await this.#ownLease(signal);
    this.#held = undefined;
    if (held === undefined) return true;
    const renewTime = microTime(this.#options.clock.now());
    const released = { holderIdentity: "", leaseDurationSeconds: 1, renewTime };
    try {
      await this.#write(held, released, signal);
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
    this.log.info("Gave the lease back");
    return true;
  }

  async #tryAcquire(signal: AbortSignal): Promise<boolean> {
    const { cluster, key, identity, clock } = this.#options;
    const askedMs = clock.monotonicMs();
    const live = await cluster.get(LEASE_TYPE, key, signal);
    const spec = isPlainObject(live?.spec) ? live.spec : {};
    const holder = typeof spec["holderIdentity"] === "string" ? spec["holderIdentity"] : "";
    if (holder !== "" && holder !== identity && !this.#isExpired(spec, askedMs)) return false;
    const time = microTime(clock.now());
    const known = Number(spec["leaseTransitions"] ?? -1);
    const taken = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.ceil(this.#durationMs / 1000)),
      acquireTime: time,
      renewTime: time,
      leaseTransitions: holder === identity ? known : known + 1,
    };
    try {
      await this.#hold(() =>
        live === undefined ? this.#create(taken, signal) : this.#write(live, taken, signal)
      );
      return true;
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) return false;
      throw error;
    }
  }

  /** Whether nothing was renewed for as long as the lease lasts: from the end of one look to the begin of another. */
  #isExpired(spec: Record<string, unknown>, askedMs: number): boolean {
    const record = JSON.stringify([spec["holderIdentity"], spec["renewTime"], spec["acquireTime"]]);
    if (this.#sighting?.record !== record) {
      this.#sighting = { record, seenMs: this.#options.clock.monotonicMs() };
    }
    const seconds = Number(spec["leaseDurationSeconds"]);
    const lastsMs = seconds > 0 ? seconds * 1000 : this.#durationMs;
    return askedMs - this.#sighting.seenMs >= lastsMs;
  }

  /** Sends a write that makes the lease ours, or keeps it so: that counts from when it was sent. */
  async #hold(write: () => Promise<KubeObject>): Promise<void> {
    const sentMs = this.#options.clock.monotonicMs();
    this.#isWanted = true;
    this.#held = await write();
    this.#leadership.extend(sentMs + this.#renewDeadlineMs);
  }

  async #tryRenew(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    using limit = deadline(this.#leadership.leftMs, { clock, signal });
    try {
      for (let tries = 1; tries <= WRITE_TRIES_MAX; tries++) {
        if (await this.#renewed(limit.signal)) return;
        // Somebody wrote to it: either still ours (then its new version is what to renew), or not.
        this.#held = await this.#ownLease(limit.signal);
      }
      this.log.warn("Cannot renew the lease: somebody goes on writing to it");
    } catch (error) {
      if (!signal.aborted) this.log.warn("Cannot renew the lease", { error });
    }
  }

  /** False when the lease is not as it was seen last. */
  async #renewed(signal: AbortSignal): Promise<boolean> {
    const held = this.#held;
    // Not ours any longer: there is nothing to renew.
    if (held === undefined) return true;
    try {
      const renewTime = microTime(this.#options.clock.now());
      await this.#hold(() => this.#write(held, { renewTime }, signal));
      return true;
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return false;
      throw error;
    }
  }

  /** The lease as it is now, if it is ours. */
  async #ownLease(signal: AbortSignal): Promise<KubeObject | undefined> {
    const { cluster, key, identity } = this.#options;
    const live = await cluster.get(LEASE_TYPE, key, signal);
    const holder = isPlainObject(live?.spec) ? live.spec["holderIdentity"] : undefined;
    return holder === identity ? live : undefined;
  }

  #create(spec: LeaseSpec, signal: AbortSignal): Promise<KubeObject> {
    const { cluster, key } = this.#options;
    const lease = { ...LEASE_TYPE_HEAD, metadata: key, spec };
    return cluster.create(lease, { fieldManager: this.#fieldManager, signal });
  }

  /** Writes only if nobody else did since `seen`: a merge patch that names the version is refused with 409 otherwise. */
  #write(seen: KubeObject, spec: Partial<LeaseSpec>, signal: AbortSignal): Promise<KubeObject> {
    const { cluster, key } = this.#options;
    return cluster.patch(
      { ...LEASE_TYPE_HEAD, ...key },
      { metadata: { resourceVersion: seen.metadata.resourceVersion ?? "" }, spec: { ...spec } },
      // On a connection that is dead, one try must leave time for another one.
      { fieldManager: this.#fieldManager, deadlineMs: this.#renewDeadlineMs / 2, signal },
    );
  }

  get #fieldManager(): string {
    return this.#options.identity.slice(0, 128);
  }

  async #pause(delayMs: number, signal: AbortSignal): Promise<boolean> {
    await pause(delayMs, { clock: this.#options.clock, signal });
    return !signal.aborted;
  }
}

const LEASE_TYPE_HEAD = { apiVersion: LEASE_TYPE.apiVersion, kind: LEASE_TYPE.kind };

type LeaseSpec = {
  holderIdentity: string;
  leaseDurationSeconds: number;
  renewTime: string;
  acquireTime: string;
  leaseTransitions: number;
};

/** A `MicroTime`: Kubernetes wants all six digits. */
function microTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace("Z", "000Z");
}
