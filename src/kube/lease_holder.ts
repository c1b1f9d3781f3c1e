import {
  type Clock,
  deadline,
  isPlainObject,
  type JsonObject,
  type KubeObject,
  type ObjectKey,
  pause,
} from "#base";
import { type Logger, silentLogger } from "#telemetry";
import { isAlreadyExists, isConflict, isNotFound } from "./api_error.ts";
import type { ClusterClient } from "./cluster.ts";
import type { Leadership } from "./leadership.ts";
import { holderMarks, leaseRecord, LeaseSight, type Wish } from "./lease_record.ts";
import { Leases } from "./leases.ts";
import { grownDelayMs } from "./retry.ts";

/** All replicas that share the work, or did so: whoever leads anything has to agree with them into how many shards it is divided. */
export interface LeasePeers {
  /** Into how many shards this process divides the work; with 1 they are asked only where a lease says that others did. */
  readonly count: number;
  /** Whether nobody leads who divides the work otherwise; has those know who do not divide it that they are to ask, too. */
  agree(signal: AbortSignal): Promise<boolean>;
}

/** The times of the reference. */
export const LEASE_TIMES = { durationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 } as const;

/** Which lease, who wants it, and its times: {@linkcode LEASE_TIMES} when left out. */
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
  /** Asked where replicas share the work, or did so. */
  readonly peers?: LeasePeers;
  /** Whether this is the shard that is the first choice of this process. */
  readonly isAtHome?: boolean;
  /** How the lease was seen before now. */
  readonly sight?: LeaseSight;
  /** Between 0 and 1; `Math.random` when left out. */
  readonly random?: () => number;
  readonly log?: Logger;
  readonly signal: AbortSignal;
}

/** How often a write is tried when others come between: somebody's label, or our own renewal that nobody waited for. */
const WRITE_TRIES_MAX = 3;
/** An end must not wait for a server that is away: the lease runs out by itself. */
const RELEASE_LIMIT_MS = 5_000;

/** One lease, and what one process does to it. */
export class LeaseHolder {
  readonly log: Logger;
  readonly #options: LeaseOptions;
  readonly #leadership: Leadership;
  readonly #durationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryMs: number;
  readonly #sight: LeaseSight;
  readonly #leases: Leases;
  /** As written or seen last. */
  #held: KubeObject | undefined;
  /** A write that makes it ours was sent, whatever came of it. */
  #isWanted = false;

  constructor(options: LeaseOptions, leadership: Leadership) {
    const { durationMs, renewDeadlineMs, retryMs } = { ...LEASE_TIMES, ...options };
    if (!(renewDeadlineMs < durationMs)) {
      throw new RangeError(
        `Cannot lead for ${renewDeadlineMs} ms without renewing: the lease lasts ${durationMs} ms`,
      );
    }
    this.#options = options;
    this.#leadership = leadership;
    this.#leases = new Leases(options);
    this.#durationMs = durationMs;
    this.#renewDeadlineMs = renewDeadlineMs;
    this.#retryMs = retryMs;
    this.#sight = options.sight ?? new LeaseSight(options.clock, durationMs);
    this.log = (options.log ?? silentLogger).with({ lease: options.key.name });
  }

  /** Who wants to lead in its place, as the last renewal was answered. */
  get wish(): Wish | undefined {
    return leaseRecord(this.#held).wish;
  }

  /** Whether the lease was got before the signal aborted. */
  async acquire(): Promise<boolean> {
    const { signal } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (await this.tryAcquire(signal)) return true;
        failures = 0;
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
      await this.#write(held, released, { signal });
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
    this.log.info("Gave the lease back");
    return true;
  }

  /**
   * Takes the lease, if nobody holds it. Who shares the work asks the others before, so that it disturbs nobody, and once
   * more after: of two who do not agree, the one that wrote later sees the other.
   */
  async tryAcquire(signal: AbortSignal): Promise<boolean> {
    const { key, identity, clock, peers } = this.#options;
    const isSharing = peers !== undefined && peers.count > 1;
    if (isSharing && !await peers.agree(signal)) return false;
    const askedMs = clock.monotonicMs();
    const live = await this.#leases.get(key, signal);
    const { holder, isMarked } = leaseRecord(live);
    const isOthers = holder !== "" && holder !== identity;
    if (isOthers && !this.#sight.isExpired(live, askedMs)) return false;
    const asked = isSharing || isMarked ? peers : undefined;
    if (!isSharing && asked !== undefined && !await asked.agree(signal)) return false;
    if (!await this.#take(live, { asked, signal })) return false;
    if (asked !== undefined && !await asked.agree(signal)) {
      await this.release();
      return false;
    }
    if (this.#leadership.leftMs > 0) {
      this.log.info("Leading", { identity });
      return true;
    }
    this.log.warn("Cannot lead: the answer came after the time to renew", { identity });
    return false;
  }

  /** False when somebody else was faster. */
  async #take(
    live: KubeObject | undefined,
    { asked, signal }: { readonly asked: LeasePeers | undefined; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const { clock, identity, isAtHome = false } = this.#options;
    const spec = isPlainObject(live?.spec) ? live.spec : {};
    const time = microTime(clock.now());
    const known = Number(spec["leaseTransitions"] ?? -1);
    const taken = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.ceil(this.#durationMs / 1000)),
      acquireTime: time,
      renewTime: time,
      leaseTransitions: spec["holderIdentity"] === identity ? known : known + 1,
    };
    const marks = asked === undefined ? {} : holderMarks({ count: asked.count, isAtHome });
    try {
      await this.#hold(() =>
        live === undefined
          ? this.#leases.create(this.#options.key, { annotations: marks, spec: taken }, signal)
          : this.#write(live, taken, { marks, signal })
      );
      return true;
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) return false;
      throw error;
    }
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
      await this.#hold(() => this.#write(held, { renewTime }, { signal }));
      return true;
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return false;
      throw error;
    }
  }

  /** The lease as it is now, if it is ours. */
  async #ownLease(signal: AbortSignal): Promise<KubeObject | undefined> {
    const { key, identity } = this.#options;
    const live = await this.#leases.get(key, signal);
    return leaseRecord(live).holder === identity ? live : undefined;
  }

  /** @throws an ApiError 409 where somebody else wrote since `seen` */
  #write(
    seen: KubeObject,
    spec: Partial<LeaseSpec>,
    { marks = {}, signal }: { readonly marks?: JsonObject; readonly signal: AbortSignal },
  ): Promise<KubeObject> {
    // On a connection that is dead, one try must leave time for another one.
    const deadlineMs = this.#renewDeadlineMs / 2;
    return this.#leases.patch(this.#options.key, seen, {
      annotations: marks,
      spec: { ...spec },
      deadlineMs,
      signal,
    });
  }

  async #pause(delayMs: number, signal: AbortSignal): Promise<boolean> {
    await pause(delayMs, { clock: this.#options.clock, signal });
    return !signal.aborted;
  }
}

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
