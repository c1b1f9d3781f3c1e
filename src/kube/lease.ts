import { type Clock, isPlainObject, type KubeObject, type ObjectKey } from "#base";
import { type Logger, silentLogger } from "#telemetry";
import { isAlreadyExists, isConflict } from "./api_error.ts";
import type { ClusterClient } from "./cluster.ts";
import type { ResourceType } from "./resource_type.ts";

/** Leases, the way leaders are elected in Kubernetes. */
export const LEASE_TYPE: ResourceType = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
};

/** Which lease, who wants it, and its times: those of the reference when left out. */
export interface LeaseOptions {
  readonly cluster: ClusterClient;
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
  readonly log?: Logger;
  readonly signal: AbortSignal;
}

/** The lease as last seen, and when it was seen to change, by our own clock: clocks of others are not trusted. */
interface Sighting {
  readonly record: string;
  readonly seenMs: number;
}

/**
 * Waits until it leads, then does the work for as long as it does.
 *
 * # Guarantees
 * The signal that the work gets aborts before another process can lead. At shutdown the lease is given back, so that
 * a successor need not wait (the reference lets it wait up to 15 s).
 *
 * @returns `ended` when the signal aborted or the work was done, `lost` when the lease could not be renewed: the
 *   caller should end the process, as the reference does with exit code 1
 */
