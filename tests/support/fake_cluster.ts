/**
 * An API server in memory, behind the same {@linkcode Transport} that the program uses: server-side apply with field
 * ownership, dry runs, merge patches, versions, generations, uids, status subresources, finalizers, owner references,
 * namespaces that take their content along, and kinds that are served once their definition is there.
 */
import { type Clock, groupOf, type Json, type JsonObject, type KubeObject } from "#base";
import { apiErrorFrom, type Transport, type TransportRequest } from "#kube";
import {
  alreadyExists,
  fieldConflict,
  type Flaw,
  forbidden,
  invalid,
  modified,
  namespaceNotFound,
  namespaceTerminating,
  objectNotFound,
  otherUid,
  pathNotFound,
  RefusedRequest,
} from "./fake_cluster_answers.ts";
import {
  appliedObject,
  keepLeaves,
  ManagedFieldsEntry,
  type OwnedObject,
  updatedObject,
} from "./fake_cluster_fields.ts";
import { type FakeKind, MESH_KINDS, storageKey } from "./fake_cluster_kinds.ts";
import {
  finalizerFlaws,
  immutableFlaws,
  isUnchanged,
  listName,
  ownPart,
  patched,
  stored,
  withGeneration,
  withoutMember,
  withServerFields,
} from "./fake_cluster_objects.ts";
import { isSelected, type RequestPlace, requestPlace } from "./fake_cluster_requests.ts";
import { FakeStore } from "./fake_cluster_store.ts";

/** Who asks, and what it may do. */
export interface FakeActor {
  /** Shown as who deleted something, and in refusals. */
  readonly user: string;
}

/** Says what is wrong with an object about to be stored. */
export type FakeValidation = (after: KubeObject, before: KubeObject | undefined) => readonly Flaw[];

/** The server. */
export class FakeCluster {
  readonly store: FakeStore;
  /** Refuses requests with 403: `verb plural` of a user. */
  isForbidden: (request: { verb: string; plural: string; user: string }) => boolean = () => false;
  /** Checks besides those that the server always makes, by kind. */
  readonly validations = new Map<string, FakeValidation>([["ConfigMap", immutableFlaws]]);

  constructor(clock: Clock, { kinds = MESH_KINDS }: { readonly kinds?: readonly FakeKind[] } = {}) {
    this.store = new FakeStore(clock, kinds);
    for (const name of ["default", "kube-system"]) this.#makeNamespace(name);
  }

  /** A way to the server for one actor, at which nothing ever fails. */
  transport({ user }: FakeActor = { user: "admin" }): Transport {
    return {
      server: "https://fake.example",
      request: (request) => Promise.resolve(request).then((sent) => this.answer(sent, user)),
      stream: () => Promise.reject(new Error("the fake server has no watches; use its caches")),
      reconnect: () => {},
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  /** Carries a request out, at once. @throws {ApiError} */
  answer(request: TransportRequest, user: string): JsonObject {
    request.signal?.throwIfAborted();
    try {
      return this.#answer(request, request.actAs ?? user);
    } catch (error) {
      if (!(error instanceof RefusedRequest)) throw error;
      throw apiErrorFrom(error.refusal, request.ask);
    }
  }

  #answer(request: TransportRequest, user: string): JsonObject {
    const at = requestPlace(request.path);
    if (at.plural === "") return this.#discovery(at.apiVersion);
    const kind = this.store.kinds().find((one) =>
      one.apiVersion === at.apiVersion && one.plural === at.plural
    );
    if (kind === undefined) throw new RefusedRequest(pathNotFound());
    const place = { ...at, kind };
    const verb = verbOf(request, place);
    if (this.isForbidden({ verb, plural: kind.plural, user })) {
      throw new RefusedRequest(forbidden(user, verb, place));
    }
    switch (verb) {
      case "get":
        return this.#shown(this.#existing(place));
      case "list":
        return this.#list(place, request);
      case "create":
        return this.#create(place, request, user);
      case "patch":
        return request.contentType === "application/apply-patch+yaml"
          ? this.#apply(place, request)
          : this.#patch(place, request, user);
      default:
        return this.#delete(place, request, user);
    }
  }

  #discovery(apiVersion: string): JsonObject {
    if (apiVersion === "") return this.#groups();
    const kinds = this.store.kinds().filter((kind) => kind.apiVersion === apiVersion);
    if (kinds.length === 0) throw new RefusedRequest(pathNotFound());
    const resources = kinds.map(({ kind, namespaced, plural }) => ({
      kind,
      name: plural,
      namespaced,
    }));
    return { kind: "APIResourceList", groupVersion: apiVersion, resources };
  }

