/** A cache that follows a fake API server as an informer does, as late as a test says. */
import { keyOf, keyText, type KubeObject, type ObjectKey } from "#base";
import {
  type Cache,
  isNewerVersion,
  type ObjectChange,
  ObjectStore,
  type ResourceType,
} from "#kube";
import { isSelected } from "./fake_cluster_requests.ts";
import { storageKey } from "./fake_cluster_kinds.ts";
import type { FakeStore, StoreEvent } from "./fake_cluster_store.ts";

/** What a cache follows. */
export interface FakeCacheOptions {
  readonly type: ResourceType;
  readonly labelSelector?: string;
  readonly onChange: (change: ObjectChange) => void;
}

/**
 * The objects of a kind as a program sees them: told of changes in order, as many events behind as {@linkcode lag} says.
 * Like the real one it never goes back to an older version of an object, and takes in the answers of own writes.
 */
export class FakeCache implements Cache {
  readonly type: ResourceType;
  /** How many events it stays behind. */
  lag = 0;
  #synced = false;
  readonly #source: FakeStore;
  readonly #options: FakeCacheOptions;
  readonly #kind: string;
  readonly #objects = new ObjectStore();
  /** The next event of the server that it has not looked at. */
  #position: number;
  /** Events of this kind that are not told yet. */
  readonly #waiting: StoreEvent[] = [];
  #seen: string | undefined;

  constructor(source: FakeStore, options: FakeCacheOptions) {
    this.type = options.type;
    this.#source = source;
    this.#options = options;
    this.#kind = storageKey(options.type);
    this.#position = source.events.length;
  }

  get synced(): boolean {
    return this.#synced;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** When the oldest thing happened that it does not know yet; undefined when it knows all. */
  get behindSince(): StoreEvent | undefined {
    this.#read();
    return this.#waiting[0];
  }

  get(key: ObjectKey): KubeObject | undefined {
    return this.#objects.get(key);
  }

  list(namespace?: string): readonly KubeObject[] {
    return this.#objects.list(namespace);
  }

  ownedBy(uid: string): readonly KubeObject[] {
    return this.#objects.ownedBy(uid);
  }

  index(name: string, value: string): readonly KubeObject[] {
    return this.#objects.index(name, value);
  }

  /** Reads everything there is, as a first list or one after a gap does; the differences are told. */
  relist(): void {
    this.#waiting.length = 0;
    this.#position = this.#source.events.length;
    const there = new Set<string>();
    for (const { object } of this.#source.all(this.#kind)) {
      if (!this.#selects(object)) continue;
      there.add(keyText(keyOf(object)));
      this.#put(object);
    }
    for (const object of this.#objects.list()) {
      if (!there.has(keyText(keyOf(object)))) this.#remove(keyOf(object));
    }
    this.#seen = String(this.#source.version);
    this.#synced = true;
  }

  /** Tells what happened, all but the last {@linkcode lag} events. */
  deliver(): void {
    if (!this.#synced) return;
    this.#read();
    while (this.#waiting.length > this.lag) this.#deliver(this.#waiting.shift() as StoreEvent);
  }

  /** See `Informer.observe`. */
  observe(object: KubeObject): void {
    const version = object.metadata.resourceVersion;
    if (version === undefined || !this.#synced) return;
    if (this.#seen !== undefined && !isNewerVersion(version, this.#seen)) return;
    this.#put(object);
  }

  #read(): void {
    const { events } = this.#source;
    for (; this.#position < events.length; this.#position++) {
      const event = events[this.#position] as StoreEvent;
      if (event.kind === this.#kind && this.#isAbout(event)) this.#waiting.push(event);
    }
  }

  #isAbout({ before, after }: StoreEvent): boolean {
    return (after !== undefined && this.#selects(after)) ||
      (before !== undefined && this.#selects(before));
  }

  #selects(object: KubeObject): boolean {
    const { labelSelector } = this.#options;
    return labelSelector === undefined || isSelected(object, { labelSelector });
  }

  #deliver({ after, before, version }: StoreEvent): void {
    if (after !== undefined && this.#selects(after)) this.#put(after);
    else if (before !== undefined) this.#deleted(before, String(version));
    this.#seen = String(version);
  }

  #deleted(before: KubeObject, version: string): void {
    const known = this.#objects.get(keyOf(before));
    const isRecreated = known !== undefined && known.metadata.uid !== before.metadata.uid &&
      isNewerVersion(known.metadata.resourceVersion, version);
    if (!isRecreated) this.#remove(keyOf(before));
  }

  #put(object: KubeObject): void {
    const known = this.#objects.get(keyOf(object));
    const version = object.metadata.resourceVersion;
    if (known !== undefined && !isNewerVersion(version, known.metadata.resourceVersion)) return;
    const before = this.#objects.put(object);
    this.#options.onChange(before === undefined ? { after: object } : { before, after: object });
  }

  #remove(key: ObjectKey): void {
    const before = this.#objects.remove(key);
    if (before !== undefined) this.#options.onChange({ before });
  }
}
