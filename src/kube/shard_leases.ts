import { type Deadline, deadline, pause, type Shard, TaskGroup } from "#base";
import { type Logger, silentLogger } from "#telemetry";
import { isConflict, isNotFound } from "./api_error.ts";
import { Leadership } from "./leadership.ts";
import { workWhileHeld } from "./lease.ts";
import { LEASE_TIMES, LeaseHolder, type LeaseOptions } from "./lease_holder.ts";
import { Leases } from "./leases.ts";
import { leaseRecord, type Wish, wishMarks } from "./lease_record.ts";
import { type ShardClaims, shardClaims, type ShardView } from "./shard_claims.ts";
import { ShardPeers } from "./shard_peers.ts";

/** Whose leases, and which of them is the first choice. */
export interface ShardLeasesOptions
  extends Omit<LeaseOptions, "leadership" | "peers" | "isAtHome" | "sight"> {
  /** Into how many shards the work is divided: from 2 to 32. */
  readonly count: number;
  /** Undefined: any is as good as another. */
  readonly home?: number;
}

/** The work of one shard. */
export type ShardWork = (
  shard: Shard,
  leading: { readonly leadership: Leadership; readonly signal: AbortSignal },
) => Promise<void>;

/** A shard that this process leads. */
interface Led {
  readonly lease: LeaseHolder;
  readonly stop: AbortController;
}

/** So long the work of a shard that was lost may take to end, before the process does. */
const WORK_END_MS = 15_000;

/**
 * Does the work of as many shards as this process leads, one lease each, until the signal aborts.
 *
 * # Guarantees
 * - As of {@linkcode runAsLeader}, for each shard: the signal of its work aborts before another process can lead it, and
 *   its lease is given back when the work has ended.
 * - A shard that is lost ends its own work only: nothing of it can be written any more, and what it knew goes with it. The
 *   process ends where that work does not.
 *
 * @throws what work throws, and where work does not end that has to
 */
export async function leadShards(options: ShardLeasesOptions, work: ShardWork): Promise<void> {
  const group = new TaskGroup(options.signal);
  const leases = new ShardLeases(options, { group, work });
  group.start((signal) => leases.run(signal));
  await group.ended();
}

class ShardLeases {
  readonly #options: ShardLeasesOptions;
  readonly #group: TaskGroup;
  readonly #work: ShardWork;
  readonly #log: Logger;
  readonly #peers: ShardPeers;
  readonly #leases: Leases;
  readonly #led = new Map<number, Led>();
  /** Since when a shard has been seen free. */
  readonly #free = new Map<number, number>();
  /** Where a wish of ours may stand. */
  #wishedAt: number | undefined;

