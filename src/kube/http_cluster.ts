import {
  type Clock,
  idOf,
  type JsonObject,
  type KubeObject,
  type ObjectId,
  type ObjectKey,
  systemClock,
} from "#base";
import { ApiError, type Ask, isGone, isKindMissing, isNotFound } from "./api_error.ts";
import type {
  ApplyOptions,
  ClusterClient,
  ListOptions,
  ManagedFields,
  PatchOptions,
  RemoveOptions,
} from "./cluster.ts";
import { type Discovery, kindDiscovery, unanswered } from "./discovery.ts";
import { listPages } from "./list_pages.ts";
import { resourcePath, type ResourceType } from "./resource_type.ts";
import { strippedObject } from "./stripped_object.ts";
import type { Transport } from "./transport.ts";
import { withoutWritten } from "./written_secret.ts";

/**
 * A version that no stored object has, as each has that of a write: what is applied with it conflicts with whatever is there.
 * An apply that creates pays no attention to it.
 */
const NO_VERSION = "1";

/** How often a list starts over because its pages grew too old. */
const LIST_STARTS_MAX = 3;

/**
 * A cluster client that asks an API server over a transport.
 *
 * @param options.discovery what is known of the kinds that the server has, where that is shared
 */
export function httpCluster(
  transport: Transport,
  options: { readonly clock?: Clock; readonly discovery?: Discovery } = {},
): ClusterClient {
  const clock = options.clock ?? systemClock;
  return new HttpCluster(transport, options.discovery ?? kindDiscovery(transport, clock));
}

class HttpCluster implements ClusterClient {
  readonly #transport: Transport;
  readonly #discovery: Discovery;

  constructor(transport: Transport, discovery: Discovery) {
    this.#transport = transport;
    this.#discovery = discovery;
  }

