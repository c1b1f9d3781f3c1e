/** What a fake API server stores, with versions, and what its own controllers do about it. */
import type { Clock, JsonObject, KubeObject } from "#base";
import { timestamp } from "#base";
import { keepLeaves, type OwnedObject } from "./fake_cluster_fields.ts";
import { BUILT_IN_KINDS, definedKinds, type FakeKind, storageKey } from "./fake_cluster_kinds.ts";

/** One change of what is stored, in the order of versions. */
export interface StoreEvent {
  readonly version: number;
  /** See `storageKey`. */
  readonly kind: string;
  readonly before?: KubeObject;
  readonly after?: KubeObject;
  /** Who asked for it: a field manager, or the actor of a deletion. */
  readonly by: string;
  readonly atMs: number;
}

/** Where an object is stored. */
export interface StoredAt {
  readonly kind: FakeKind;
  readonly namespace: string;
  readonly name: string;
}

const DEFINITIONS = "apiextensions.k8s.io/CustomResourceDefinition";
const CONTROLLERS = "kube-controller-manager";
/** The finalizer that keeps a definition until its objects are gone. */
const CLEANUP = "customresourcecleanup.apiextensions.k8s.io";

/** The storage. */
export class FakeStore {
  readonly clock: Clock;
  /** Every change so far. */
  readonly events: StoreEvent[] = [];
  /** Whether garbage is collected and namespaces are emptied at once; otherwise when a test says so. */
  isPrompt = true;
  /** Told of every change as it is stored. */
  onEvent: ((event: StoreEvent) => void) | undefined;
  readonly #kinds = new Map<string, FakeKind>();
  readonly #objects = new Map<string, Map<string, OwnedObject>>();
  #version = 0;
  #uids = 0;

  constructor(clock: Clock, kinds: readonly FakeKind[]) {
    this.clock = clock;
    for (const kind of [...BUILT_IN_KINDS, ...kinds]) this.serve(kind);
  }

  get version(): number {
    return this.#version;
  }

  serve(kind: FakeKind): void {
    this.#kinds.set(`${kind.apiVersion} ${kind.kind}`, kind);
  }

  kinds(): FakeKind[] {
    return [...this.#kinds.values()];
  }

  kindOf(of: { readonly apiVersion: string; readonly kind: string }): FakeKind | undefined {
    return this.#kinds.get(`${of.apiVersion} ${of.kind}`);
  }

  find(at: StoredAt): OwnedObject | undefined {
    return this.#objects.get(storageKey(at.kind))?.get(`${at.namespace}/${at.name}`);
  }

  /** All objects of a kind. */
  *all(kind: string): Iterable<OwnedObject> {
    yield* this.#objects.get(kind)?.values() ?? [];
  }

  /** All objects of all kinds. */
  *everything(): Iterable<KubeObject> {
    for (const objects of this.#objects.values()) {
      for (const { object } of objects.values()) yield object;
    }
  }

  newUid(): string {
    return `00000000-0000-4000-8000-${String(++this.#uids).padStart(12, "0")}`;
  }

  /** Stores an object, or removes it; answers it with its new version. */
  commit(at: StoredAt, after: OwnedObject | undefined, by: string): OwnedObject | undefined {
    const kind = storageKey(at.kind);
    const key = `${at.namespace}/${at.name}`;
    const objects = this.#objects.get(kind) ?? new Map<string, OwnedObject>();
    this.#objects.set(kind, objects);
    const before = objects.get(key);
    const version = ++this.#version;
    const stored = after === undefined ? undefined : withVersion(after, version);
    if (stored === undefined) objects.delete(key);
    else objects.set(key, stored);
    const event: StoreEvent = {
      version,
      kind,
      ...(before === undefined ? {} : { before: before.object }),
      ...(stored === undefined ? {} : { after: stored.object }),
      by,
      atMs: this.clock.now(),
    };
    this.events.push(event);
    this.onEvent?.(event);
    if (this.isPrompt) this.#follow(event, at);
    return stored;
  }

  /** Deletes an object, or marks it where finalizers keep it. */
  remove(at: StoredAt, by: string, extraFinalizers: readonly string[] = []): void {
    const found = this.find(at);
    if (found === undefined) return;
    const { metadata } = found.object;
    const own = storageKey(at.kind) === DEFINITIONS ? [CLEANUP] : [];
    const finalizers = [...new Set([...metadata.finalizers ?? [], ...own, ...extraFinalizers])];
    const isNamespace = storageKey(at.kind) === "/Namespace";
    if (finalizers.length === 0 && !isNamespace) {
      this.commit(at, undefined, by);
      return;
    }
    if (metadata.deletionTimestamp !== undefined) return;
    const { generation } = metadata;
    const marked = {
      ...found.object,
      metadata: {
        ...metadata,
        ...(finalizers.length === 0 ? {} : { finalizers }),
        deletionTimestamp: timestamp(this.clock.now()),
        deletionGracePeriodSeconds: 0,
        ...(generation === undefined ? {} : { generation: generation + 1 }),
      },
      ...(isNamespace ? { status: { phase: "Terminating" } } : {}),
    };
    this.commit(at, { ...found, object: marked }, by);
  }

  /** What controllers of the cluster have to do, done now: garbage, namespaces, definitions. */
  settle(): void {
    for (let isDone = false; !isDone;) {
      const before = this.#version;
      this.#collectGarbage();
      for (const { object } of [...this.all("/Namespace")]) this.#emptyNamespace(object);
      for (const { object } of [...this.all(DEFINITIONS)]) this.#define(object);
      isDone = before === this.#version;
    }
  }

  #follow(event: StoreEvent, at: StoredAt): void {
    const object = event.after ?? event.before;
    if (object === undefined) return;
    if (event.kind === DEFINITIONS) {
      if (event.after !== undefined) this.#define(event.after);
      return;
    }
    if (event.kind === "/Namespace" && event.after?.metadata.deletionTimestamp !== undefined) {
      this.#emptyNamespace(event.after);
    }
    if (event.after === undefined) {
      this.#collectGarbage(event.before?.metadata.uid);
      this.#afterRemoval(at);
    }
  }