  constructor(
    options: ShardLeasesOptions,
    { group, work }: { readonly group: TaskGroup; readonly work: ShardWork },
  ) {
    const { log = silentLogger } = options;
    this.#options = options;
    this.#group = group;
    this.#work = work;
    this.#log = log;
    this.#peers = new ShardPeers(options);
    this.#leases = new Leases(options);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, retryMs } = { ...LEASE_TIMES, ...this.#options };
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.#round(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        this.#log.warn("Cannot look at the leases of shards", { error, failures });
      }
      await pause(retryMs, { clock, signal });
    }
  }

  async #round(outer: AbortSignal): Promise<void> {
    const { clock, count, home, identity, durationMs, retryMs } = {
      ...LEASE_TIMES,
      ...this.#options,
    };
    // A server that is slow must not keep this from looking again.
    using limit = deadline(durationMs, { clock, signal: outer });
    const { signal } = limit;
    const indexes = Array.from({ length: count }, (_, index) => index);
    const views = await Promise.all(indexes.map((index) => this.#view(index, signal)));
    const claims = shardClaims({ identity, home, count, stepMs: retryMs, views });
    if (claims.otherwise !== undefined) this.#peers.disagreed(claims.otherwise);
    for (const index of claims.giveBack) {
      this.#log.info("Giving a shard back: another replica is to lead it", { shard: index });
      const reason = new DOMException("another replica is to lead this shard", "AbortError");
      this.#led.get(index)?.stop.abort(reason);
    }
    for (const index of claims.take) {
      if (await this.#take(index, signal)) break;
    }
    await this.#wish(claims.wish, { views, signal });
  }

  async #view(index: number, signal: AbortSignal): Promise<ShardView> {
    const { clock, count, identity } = this.#options;
    const led = this.#led.get(index);
    if (led !== undefined) {
      const own = led.stop.signal.aborted ? "ending" : "leading";
      const { wish } = led.lease;
      return { index, own, holder: identity, shards: count, isAtHome: false, freeMs: 0, wish };
    }
    const askedMs = clock.monotonicMs();
    const lease = await this.#leases.get(this.#peers.keyOf(index), signal);
    const { holder, ...said } = leaseRecord(lease);
    const isExpired = this.#peers.sight(index).isExpired(lease, askedMs);
    const isFree = holder === "" || holder === identity || isExpired;
    if (!isFree) this.#free.delete(index);
    else if (!this.#free.has(index)) this.#free.set(index, clock.monotonicMs());
    const freeMs = isFree ? clock.monotonicMs() - (this.#free.get(index) ?? 0) : 0;
    return { ...said, index, own: undefined, holder: isFree ? "" : holder, freeMs };
  }

  async #take(index: number, signal: AbortSignal): Promise<boolean> {
    const { clock, home, log = silentLogger } = this.#options;
    const leadership = new Leadership(clock);
    const lease = new LeaseHolder({
      ...this.#options,
      log: log.with({ shard: index }),
      key: this.#peers.keyOf(index),
      peers: this.#peers,
      sight: this.#peers.sight(index),
      isAtHome: index === home,
    }, leadership);
    try {
      if (!await lease.tryAcquire(signal)) return false;
    } catch (error) {
      await lease.release();
      throw error;
    }
    this.#free.delete(index);
    const led = { lease, stop: new AbortController() };
    this.#led.set(index, led);
    this.#group.start((stop) => this.#lead(index, led, { leadership, stop }));
    return true;
  }

  async #lead(
    index: number,
    { lease, stop }: Led,
    outer: { readonly leadership: Leadership; readonly stop: AbortSignal },
  ): Promise<void> {
    const { leadership } = outer;
    const shard = { index, count: this.#options.count };
    const held = { leadership, signal: AbortSignal.any([outer.stop, stop.signal]) };
    const work = workWhileHeld(
      lease,
      held,
      (signal) => this.#work(shard, { leadership, signal }),
    );
    try {
      const ended = await this.#inTime(index, { leadership, work });
      if (ended === "lost") this.#log.warn("Lost a shard: its work has ended", { shard: index });
    } finally {
      this.#led.delete(index);
    }
  }

  /** What does not end would go on by what it knew when it led. @throws when work goes on for too long after its lead */
  async #inTime<T>(
    index: number,
    { leadership, work }: { readonly leadership: Leadership; readonly work: Promise<T> },
  ): Promise<T> {
    const { clock } = this.#options;
    const overdue = Promise.withResolvers<T>();
    const text = `Cannot go on: shard ${index} was lost, and its work does not end`;
    let limit: Deadline | undefined;
    const over = () => {
      limit = deadline(WORK_END_MS, { clock });
      limit.signal.addEventListener(
        "abort",
        () => overdue.reject(new Error(text, { cause: leadership.signal.reason })),
      );
    };
    leadership.signal.addEventListener("abort", over, { once: true });
    try {
      return await Promise.race([work, overdue.promise]);
    } finally {
      leadership.signal.removeEventListener("abort", over);
      limit?.[Symbol.dispose]();
    }
  }

  /** Says what is wished for, and takes back what no longer is. */
  async #wish(
    wanted: ShardClaims["wish"],
    { views, signal }: { readonly views: readonly ShardView[]; readonly signal: AbortSignal },
  ): Promise<void> {
    const { identity } = this.#options;
    if (this.#wishedAt !== undefined && this.#wishedAt !== wanted?.index) {
      const view = views[this.#wishedAt];
      const isOurs = view?.own === undefined && view?.wish?.by === identity;
      if (!isOurs || await this.#writeWish(this.#wishedAt, undefined, signal)) {
        this.#wishedAt = undefined;
      }
    }
    if (wanted === undefined || this.#led.has(wanted.index)) return;
    const { index, isHome } = wanted;
    const said = views[index]?.wish;
    if (said?.by === identity && said.isHome === isHome) return;
    if (await this.#writeWish(index, { by: identity, isHome }, signal)) this.#wishedAt = index;
  }

  /** False when somebody else wrote to the lease meanwhile. */
  async #writeWish(index: number, wish: Wish | undefined, signal: AbortSignal): Promise<boolean> {
    const key = this.#peers.keyOf(index);
    const lease = await this.#leases.get(key, signal);
    if (lease === undefined) return false;
    try {
      await this.#leases.patch(key, lease, { annotations: wishMarks(wish), signal });
      return true;
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return false;
      throw error;
    }
  }
}
