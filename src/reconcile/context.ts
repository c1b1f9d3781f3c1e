import type { Clock, KubeObject, ObjectId, ObjectKey } from "#base";
import type { Settings } from "#desired";
import type { Cache, ClusterClient } from "#kube";
import type { EventDraft, Pod } from "#plan";
import type { Logger, Metrics } from "#telemetry";
import type { StatusPace } from "./status_pace.ts";
import type { WakeUp } from "./wake_up.ts";

/** The field manager of everything that the controller writes, status aside. */
export const FIELD_MANAGER = "meshwright";

/** The field manager of status writes: kept apart, as users may own the rest of the object. */
export const STATUS_MANAGER = "meshwright-status";

/** The field manager of what instances and brokers say, `status.runtime`. */
export const METRICS_MANAGER = "meshwright-metrics";

/** The member of a status that the survey writes, and nobody else. */
export const POLLED = "runtime";

/** The field manager of replicas that follow the backlog, and of `status.scaling`. */
export const SCALING_MANAGER = "meshwright-scaling";

/** The member of a status that the scaling writes, and nobody else. */
export const SCALING = "scaling";

/** The field manager of the finalizer: kept apart, as it is written by patches and not applied. */
export const FINALIZER_MANAGER = "meshwright-finalizer";

/** The field manager of `spec.replicas` where its author left it out. */
export const REPLICAS_MANAGER = "meshwright-replicas";

/** A cache that also takes in the answers of our own writes, so that the next look sees them. */
export interface LiveCache extends Cache {
  observe(object: KubeObject): void;
}

/** Kinds that the reconcilers read from caches. */
export type CachedKind =
  | "Function"
  | "Source"
  | "Sink"
  | "FunctionMesh"
  | "BackendConfig"
  | "StatefulSet"
  | "Service"
  | "HorizontalPodAutoscaler"
  | "VerticalPodAutoscaler"
  | "Pod"
  | "Job"
  | "Event";

/** The caches; that of the vertical autoscaler is there only where its API is served. */
export type Caches = Readonly<Partial<Record<CachedKind, LiveCache>>>;

/** How the program was told to behave, as far as reconciling goes. */
export interface ReconcileOptions {
  /** Hold back changes that no edit of the resource asked for. */
  readonly pauseRollout: boolean;
  /** The BackendConfig for all namespaces; absent when the flag is empty. */
  readonly globalBackendConfig?: ObjectKey;
  /** Name of the BackendConfig looked up in each resource's namespace; empty turns it off. */
  readonly namespacedBackendConfig: string;
  /** Let pods restart for what a new version of the program renders differently. */
  readonly rolloutOnUpgrade: boolean;
}

/** What a reconciler needs besides the key. */
export interface ReconcileContext {
  readonly cluster: ClusterClient;
  readonly caches: Caches;
  readonly settings: Settings;
  /** Version of the program. */
  readonly version: string;
  readonly options: ReconcileOptions;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly events: { record(object: KubeObject, event: EventDraft): void };
  /** By uid: what an apply was found not to change. Only {@linkcode act} writes to it. */
  readonly settled: Map<string, string>;
  /** By uid: whether the replicas that a generation has came by a scale. Only {@linkcode reconcileMesh} writes to it. */
  readonly scaled: Map<string, { readonly generation: number; readonly isScaled: boolean }>;
  /** Uids of components that were let go, and of which that was said. Only the clean-up writes to it. */
  readonly letGo: Set<string>;
  /** What components of different meshes have in common. */
  readonly neighbours: NeighbourSource;
  readonly pace: StatusPace;
  readonly terminationLogs: TerminationLogSource;
}

/** Which components have what one of a mesh has: see `Neighbours`. */
export interface NeighbourSource {
  of(mesh: ObjectKey, components: readonly ObjectId[]): readonly ObjectId[];
}

/** What containers wrote before they failed, as far as it is known by now. */
export interface TerminationLogSource {
  /**
   * The pods, with the cause that its log names for each container that failed without a message. What is not known yet
   * is read meanwhile, and `owner` is woken when it is.
   */
  addedTo(pods: readonly Pod[], owner: WakeUp): PodsWithLogs;
}

/** Pods with what is known of their containers' ends. */
export interface PodsWithLogs {
  readonly pods: readonly Pod[];
  /** Whether something of it was not said before. */
  readonly isNews: boolean;
}

/** What a reconciler works with besides the key. */
export interface Effects {
  readonly ctx: ReconcileContext;
  readonly signal: AbortSignal;
}

/** The cache of a kind that is always watched. */
export function cacheOf(caches: Caches, kind: CachedKind): LiveCache {
  const cache = caches[kind];
  if (cache === undefined) {
    throw new TypeError(`Cannot look at ${kind} objects: they are not watched`);
  }
  return cache;
}
