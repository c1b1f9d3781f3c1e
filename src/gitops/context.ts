import type { MeshSync } from "#api";
import type { Clock, KubeObject, ObjectKey } from "#base";
import type { GitSource } from "#git";
import type { Cache, ClusterClient, ResourceType } from "#kube";
import type { EventDraft, Notice } from "#plan";
import type { Logger, Metrics } from "#telemetry";
import type { SyncMemory } from "./memory.ts";
import type { Turns } from "./turns.ts";

/** Objects as last seen; takes in the answers of our own writes, so that the next look sees them. */
export interface SyncCache extends Pick<Cache, "get" | "synced"> {
  observe?(object: KubeObject): void;
  /** All objects; the API server is asked where a cache cannot list. */
  list?(): readonly KubeObject[];
}

/** What the loop counts and measures. */
export type SyncMetrics = Pick<
  Metrics,
  | "observeGitFetch"
  | "countSync"
  | "observeSyncPhase"
  | "observeCommitToReady"
  | "countPruned"
  | "countQuarantine"
  | "setQuarantined"
  | "countDriftCorrected"
>;

/** What the GitOps loop needs besides the key of a MeshSync. */
export interface GitOpsContext {
  readonly cluster: ClusterClient;
  /** The MeshSyncs. */
  readonly syncs: SyncCache;
  /** Caches of our kinds by kind; what has none is read from the API server. */
  readonly caches: Readonly<Partial<Record<string, SyncCache>>>;
  readonly memory: SyncMemory;
  /** A client with the rights of a ServiceAccount only; without it a sync that wants one is refused. */
  readonly clientOf?: (account: ObjectKey) => ClusterClient;
  /** The client with the program's own rights, where `cluster` has those of a ServiceAccount. */
  readonly own?: ClusterClient;
  /** Follows what syncs apply of these kinds, so that changes by others are seen; resolves when all is read, or soon. */
  readonly follow?: (types: readonly ResourceType[]) => Promise<void>;
  /** The cache that follows a kind, once it has read everything. */
  readonly followed?: (type: ResourceType) => SyncCache | undefined;
  /** Has another MeshSync look at its repository now. */
  readonly wake?: (key: ObjectKey) => void;
  readonly git: GitSource;
  /** Who fetches and applies at the same time; everybody when left out. What a remote is asked needs no turn: it may hang. */
  readonly turns?: Turns;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: SyncMetrics;
  readonly events: { record(object: KubeObject, event: EventDraft): void };
  /** Tells those whom a MeshSync names; nobody when left out. */
  readonly notices?: { tell(sync: MeshSync, notice: Notice): void };
  /** The MeshSync that this program's flags made, the only one that may name a `file:` url: this one. */
  readonly bootstrap?: { readonly key: ObjectKey; readonly url: string };
  /** Whether the program ends after this: then nobody would be there to take objects along with a deleted sync. */
  readonly isTransient?: boolean;
  /** From 0 to 1, to spread the looks of many syncs; `Math.random` when left out. */
  readonly random?: () => number;
  readonly signal: AbortSignal;
}

/** Enough to hide the way to the API server and back, few enough not to crowd others out. */
export const CALLS_AT_ONCE = 8;

/** Runs a call for each item, at most {@linkcode CALLS_AT_ONCE} at a time; results in the order of the items. */
export async function eachOf<T, R>(
  items: readonly T[],
  call: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Map<number, R>();
  const waiting = items.entries();
  const work = async () => {
    for (const [index, item] of waiting) results.set(index, await call(item));
  };
  await Promise.all(Array.from({ length: Math.min(CALLS_AT_ONCE, items.length) }, work));
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}
