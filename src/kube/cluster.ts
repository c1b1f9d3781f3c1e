import type { JsonObject, KubeObject, ObjectId, ObjectKey } from "#base";
import type { ResourceType } from "./resource_type.ts";

/** Who writes, and how: the options of a server-side apply. */
export interface ApplyOptions {
  readonly fieldManager: string;
  /** Take fields over from other managers (default true). Without it a conflict is an ApiError 409. */
  readonly force?: boolean;
  /** The object must not exist: a 409 otherwise, whosever it is, and nothing of it is changed. */
  readonly isNew?: boolean;
  /** Ask what would happen; nothing is stored. */
  readonly dryRun?: boolean;
  /** Refuse fields that the kind does not have (see `isInvalid`) instead of dropping them. */
  readonly strict?: boolean;
  /** Leave `metadata.managedFields` in the answer. */
  readonly withManagedFields?: boolean;
  readonly signal?: AbortSignal;
}

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly signal?: AbortSignal;
}

export interface RemoveOptions {
  /** Delete only this very object: a 409 otherwise. */
  readonly uid?: string;
  /** Delete the object only as it was seen: a 409 where somebody changed it since. */
  readonly resourceVersion?: string;
  readonly propagation?: "Background" | "Foreground" | "Orphan";
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

/** The `metadata.managedFields` of an object, which other reads leave out. */
export interface ManagedFields {
  readonly fields: readonly JsonObject[];
  readonly resourceVersion: string;
}

/** How a patch is sent. */
export interface PatchOptions {
  readonly fieldManager: string;
  readonly subresource?: string;
  readonly dryRun?: boolean;
  /** How long one try may take; the transport's own limit when left out. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * What this program asks of an API server.
 *
 * # Guarantees
 * Objects are raw JSON: no field is dropped or converted. Every call has a deadline, honours `signal`, and fails with
 * an `ApiError` (an answer of the server) or a `NoAnswerError` (the network failed) whose `cause` is kept.
 * Reads strip `metadata.managedFields` unless a method says otherwise.
 */
export interface ClusterClient {
  /** The object, or undefined when it is not there or its kind not served; an API that does not answer now throws. */
  get(type: ResourceType, key: ObjectKey, signal?: AbortSignal): Promise<KubeObject | undefined>;
  /** Who manages which fields of an object, at which version; undefined when it is not there. */
  managedFields(id: ObjectId, signal?: AbortSignal): Promise<ManagedFields | undefined>;
  /** All objects, read in pages. */
  list(type: ResourceType, options?: ListOptions): Promise<KubeObject[]>;
  /** Server-side apply; answers the object as stored. */
  apply(object: KubeObject, options: ApplyOptions): Promise<KubeObject>;
  /** Creates an object that must not exist (409 AlreadyExists otherwise); `generateName` is honoured. */
  create(
    object: KubeObject,
    options?: { fieldManager?: string; signal?: AbortSignal },
  ): Promise<KubeObject>;
  /** JSON merge patch of the object; `subresource` e.g. "status" or "scale". */
  patch(
    id: ObjectId,
    patch: JsonObject,
    options: PatchOptions,
  ): Promise<KubeObject>;
  /** Deletes; "absent" when there was nothing (anymore). */
  remove(id: ObjectId, options?: RemoveOptions): Promise<"deleted" | "absent">;
  /**
   * The type of a kind by discovery (cached; a miss is asked again), or undefined when the server says that it does not
   * serve it. Throws when the server does not say.
   *
   * @param options.isFresh something says that what is known may be wrong: the server is asked again
   */
  resourceType(
    apiVersion: string,
    kind: string,
    options?: { readonly isFresh?: boolean },
  ): Promise<ResourceType | undefined>;
  /**
   * The type of a kind in whatever version of its group the server serves it now: for objects that were stored under a
   * version that is gone. Undefined when it serves none, throws when it does not say. `group` is `""` for the core group.
   */
  servedVersion(group: string, kind: string): Promise<ResourceType | undefined>;
}

/** A client some of whose calls do something besides, or something else: all others go to it as they are. */
export function clientWith(
  client: ClusterClient,
  calls: Partial<ClusterClient>,
): ClusterClient {
  return {
    get: (type, key, signal) => client.get(type, key, signal),
    managedFields: (id, signal) => client.managedFields(id, signal),
    list: (type, options) => client.list(type, options),
    apply: (object, options) => client.apply(object, options),
    create: (object, options) => client.create(object, options),
    patch: (id, patch, options) => client.patch(id, patch, options),
    remove: (id, options) => client.remove(id, options),
    resourceType: (apiVersion, kind, options) => client.resourceType(apiVersion, kind, options),
    servedVersion: (group, kind) => client.servedVersion(group, kind),
    ...calls,
  };
}