  /** The last object of a namespace or a kind that is being deleted takes it along. */
  #afterRemoval(at: StoredAt): void {
    if (at.namespace !== "") {
      const space = this.#objects.get("/Namespace")?.get(`/${at.namespace}`);
      if (space?.object.metadata.deletionTimestamp !== undefined) {
        this.#emptyNamespace(space.object);
      }
    }
    for (const { object } of [...this.all(DEFINITIONS)]) {
      if (object.metadata.deletionTimestamp !== undefined) this.#define(object);
    }
  }

  #collectGarbage(ownerUid?: string): void {
    const uids = new Set<string | undefined>();
    if (ownerUid === undefined) {
      for (const object of this.everything()) uids.add(object.metadata.uid);
    }
    for (const objects of [...this.#objects.values()]) {
      for (const { object } of [...objects.values()]) {
        const owners = object.metadata.ownerReferences;
        if (owners === undefined || owners.length === 0) continue;
        const isOrphan = ownerUid === undefined
          ? owners.every(({ uid }) => !uids.has(uid))
          : owners.every(({ uid }) => uid === ownerUid);
        if (isOrphan) this.#removeObject(object);
      }
    }
  }

  #removeObject(object: KubeObject): void {
    const kind = this.kindOf(object);
    if (kind === undefined) return;
    const { name, namespace = "" } = object.metadata;
    this.remove({ kind, namespace, name }, CONTROLLERS);
  }

  #emptyNamespace(space: KubeObject): void {
    if (space.metadata.deletionTimestamp === undefined) return;
    const { name } = space.metadata;
    let isEmpty = true;
    for (const objects of [...this.#objects.values()]) {
      for (const { object } of [...objects.values()]) {
        if (object.metadata.namespace !== name) continue;
        this.#removeObject(object);
      }
    }
    for (const object of this.everything()) {
      if (object.metadata.namespace === name) isEmpty = false;
    }
    const kind = this.kindOf(space);
    if (!isEmpty || kind === undefined || (space.metadata.finalizers ?? []).length > 0) return;
    const at = { kind, namespace: "", name };
    if (this.find(at) !== undefined) this.commit(at, undefined, CONTROLLERS);
  }

  /** Serves what a definition says, or takes its objects along when it is being deleted. */
  #define(definition: KubeObject): void {
    const kinds = definedKinds(definition);
    if (definition.metadata.deletionTimestamp === undefined) {
      for (const kind of kinds) this.serve(kind);
      const status = definition.status as { readonly conditions?: unknown } | undefined;
      if (status?.conditions === undefined) this.#commitStatus(definition, ESTABLISHED);
      return;
    }
    for (const kind of kinds) {
      for (const { object } of [...this.all(storageKey(kind))]) this.#removeObject(object);
    }
    if (kinds.some((kind) => [...this.all(storageKey(kind))].length > 0)) return;
    for (const kind of kinds) this.#kinds.delete(`${kind.apiVersion} ${kind.kind}`);
    const kind = this.kindOf(definition);
    const finalizers = definition.metadata.finalizers ?? [];
    if (kind === undefined || finalizers.some((name) => name !== CLEANUP)) return;
    const at = { kind, namespace: "", name: definition.metadata.name };
    if (this.find(at) !== undefined) this.commit(at, undefined, CONTROLLERS);
  }

  #commitStatus(object: KubeObject, status: JsonObject): void {
    const kind = this.kindOf(object);
    if (kind === undefined) return;
    const { name, namespace = "" } = object.metadata;
    const at = { kind, namespace, name };
    const found = this.find(at);
    if (found === undefined) return;
    this.commit(at, { ...found, object: { ...found.object, status } }, CONTROLLERS);
  }
}

const ESTABLISHED: JsonObject = {
  conditions: [
    { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" },
    { type: "Established", status: "True", reason: "InitialNamesAccepted", message: "accepted" },
  ],
};

function withVersion(owned: OwnedObject, version: number): OwnedObject {
  const { object } = owned;
  const metadata = { ...object.metadata, resourceVersion: String(version) };
  const stored = { ...object, metadata };
  keepLeaves(object, stored);
  return { ...owned, object: stored };
}
