import { type Clock, isPlainObject, type JsonObject, type KubeObject } from "#base";

/** What replicas that share the work say in their leases, as annotations. */
const SHARDS = "leases.functionmesh.io/shards";
const AT_HOME = "leases.functionmesh.io/at-home";
const WISHED_BY = "leases.functionmesh.io/wished-by";
const WISHED_HOME = "leases.functionmesh.io/wished-home";

/** A replica that wants to lead in place of another one. */
export interface Wish {
  readonly by: string;
  /** Whether it is at home in that shard; else it leads fewer than it could. */
  readonly isHome: boolean;
}

/** What a lease says. */
export interface LeaseRecord {
  /** Empty: nobody. */
  readonly holder: string;
  /** Into how many shards its holder divides the work; 1 where it says nothing. */
  readonly shards: number;
  /** Whether replicas that share the work, or did so, look after it. */
  readonly isMarked: boolean;
  /** Whether its holder is at home in that shard. */
  readonly isAtHome: boolean;
  readonly wish: Wish | undefined;
}

/** What a lease says; one that is not there is nobody's. */
export function leaseRecord(lease: KubeObject | undefined): LeaseRecord {
  const { annotations = {} } = lease?.metadata ?? {};
  const spec = isPlainObject(lease?.spec) ? lease.spec : {};
  const { holderIdentity } = spec;
  const shards = Number(annotations[SHARDS] ?? 1);
  const by = annotations[WISHED_BY] ?? "";
  return {
    holder: typeof holderIdentity === "string" ? holderIdentity : "",
    shards: Number.isInteger(shards) ? shards : 1,
    isMarked: annotations[SHARDS] !== undefined,
    isAtHome: annotations[AT_HOME] === "true",
    wish: by === "" ? undefined : { by, isHome: annotations[WISHED_HOME] === "true" },
  };
}

/** Annotations that say into how many shards the work is divided. */
export function shardMark(count: number): Record<string, string> {
  return { [SHARDS]: String(count) };
}

/** Annotations of who takes a lease: wishes are fulfilled by that, or in vain. */
export function holderMarks(
  { count, isAtHome }: { readonly count: number; readonly isAtHome: boolean },
): JsonObject {
  return { ...shardMark(count), [AT_HOME]: isAtHome ? "true" : null, ...wishMarks(undefined) };
}

/** Annotations that say a wish, or none. */
export function wishMarks(wish: Wish | undefined): JsonObject {
  return { [WISHED_BY]: wish?.by ?? null, [WISHED_HOME]: wish?.isHome === true ? "true" : null };
}

/**
 * How a lease was seen last, and when that answer came, by our own monotonic clock: clocks of others are not trusted, nor
 * is our own one of the day.
 */
export class LeaseSight {
  readonly #clock: Clock;
  readonly #durationMs: number;
  #text: string | undefined;
  #seenMs = 0;

  /** @param durationMs how long leases last that do not say it */
  constructor(clock: Clock, durationMs: number) {
    this.#clock = clock;
    this.#durationMs = durationMs;
  }

  /**
   * Whether nothing was renewed for as long as a lease lasts: from the end of one look to the begin of another.
   *
   * @param askedMs when this look began
   */
  isExpired(lease: KubeObject | undefined, askedMs: number): boolean {
    const spec = isPlainObject(lease?.spec) ? lease.spec : {};
    const text = JSON.stringify([spec["holderIdentity"], spec["renewTime"], spec["acquireTime"]]);
    if (this.#text !== text) {
      this.#text = text;
      this.#seenMs = this.#clock.monotonicMs();
    }
    const seconds = Number(spec["leaseDurationSeconds"]);
    const lastsMs = seconds > 0 ? seconds * 1000 : this.#durationMs;
    return askedMs - this.#seenMs >= lastsMs;
  }
}
