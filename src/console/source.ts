import { COMPONENT_KINDS, type MeshSync } from "#api";
import { type Clock, CONSOLE_BUDGETS, keyText, type KubeObject, type ObjectKey } from "#base";
import type { Cache, ClusterClient } from "#kube";
import { clustersIn, componentNode, componentSources, pulsarConfigsOf } from "#topology";
import type { NumberHistory } from "./numbers.ts";
import { pulsarConfigs } from "./pulsar_configs.ts";
import type { View } from "./view.ts";
import type { ViewFacts } from "./whole_view.ts";

/** Kinds whose caches are looked at. */
export type ShownKind =
  | "Event"
  | "Function"
  | "FunctionMesh"
  | "MeshSync"
  | "Pod"
  | "Sink"
  | "Source"
  | "StatefulSet";

/** What the program knows, as far as the console looks. */
export interface ConsoleSource {
  /** Why there is nothing to show; undefined where there is. */
  readonly obstacle: () => string | undefined;
  /** Undefined before it is there. */
  readonly cache: (kind: ShownKind) => Pick<Cache, "get" | "list" | "ownedBy"> | undefined;
  /** When a MeshSync looks at its repository again, on the monotonic clock; undefined where that is not known. */
  readonly nextLookAtMs: (sync: ObjectKey) => number | undefined;
  readonly numbers: NumberHistory;
  /** Reads where Pulsar is, with the program's rights. */
  readonly cluster: Pick<ClusterClient, "get">;
  readonly program: View["program"];
  readonly clock: Clock;
}

/** How long it counts where Pulsar is. */
const CLUSTERS_MS = 60_000;

/** What a source says at one moment, as facts of a view. Asks the API server where Pulsar is, once a minute while somebody looks. */
export class Facts {
  readonly #source: ConsoleSource;
  #clusters: ReadonlyMap<string, string> = new Map();
  #learnedAtMs = 0;
  #learning: Promise<void> | undefined;
  /** By sync: a time that was made from the monotonic clock stays the same until that changes. */
  readonly #nextLooks = new Map<string, { readonly ofMs: number; readonly atMs: number }>();

  constructor(source: ConsoleSource) {
    this.#source = source;
  }

  /** The facts now. */
  now(): ViewFacts {
    const { clock, cache, numbers, program } = this.#source;
    const nowMs = clock.now();
    return {
      components: this.#components(),
      syncs: (cache("MeshSync")?.list() ?? []) as readonly MeshSync[],
      clusters: this.#clusters,
      perSecond: (id) => numbers.perSecond(id, nowMs),
      nextLookMs: (sync) => this.#nextLookMs(sync),
      program,
      nowMs,
    };
  }

  /** Reads where Pulsar is, unless that was lately. What may not be read is not known. */
  async learnClusters(signal: AbortSignal): Promise<void> {
    const nowMs = this.#source.clock.monotonicMs();
    if (this.#learning === undefined || nowMs - this.#learnedAtMs >= CLUSTERS_MS) {
      this.#learnedAtMs = nowMs;
      this.#learning = this.#learn(signal);
    }
    await this.#learning;
  }

  async #learn(signal: AbortSignal): Promise<void> {
    const { cluster } = this.#source;
    const nodes = componentSources(this.#components().map((object) => ({ object })))
      .map(componentNode);
    const named = pulsarConfigsOf(nodes).slice(0, CONSOLE_BUDGETS.pulsarConfigs)
      .map(({ name, namespace }) => ({ namespace, pulsarConfig: name }));
    const { configs } = await pulsarConfigs(named, { cluster, signal });
    const clusters = clustersIn(configs);
    const isSame = clusters.size === this.#clusters.size &&
      [...clusters].every(([name, address]) => this.#clusters.get(name) === address);
    if (!isSame) this.#clusters = clusters;
  }

  #components(): KubeObject[] {
    return COMPONENT_KINDS.flatMap((kind) => this.#source.cache(kind)?.list() ?? []);
  }

  #nextLookMs(sync: ObjectKey): number | undefined {
    const { clock, nextLookAtMs } = this.#source;
    const ofMs = nextLookAtMs(sync);
    const key = keyText(sync);
    if (ofMs === undefined) {
      this.#nextLooks.delete(key);
      return undefined;
    }
    const known = this.#nextLooks.get(key);
    if (known?.ofMs === ofMs) return known.atMs;
    const atMs = clock.now() + ofMs - clock.monotonicMs();
    this.#nextLooks.set(key, { ofMs, atMs });
    return atMs;
  }
}
