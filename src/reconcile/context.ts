import type { Clock, KubeObject, ObjectKey } from "#base";
import type { Settings } from "#desired";
import type { Cache, ClusterClient } from "#kube";
import type { EventDraft } from "#plan";
import type { Logger, Metrics } from "#telemetry";
import type { LastWords } from "./last_words.ts";
import type { StatusPace } from "./report.ts";

/** The field manager of everything that the controller writes, status aside. */
export const FIELD_MANAGER = "meshwright";

/** The field manager of status writes: kept apart, as users may own the rest of the object. */
export const STATUS_MANAGER = "meshwright-status";

/** The field manager of what instances and brokers say, `status.runtime`. */
export const SURVEY_MANAGER = "meshwright-survey";

/** The member of a status that the survey writes, and nobody else. */
export const SURVEYED = "runtime";

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
  readonly pace: StatusPace;
  readonly lastWords: Pick<LastWords, "addedTo">;
}

/** The cache of a kind that is always watched. */
export function cacheOf(caches: Caches, kind: CachedKind): LiveCache {
  const cache = caches[kind];
  if (cache === undefined) {
    throw new TypeError(`Cannot look at ${kind} objects: they are not watched`);
  }
  return cache;
}
