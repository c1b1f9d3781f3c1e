import type { MeshSync } from "#api";
import type { Clock, KubeObject, ObjectKey, Semaphore } from "#base";
import type { GitSource } from "#git";
import type { Cache, ClusterClient, ResourceType } from "#kube";
import {
  type ManifestFile,
  type ReadingCall,
  type ReadInputs,
  type ReadManifests,
} from "#manifests";
import type { EventDraft, Notice } from "#plan";
import type { Logger, Metrics } from "#telemetry";
import type { Proofs } from "./proofs.ts";
import type { SecretValues } from "./secret_values.ts";
import type { Tenancy } from "./tenancy.ts";

/** Objects of one kind as a watch told them last. */
export interface ObjectCache extends Pick<Cache, "get" | "synced"> {
  /** Takes in the answer of our own write, so that the next look sees it. */
  observe?(object: KubeObject): void;
}

/** The caches of what syncs apply. */
export interface ObjectCaches {
  /** The cache that follows a kind; undefined where none does. */
  of(type: ResourceType): ObjectCache | undefined;
  /** The version of an object of a kind that is followed without its content; undefined where nobody knows. */
  version(type: ResourceType, key: ObjectKey): string | undefined;
  /** Why changes of a kind are seen late; undefined where they are seen at once, or nothing is to be done about it. */
  obstacle(type: ResourceType): string | undefined;
  /** Follows these kinds too; resolves when they are read, or soon. */
  follow(types: readonly ResourceType[], signal: AbortSignal): Promise<void>;
}

/** Nothing is followed: all is asked. */
export const NO_CACHES: ObjectCaches = {
  of: () => undefined,
  version: () => undefined,
  obstacle: () => undefined,
  follow: () => Promise.resolve(),
};

/** The MeshSyncs. */
export interface SyncCache extends ObjectCache {
  /** All of them, from a cache where there is one. */
  list(signal: AbortSignal): Promise<readonly MeshSync[]>;
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
  | "countDriftFight"
>;

/** The MeshSync that this program's flags made, the only one that may name a `file:` url. */
export interface Bootstrap {
  readonly key: ObjectKey;
  readonly url: string;
}

/** What the GitOps loop needs besides the key of a MeshSync. */
export interface SyncContext {
  /** The program's own rights: statuses, finalizers and inventories are written with them. */
  readonly cluster: ClusterClient;
  /** A client with the rights of a ServiceAccount only; see `actingClient`. */
  readonly clientOf: (account: ObjectKey) => ClusterClient;
  readonly syncs: SyncCache;
  readonly caches: ObjectCaches;
  /** The caches that one sync may look into, in place of these: what others' rights brought is none of its business. */
  readonly cachesFor?: (sync: MeshSync) => ObjectCaches;
  readonly proofs: Proofs;
  /** Has another MeshSync look at its repository now. */
  readonly wake: (key: ObjectKey) => void;
  readonly git: GitSource;
  /** Who turns files into objects at the same time: that takes the processor and memory, and waits for nobody. */
  readonly reading: Semaphore;
  /** Turns files into objects: a pure function of both, wherever it is computed. */
  readonly readManifests: (
    inputs: ReadInputs,
    files: readonly ManifestFile[],
    call?: ReadingCall,
  ) => Promise<ReadManifests>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: SyncMetrics;
  readonly events: { record(object: KubeObject, event: EventDraft): void };
  /** Tells those whom a MeshSync names. */
  readonly notices: { tell(sync: MeshSync, notice: Notice): void };
  /** What passes of this sync read as a secret; absent outside of passes. */
  readonly secrets?: SecretValues;
  readonly bootstrap?: Bootstrap;
  /** As whom MeshSyncs act. */
  readonly tenancy: Tenancy;
  /** Whether the program ends after this: then nobody would be there to take objects along with a deleted sync. */
  readonly isTransient: boolean;
  /** From 0 to 1, to spread the looks of many syncs. */
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/**
 * Enough to keep a share of an API server that other controllers keep busy with what was just applied; how many calls of all
 * passes go on at once, and how many large ones, the transport bounds.
 */
export const CALLS_AT_ONCE = 32;

/** A sync as log lines name it. */
export function logName({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}