  async get(
    type: ResourceType,
    key: ObjectKey,
    signal?: AbortSignal,
  ): Promise<KubeObject | undefined> {
    try {
      const answer = await this.#transport.request({
        path: resourcePath(type, key),
        ask: { verb: "get", kind: type.kind, key },
        signal,
      });
      return strippedObject(answer, type);
    } catch (error) {
      if (await this.#isAbsent(error, type)) return undefined;
      throw error;
    }
  }

  async managedFields(id: ObjectId, signal?: AbortSignal): Promise<ManagedFields | undefined> {
    const type = await this.#discovery.resourceType(id.apiVersion, id.kind);
    if (type === undefined) return undefined;
    try {
      const { metadata } = await this.#transport.request({
        path: resourcePath(type, id),
        ask: { verb: "get", kind: id.kind, key: id },
        signal,
      });
      const { managedFields, resourceVersion } = (metadata ?? {}) as JsonObject;
      const fields = Array.isArray(managedFields) ? managedFields as JsonObject[] : [];
      return { fields, resourceVersion: String(resourceVersion ?? "") };
    } catch (error) {
      if (await this.#isAbsent(error, type)) return undefined;
      throw error;
    }
  }

  async list(type: ResourceType, options: ListOptions = {}): Promise<KubeObject[]> {
    for (let starts = 1;; starts++) {
      try {
        const objects: KubeObject[] = [];
        for await (const page of listPages({ transport: this.#transport, type, ...options })) {
          objects.push(...page.objects.map((object) => strippedObject(object, type)));
        }
        return objects;
      } catch (error) {
        if (!isGone(error) || starts >= LIST_STARTS_MAX) throw error;
      }
    }
  }

  async apply(object: KubeObject, options: ApplyOptions): Promise<KubeObject> {
    const { fieldManager, force = true, dryRun = false, strict = false, signal } = options;
    const body = options.isNew === true
      ? { ...object, metadata: { ...object.metadata, resourceVersion: NO_VERSION } }
      : object;
    const verb = dryRun ? "dry-run" : "apply";
    const ask = { verb, kind: object.kind, key: idOf(object) };
    const isWhole = options.withManagedFields === true;
    return await this.#write(idOf(object), { ...ask, isWhole }, (type) => ({
      method: "PATCH" as const,
      path: resourcePath(type, idOf(object)),
      query: {
        fieldManager,
        force: String(force),
        ...(dryRun ? { dryRun: "All" } : {}),
        ...(strict ? { fieldValidation: "Strict" } : {}),
      },
      body,
      contentType: "application/apply-patch+yaml",
      signal,
    }));
  }

  async create(
    object: KubeObject,
    options: { fieldManager?: string; signal?: AbortSignal } = {},
  ): Promise<KubeObject> {
    const id = idOf(object);
    return await this.#write(id, { verb: "create", kind: id.kind, key: id }, (type) => ({
      method: "POST" as const,
      path: resourcePath(type, { namespace: id.namespace }),
      query: { fieldManager: options.fieldManager },
      body: object,
      signal: options.signal,
    }));
  }

  async patch(
    id: ObjectId,
    patch: JsonObject,
    options: PatchOptions,
  ): Promise<KubeObject> {
    const { fieldManager, subresource, dryRun = false, deadlineMs, signal } = options;
    const ask = { verb: "patch", kind: id.kind, key: id, subresource };
    return await this.#write(id, ask, (type) => ({
      method: "PATCH" as const,
      path: resourcePath(type, { ...id, ...(subresource === undefined ? {} : { subresource }) }),
      query: { fieldManager, ...(dryRun ? { dryRun: "All" } : {}) },
      body: patch,
      contentType: "application/merge-patch+json",
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      signal,
    }));
  }

  async remove(id: ObjectId, options: RemoveOptions = {}): Promise<"deleted" | "absent"> {
    const ask = { verb: "delete", kind: id.kind, key: id };
    const type = await this.#discovery.resourceType(id.apiVersion, id.kind);
    if (type === undefined) return "absent";
    const { propagation = "Background", dryRun = false, signal } = options;
    const preconditions = preconditionsOf(options);
    try {
      await this.#transport.request({
        method: "DELETE",
        path: resourcePath(type, id),
        query: dryRun ? { dryRun: "All" } : {},
        body: {
          kind: "DeleteOptions",
          apiVersion: "v1",
          propagationPolicy: propagation,
          ...(preconditions === undefined ? {} : { preconditions }),
        },
        ask,
        signal,
      });
      return "deleted";
    } catch (error) {
      if (await this.#isAbsent(error, type)) return "absent";
      throw error;
    }
  }

  resourceType(
    apiVersion: string,
    kind: string,
    { isFresh = false }: { readonly isFresh?: boolean } = {},
  ): Promise<ResourceType | undefined> {
    return isFresh
      ? this.#discovery.freshType(apiVersion, kind)
      : this.#discovery.resourceType(apiVersion, kind);
  }

  servedVersion(group: string, kind: string): Promise<ResourceType | undefined> {
    return this.#discovery.servedVersion(group, kind);
  }

  /**
   * Whether an answer means that an object is not there, or its kind is served no more.
   *
   * @throws {ApiError} when the server only does not answer for the kind now, as an aggregated API that comes and goes
   */
  async #isAbsent(error: unknown, { apiVersion, kind }: ResourceType): Promise<boolean> {
    if (!isNotFound(error)) return false;
    if (!isKindMissing(error)) return true;
    if (await this.#discovery.freshType(apiVersion, kind) === undefined) return true;
    throw unanswered(apiVersion, error);
  }

  /** Sends a write to where its kind is served. */
  async #write(
    id: ObjectId,
    { isWhole = false, ...ask }: Ask & { readonly isWhole?: boolean },
    requestFor: (type: ResourceType) => Omit<Parameters<Transport["request"]>[0], "ask">,
  ): Promise<KubeObject> {
    const type = await this.#discovery.resourceType(id.apiVersion, id.kind);
    if (type === undefined) throw kindNotServed(ask, id.apiVersion);
    const request = requestFor(type);
    try {
      const answer = await this.#transport.request({ ...request, ask });
      return isWhole ? answer as unknown as KubeObject : strippedObject(answer, type);
    } catch (error) {
      // The definition may have been deleted, or come back with another plural.
      if (isKindMissing(error)) this.#discovery.forget(id.apiVersion);
      throw withoutWritten(error, id.kind, request.body);
    }
  }
}

function kindNotServed(ask: Ask, apiVersion: string): ApiError {
  return new ApiError({
    ask,
    status: 404,
    reason: "KindNotServed",
    text: `the server has no kind ${ask.kind} in ${apiVersion}; install its definition first`,
  });
}

/** What an object has to be like to be deleted; undefined where that does not matter. */
function preconditionsOf({ resourceVersion, uid }: RemoveOptions): JsonObject | undefined {
  if (uid === undefined && resourceVersion === undefined) return undefined;
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}