  /** What `/api` and `/apis` answer, in one. */
  #groups(): JsonObject {
    const apiVersions = new Set(this.store.kinds().map((kind) => kind.apiVersion));
    const named = [...apiVersions].filter((apiVersion) => apiVersion.includes("/"));
    const groups = [...Map.groupBy(named, (apiVersion) => groupOf(apiVersion))].map((
      [name, own],
    ) => {
      const versions = own.map((groupVersion) => ({
        groupVersion,
        version: groupVersion.slice(name.length + 1),
      }));
      return { name, versions, preferredVersion: versions[0] ?? {} };
    });
    return { versions: ["v1"], groups };
  }

  #existing(place: KindPlace): OwnedObject {
    const found = this.store.find(place);
    if (found === undefined) throw new RefusedRequest(objectNotFound(place.kind, place.name));
    return found;
  }

  #shown({ object, managers }: OwnedObject): JsonObject {
    const managedFields = managers.map((entry) => new ManagedFieldsEntry(entry));
    return { ...object, metadata: { ...object.metadata, managedFields } } as unknown as JsonObject;
  }

  #list({ kind, namespace }: KindPlace, { query = {} }: TransportRequest): JsonObject {
    const items = [...this.store.all(storageKey(kind))].map(({ object }) => object)
      .filter((object) => namespace === "" || object.metadata.namespace === namespace)
      .filter((object) => isSelected(object, query))
      .sort((a, b) => listName(a) < listName(b) ? -1 : 1);
    const metadata = { resourceVersion: String(this.store.version) };
    return { kind: `${kind.kind}List`, metadata, items: items as unknown as Json[] };
  }

  #create(place: KindPlace, request: TransportRequest, user: string): JsonObject {
    const sent = stored(request.body as KubeObject);
    const { generateName } = sent.metadata as { generateName?: string };
    const name = sent.metadata.name ?? `${generateName}${this.store.newUid().slice(-5)}`;
    const at = { ...place, name };
    const before = this.store.find(at);
    if (before !== undefined) {
      const isDeleting = before.object.metadata.deletionTimestamp !== undefined;
      throw new RefusedRequest(alreadyExists(place.kind, name, isDeleting));
    }
    const { status: _status, ...rest } = sent;
    const body = place.kind.hasStatus ? rest as KubeObject : sent;
    const named = { ...body, metadata: { ...body.metadata, name } };
    const manager = request.query?.["fieldManager"] ?? user;
    const after = updatedObject(undefined, named, this.#write(at, manager));
    return this.#store(at, undefined, { after, by: manager, request });
  }

  #apply(place: KindPlace, request: TransportRequest): JsonObject {
    const { fieldManager = "", force } = request.query ?? {};
    const config = ownPart(stored(request.body as KubeObject), place);
    const before = this.store.find(place);
    const { resourceVersion, uid } = config.metadata;
    const live = before?.object.metadata;
    // Of an object that is not there a version says nothing: it is created whatever that is.
    const isSame = (uid === undefined || uid === live?.uid) &&
      (resourceVersion === undefined || live === undefined ||
        resourceVersion === live.resourceVersion);
    if (!isSame) throw new RefusedRequest(modified(place.kind, place.name));
    if (before === undefined && place.subresource !== "") {
      throw new RefusedRequest(objectNotFound(place.kind, place.name));
    }
    const { after, conflicts } = appliedObject(before, config, {
      ...this.#write(place, fieldManager),
      force: force === "true",
    });
    if (conflicts.length > 0) throw new RefusedRequest(fieldConflict(conflicts));
    return this.#store(place, before, { after, by: fieldManager, request });
  }

  #patch(place: KindPlace, request: TransportRequest, user: string): JsonObject {
    const before = this.#existing(place);
    const patch = request.body as JsonObject;
    const { resourceVersion, uid } = (patch["metadata"] ?? {}) as JsonObject;
    const live = before.object.metadata;
    if (
      (resourceVersion !== undefined && resourceVersion !== live.resourceVersion) ||
      (uid !== undefined && uid !== live.uid)
    ) throw new RefusedRequest(modified(place.kind, place.name));
    const target = place.subresource === "status"
      ? { status: patch["status"] ?? {} }
      : place.kind.hasStatus
      ? withoutMember(patch, "status")
      : patch;
    const object = withServerFields(
      patched(before.object as unknown as Json, target) as unknown as KubeObject,
      live,
    );
    const manager = request.query?.["fieldManager"] ?? user;
    const after = updatedObject(before, object, this.#write(place, manager));
    return this.#store(place, before, { after, by: manager, request });
  }

  #delete(place: KindPlace, request: TransportRequest, user: string): JsonObject {
    const { object } = this.#existing(place);
    const options = (request.body ?? {}) as {
      readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
      readonly propagationPolicy?: string;
    };
    const { uid, resourceVersion } = options.preconditions ?? {};
    const live = object.metadata.uid ?? "";
    if (uid !== undefined && uid !== live) {
      throw new RefusedRequest(otherUid(place.kind, place.name, [uid, live]));
    }
    if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion) {
      throw new RefusedRequest(modified(place.kind, place.name));
    }
    if (request.query?.["dryRun"] === undefined) this.store.remove(place, user);
    return { kind: "Status", status: "Success", details: { name: place.name, uid: live } };
  }

  #write({ kind, subresource }: KindPlace, manager: string) {
    return {
      manager,
      apiVersion: kind.apiVersion,
      ...(subresource === "" ? {} : { subresource }),
      mergesLists: kind.mergesLists,
      nowMs: this.store.clock.now(),
    };
  }

  /** Checks what is to be stored and stores it, if it differs. */
  #store(
    place: KindPlace,
    before: OwnedObject | undefined,
    { after, by, request }: {
      readonly after: OwnedObject;
      readonly by: string;
      readonly request: TransportRequest;
    },
  ): JsonObject {
    if (before === undefined) this.#requireNamespace(place);
    const complete = before === undefined
      ? { ...after, object: this.#created(after.object, place) }
      : { ...after, object: withGeneration(after.object, before.object, place.kind) };
    if (before !== undefined) keepLeaves(after.object, complete.object);
    const flaws = [
      ...finalizerFlaws(complete.object, before?.object),
      ...this.validations.get(place.kind.kind)?.(complete.object, before?.object) ?? [],
    ];
    if (flaws.length > 0) throw new RefusedRequest(invalid(place.kind, place.name, flaws));
    if (after === before || isUnchanged(complete, before)) return this.#shown(before ?? after);
    if (request.query?.["dryRun"] !== undefined) return this.#shown(complete);
    const { deletionTimestamp, finalizers = [] } = complete.object.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0) {
      this.store.commit(place, undefined, by);
      return this.#shown(complete);
    }
    this.store.commit(place, complete, by);
    return this.#shown(this.store.find(place) ?? complete);
  }

  #requireNamespace({ kind, name, namespace }: KindPlace): void {
    if (!kind.namespaced) return;
    const spaces = this.store.kindOf({ apiVersion: "v1", kind: "Namespace" });
    const space = spaces && this.store.find({ kind: spaces, namespace: "", name: namespace });
    if (space === undefined) throw new RefusedRequest(namespaceNotFound(namespace));
    if (space.object.metadata.deletionTimestamp !== undefined) {
      throw new RefusedRequest(namespaceTerminating(kind, name, namespace));
    }
  }

  #created(object: KubeObject, { kind }: KindPlace): KubeObject {
    const { resourceVersion: _none, ...metadata } = object.metadata;
    const now = new Date(this.store.clock.now()).toISOString().replace(/\.\d+Z$/, "Z");
    const isSpace = kind.kind === "Namespace" && kind.apiVersion === "v1";
    return {
      ...object,
      metadata: {
        ...metadata,
        uid: this.store.newUid(),
        creationTimestamp: now,
        ...(kind.hasGeneration ? { generation: 1 } : {}),
        ...(isSpace
          ? { labels: { ...metadata.labels, "kubernetes.io/metadata.name": metadata.name } }
          : {}),
      },
      ...(isSpace ? { status: { phase: "Active" } } : {}),
      ...(kind.kind === "Secret" && object["type"] === undefined ? { type: "Opaque" } : {}),
    };
  }

  #makeNamespace(name: string): void {
    this.answer({
      method: "POST",
      path: "/api/v1/namespaces",
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name } },
      ask: { verb: "create", kind: "Namespace" },
    }, "admin");
  }
}

interface KindPlace extends RequestPlace {
  readonly kind: FakeKind;
}

function verbOf(request: TransportRequest, { name }: RequestPlace): string {
  switch (request.method ?? "GET") {
    case "GET":
      return name === "" ? "list" : "get";
    case "POST":
      return "create";
    case "PATCH":
      return "patch";
    default:
      return "delete";
  }
}
