import { type Clock, type KubeObject, type ObjectKey, shardLeaseName, SHARDS_MAX } from "#base";
import { type Logger, silentLogger } from "#telemetry";
import { isAlreadyExists, isConflict, isForbidden } from "./api_error.ts";
import type { ClusterClient } from "./cluster.ts";
import { LEASE_TIMES, type LeasePeers } from "./lease_holder.ts";
import { Leases } from "./leases.ts";
import { leaseRecord, LeaseSight, shardMark } from "./lease_record.ts";

/** What {@linkcode ShardPeers} asks, and for whom. */
export interface ShardPeersOptions {
  readonly cluster: Pick<ClusterClient, "get" | "create" | "patch">;
  /** The lease of the first shard. */
  readonly key: ObjectKey;
  readonly identity: string;
  /** Into how many shards this process divides the work. */
  readonly count: number;
  readonly clock: Clock;
  /** How long leases last that do not say it; 15 s. */
  readonly durationMs?: number;
  readonly log?: Logger;
}

/**
 * The leases of all shards that there may be, whoever divides the work into how many.
 *
 * # Guarantees
 * Never do two lead who divide the work otherwise: who takes a lease looks at all others before and after it. Who does not
 * share the work only does so where its lease is marked; so it is, before anybody who shares the work leads.
 *
 * # Assumptions
 * All replicas have the same account: what one of them may not read, the others cannot renew.
 */
export class ShardPeers implements LeasePeers {
  readonly count: number;
  readonly #options: ShardPeersOptions;
  readonly #leases: Leases;
  readonly #log: Logger;
  readonly #sights: readonly LeaseSight[];
  #said: string | undefined;

  constructor(options: ShardPeersOptions) {
    const { clock, count, durationMs = LEASE_TIMES.durationMs } = options;
    this.count = count;
    this.#options = options;
    this.#leases = new Leases(options);
    this.#log = options.log ?? silentLogger;
    this.#sights = Array.from({ length: SHARDS_MAX }, () => new LeaseSight(clock, durationMs));
  }

  /** How the lease of a shard was seen. */
  sight(index: number): LeaseSight {
    const sight = this.#sights[index];
    if (sight === undefined) throw new RangeError(`Cannot see shard ${index} of ${SHARDS_MAX}`);
    return sight;
  }

  keyOf(index: number): ObjectKey {
    const { namespace, name } = this.#options.key;
    return { namespace, name: shardLeaseName(name, index) };
  }

  async agree(signal: AbortSignal): Promise<boolean> {
    const found = await Promise.all(
      this.#sights.map((_, index) => this.#otherCount(index, signal)),
    );
    const other = found.find((one) => one !== undefined);
    this.disagreed(other);
    return other === undefined && await this.#mark(signal);
  }

  /** Says who divides the work otherwise, once. */
  disagreed(other: string | undefined): void {
    if (other === this.#said) return;
    this.#said = other;
    if (other === undefined) return;
    const facts = { shards: this.count, other };
    this.#log.warn("Cannot lead: another replica divides the work otherwise", facts);
  }

  /** Who leads a shard, and divides the work otherwise; undefined where nobody does. */
  async #otherCount(index: number, signal: AbortSignal): Promise<string | undefined> {
    const { clock, identity } = this.#options;
    const askedMs = clock.monotonicMs();
    const lease = await this.#read(index, signal);
    const sight = this.sight(index);
    if (lease === "forbidden") {
      return sight.isExpired(undefined, askedMs) ? undefined : "a lease that may not be read";
    }
    const { holder, shards } = leaseRecord(lease);
    if (holder === "" || holder === identity || shards === this.count) return undefined;
    return sight.isExpired(lease, askedMs) ? undefined : `${holder}: ${shards}`;
  }

  async #read(index: number, signal: AbortSignal): Promise<KubeObject | undefined | "forbidden"> {
    try {
      return await this.#leases.get(this.keyOf(index), signal);
    } catch (error) {
      if (isForbidden(error)) return "forbidden";
      throw error;
    }
  }

  /** Has those ask who do not share the work. False when somebody else was faster. */
  async #mark(signal: AbortSignal): Promise<boolean> {
    if (this.count === 1) return true;
    const { clock } = this.#options;
    const annotations = shardMark(this.count);
    const key = this.keyOf(0);
    const askedMs = clock.monotonicMs();
    const first = await this.#leases.get(key, signal);
    const { holder, isMarked } = leaseRecord(first);
    if (isMarked) return true;
    if (holder !== "" && !this.sight(0).isExpired(first, askedMs)) return false;
    try {
      await (first === undefined
        ? this.#leases.create(key, { annotations }, signal)
        : this.#leases.patch(key, first, { annotations, signal }));
      return true;
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) return false;
      throw error;
    }
  }
}
