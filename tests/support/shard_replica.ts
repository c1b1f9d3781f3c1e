import type { Shard } from "#base";
import { type Leadership, leadShards } from "#kube";
import { createLogger } from "#telemetry";
import type { FakeClock } from "./fake_clock.ts";
import { FIRST, type LeaseStore } from "./lease_store.ts";

/** How a replica is started. */
export interface ShardReplicaOptions {
  readonly count?: number;
  readonly home?: number;
  /** How long the work of a shard goes on after it is told to end. */
  readonly drainMs?: number;
}

/** A process that shares the work, by a test's clock and on leases in memory. */
export class ShardReplica {
  readonly name: string;
  readonly lines: string[] = [];
  /** How often work on a shard began, with the answer of the lease at that time. */
  readonly begun: number[] = [];
  readonly #work = new Map<number, Leadership>();
  readonly #stop = new AbortController();
  readonly #cut: () => void;
  /** Undefined: it ended in order. */
  readonly ended: Promise<unknown>;

  constructor(
    { clock, store }: { readonly clock: FakeClock; readonly store: LeaseStore },
    name: string,
    { count = 3, drainMs = 0, home }: ShardReplicaOptions = {},
  ) {
    const { cluster, cut } = store.client(name);
    this.name = name;
    this.#cut = cut;
    const options = {
      cluster,
      key: FIRST,
      identity: name,
      clock,
      count,
      ...(home === undefined ? {} : { home }),
      log: createLogger({ level: "info", sink: (line) => this.lines.push(line), clock }),
      random: () => 0.5,
      signal: this.#stop.signal,
    };
    this.ended = leadShards(options, async ({ index }: Shard, { leadership, signal }) => {
      this.begun.push(index);
      this.#work.set(index, leadership);
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve, { once: true });
        if (signal.aborted) resolve(undefined);
      });
      if (drainMs > 0) await clock.sleep(drainMs);
      this.#work.delete(index);
    }).then(() => undefined, (error) => error);
  }

  /** The shards of which it may write at this moment. */
  get leads(): number[] {
    return [...this.#work].filter(([, leadership]) => leadership.leftMs > 0)
      .map(([index]) => index).sort((a, b) => a - b);
  }

  /** Asks it to end, as a kubelet does. */
  stop(): void {
    this.#stop.abort(new DOMException("the pod is to end", "AbortError"));
  }

  /** Nothing arrives any longer that it sends. */
  cut(): void {
    this.#cut();
  }
}
