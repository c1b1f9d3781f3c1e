import { keyOf, type ObjectKey } from "#base";
import type { Following } from "./following.ts";
import type { Lead } from "./lead.ts";
import { metricsSource } from "./metrics_source.ts";
import type { Parts } from "./parts.ts";

/** What this process works on now: nothing while it waits for its turn, all, or some shards. */
export class Leads {
  readonly #parts: Parts;
  readonly #following: Following;
  readonly #leads = new Set<Lead>();
  #followed: Disposable | undefined;

  constructor(parts: Parts, following: Following) {
    const { config: { leaderElection }, metrics } = parts;
    this.#parts = parts;
    this.#following = following;
    const { count = 0 } = leaderElection?.shards ?? {};
    for (let index = 0; index < count; index++) metrics.setLeader(false, index);
  }

  /** Whether this process waits for its turn. */
  get isEmpty(): boolean {
    return this.#leads.size === 0;
  }

  /** Whether it looks after what belongs to no namespace. */
  get isGlobal(): boolean {
    return [...this.#leads].some(({ isGlobal }) => isGlobal);
  }

  /** The shards, where the work is divided. */
  get shards(): number[] {
    return [...this.#leads].flatMap(({ shard }) => shard?.index ?? []).sort((a, b) => a - b);
  }

  /** Counts a lead in until the answer is disposed of. */
  begin(lead: Lead): Disposable {
    const { metrics } = this.#parts;
    this.#leads.add(lead);
    this.#followed ??= this.#follow();
    metrics.setLeader(true, lead.shard?.index);
    return {
      [Symbol.dispose]: () => {
        this.#leads.delete(lead);
        metrics.setLeader(false, lead.shard?.index);
        this.#forget(lead);
        if (!this.isEmpty) return;
        this.#followed?.[Symbol.dispose]();
        this.#followed = undefined;
      },
    };
  }

  /** When a MeshSync looks at its repository again, on the monotonic clock; undefined where that is not known. */
  nextLookAtMs(key: ObjectKey): number | undefined {
    return [...this.#leads].find((lead) => lead.isOwn(key.namespace))?.nextLookAtMs(key);
  }

  /** What was not done yet, for the readiness check. */
  undone(): string | undefined {
    return firstOf([...this.#leads].map((lead) => lead.undone()));
  }

  /** A pass that does not end, for the liveness check. */
  stuck(): string | undefined {
    return firstOf([...this.#leads].map((lead) => lead.stuck()));
  }

  /** Metrics tell of what this process works on, so that nothing is counted by two. */
  #follow(): Disposable {
    const { clock, metrics } = this.#parts;
    const { meshes, syncs } = this.#following;
    const caches = () => [...Object.values(meshes.caches), syncs.syncs];
    const isOwn = (namespace: string) => [...this.#leads].some((lead) => lead.isOwn(namespace));
    return metrics.follow(metricsSource(caches, { isOwn, nowMs: () => clock.monotonicMs() }));
  }

  /** What was set for single resources is another process's to tell from now on. */
  #forget({ isOwn }: Lead): void {
    const { metrics } = this.#parts;
    const { meshes: { caches }, syncs } = this.#following;
    for (const sync of syncs.syncs?.list() ?? []) {
      if (isOwn(sync.metadata.namespace ?? "")) metrics.setQuarantined(keyOf(sync), 0);
    }
    for (const kind of ["Function", "Sink"] as const) {
      for (const component of caches[kind]?.list() ?? []) {
        if (isOwn(component.metadata.namespace ?? "")) {
          metrics.forgetScaling(kind, keyOf(component));
        }
      }
    }
  }
}

function firstOf(texts: readonly (string | undefined)[]): string | undefined {
  return texts.find((text) => text !== undefined);
}