export async function runAsLeader(
  options: LeaseOptions,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<"ended" | "lost"> {
  const lease = new LeaseHolder(options);
  if (!await lease.acquire()) return "ended";
  const leading = new AbortController();
  const over = new AbortController();
  const stop = () => leading.abort(options.signal.reason);
  options.signal.addEventListener("abort", stop, { once: true });
  if (options.signal.aborted) stop();
  let lost = false;
  const renewals = lease.renewUntil(over.signal).then((result) => {
    lost = result === "lost";
    if (lost) {
      leading.abort(new Error(`Cannot keep Lease ${options.key.name}: not renewed in time`));
    }
  });
  try {
    await work(leading.signal);
  } catch (error) {
    // Work that ends with its signal ends in order.
    if (!leading.signal.aborted) throw error;
  } finally {
    options.signal.removeEventListener("abort", stop);
    over.abort();
    await renewals;
    if (!lost) await lease.release();
  }
  return lost ? "lost" : "ended";
}

class LeaseHolder {
  readonly #options: LeaseOptions;
  readonly #log: Logger;
  #sighting: Sighting | undefined;
  #held: KubeObject | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#log = (options.log ?? silentLogger).with({ lease: options.key.name });
  }

  get #durationMs(): number {
    return this.#options.durationMs ?? 15_000;
  }

  get #retryMs(): number {
    return this.#options.retryMs ?? 2_000;
  }

  /** Whether the lease was got before the signal aborted. */
  async acquire(): Promise<boolean> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      try {
        if (await this.#tryAcquire(signal)) {
          this.#log.info("Leading", { identity: this.#options.identity });
          return true;
        }
      } catch (error) {
        if (signal.aborted) return false;
        this.#log.warn("Cannot look at the lease", { error });
      }
      if (!await this.#pause(signal)) return false;
    }
    return false;
  }

  /** Renews until told to stop, or until it has not worked for too long. */
  async renewUntil(signal: AbortSignal): Promise<"stopped" | "lost"> {
    const { clock, renewDeadlineMs = 10_000 } = this.#options;
    let renewedMs = clock.now();
    while (await this.#pause(signal)) {
      const triedMs = clock.now();
      const leftMs = renewDeadlineMs - (triedMs - renewedMs);
      if (leftMs > 0 && await this.#tryRenew(leftMs, signal)) renewedMs = triedMs;
      if (signal.aborted) return "stopped";
      if (this.#held === undefined || clock.now() - renewedMs >= renewDeadlineMs) {
        this.#log.error("Lost the lease", { identity: this.#options.identity });
        return "lost";
      }
    }
    return "stopped";
  }

  /** Gives the lease back, if it is still ours. */
  async release(): Promise<void> {
    if (this.#held === undefined) return;
    try {
      await this.#write(this.#held, {
        holderIdentity: "",
        leaseDurationSeconds: 1,
        renewTime: microTime(this.#options.clock.now()),
      });
      this.#log.info("Gave the lease back");
    } catch (error) {
      // It runs out by itself.
      this.#log.warn("Cannot give the lease back", { error });
    }
    this.#held = undefined;
  }

  async #tryAcquire(signal: AbortSignal): Promise<boolean> {
    const { cluster, key, identity, clock } = this.#options;
    const now = clock.now();
    const live = await cluster.get(LEASE_TYPE, key, signal);
    const spec = isPlainObject(live?.spec) ? live.spec : {};
    const taken = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.round(this.#durationMs / 1000)),
      acquireTime: microTime(now),
      renewTime: microTime(now),
    };
    if (live === undefined) return await this.#create(taken, signal);
    const holder = typeof spec["holderIdentity"] === "string" ? spec["holderIdentity"] : "";
    if (holder !== "" && holder !== identity && !this.#isExpired(spec, now)) return false;
    const transitions = Number(spec["leaseTransitions"] ?? 0) + (holder === identity ? 0 : 1);
    return await this.#replace(live, { ...taken, leaseTransitions: transitions }, signal);
  }

  #isExpired(spec: Record<string, unknown>, now: number): boolean {
    const record = JSON.stringify([spec["holderIdentity"], spec["renewTime"], spec["acquireTime"]]);
    if (this.#sighting?.record !== record) this.#sighting = { record, seenMs: now };
    const seconds = Number(spec["leaseDurationSeconds"] ?? this.#durationMs / 1000);
    return now - this.#sighting.seenMs >= seconds * 1000;
  }

  async #create(spec: LeaseSpec, signal: AbortSignal): Promise<boolean> {
    const { cluster, key, identity } = this.#options;
    try {
      this.#held = await cluster.create(
        { ...LEASE_TYPE_HEAD, metadata: key, spec: { ...spec, leaseTransitions: 0 } },
        { fieldManager: identity.slice(0, 128), signal },
      );
      return true;
    } catch (error) {
      if (isAlreadyExists(error)) return false;
      throw error;
    }
  }

  async #replace(live: KubeObject, spec: LeaseSpec, signal: AbortSignal): Promise<boolean> {
    try {
      this.#held = await this.#write(live, spec, signal);
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
  }

  async #tryRenew(leftMs: number, signal: AbortSignal): Promise<boolean> {
    const held = this.#held;
    if (held === undefined) return false;
    const over = new AbortController();
    const limit = AbortSignal.any([signal, over.signal]);
    const timer = setTimeout(() => over.abort(), leftMs);
    try {
      this.#held = await this.#write(
        held,
        { renewTime: microTime(this.#options.clock.now()) },
        limit,
      );
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      this.#log.warn("Cannot renew the lease", { error });
      // Somebody wrote to it: either still ours (then its new version is what to renew), or not.
      if (isConflict(error)) await this.#lookAgain(limit);
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  async #lookAgain(signal: AbortSignal): Promise<void> {
    const { cluster, key, identity } = this.#options;
    try {
      const live = await cluster.get(LEASE_TYPE, key, signal);
      const holder = isPlainObject(live?.spec) ? live.spec["holderIdentity"] : undefined;
      this.#held = holder === identity ? live : undefined;
    } catch (error) {
      if (!signal.aborted) this.#log.warn("Cannot look at the lease", { error });
    }
  }

  /** Writes only if nobody else did since `seen`: a merge patch that names the version is refused with 409 otherwise. */
  #write(seen: KubeObject, spec: Partial<LeaseSpec>, signal?: AbortSignal): Promise<KubeObject> {
    const { cluster, key, identity } = this.#options;
    return cluster.patch(
      { ...LEASE_TYPE_HEAD, ...key },
      { metadata: { resourceVersion: seen.metadata.resourceVersion ?? "" }, spec: { ...spec } },
      { fieldManager: identity.slice(0, 128), ...(signal === undefined ? {} : { signal }) },
    );
  }

  async #pause(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.clock.sleep(this.#retryMs, signal);
      return !signal.aborted;
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
  }
}

const LEASE_TYPE_HEAD = { apiVersion: LEASE_TYPE.apiVersion, kind: LEASE_TYPE.kind };

type LeaseSpec = {
  holderIdentity: string;
  leaseDurationSeconds: number;
  renewTime: string;
  acquireTime?: string;
  leaseTransitions?: number;
};

/** A `MicroTime`: Kubernetes wants all six digits. */
function microTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace("Z", "000Z");
}
