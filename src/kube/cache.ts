import { controllerOf, keyOf, type KubeObject, Multimap, type ObjectKey } from "#base";
import type { ResourceType } from "./resource_type.ts";

/** What values an object is found by; none when the object does not matter to the index. */
export type IndexFunction = (object: KubeObject) => readonly string[];

/** Indexes by name. */
export type Indexes = Readonly<Record<string, IndexFunction>>;

/** A time in which a cache hears nothing of its kind. */
export interface CacheOutage {
  /** Since when, by the monotonic clock. */
  readonly sinceMs: number;
  /** Whether the server refuses, or no longer serves, the kind: then it does not pass by itself. */
  readonly isRefusal: boolean;
  /** Why, in words. */
  readonly problem: string;
}

/** The objects of one kind as last seen. Objects are shared: never change one. */
export interface Cache {
  readonly type: ResourceType;
  /** Whether all objects have been seen once. */
  readonly synced: boolean;
  /** Since when and why it is behind for certain; undefined while it follows the server. */
  readonly outage?: CacheOutage | undefined;
  get(key: ObjectKey): KubeObject | undefined;
  /** All objects, or those of a namespace, sorted by namespace and name. */
  list(namespace?: string): readonly KubeObject[];
  /** The objects whose controller has this uid, sorted by namespace and name. */
  ownedBy(uid: string): readonly KubeObject[];
  /** The objects that an index files under a value, sorted. @throws {RangeError} for an index that was not declared */
  index(name: string, value: string): readonly KubeObject[];
  readonly size: number;
}

/** The index behind {@linkcode Cache.ownedBy}. */
const OWNER_INDEX = "owner";

/** Objects of one kind with their indexes; knows nothing of where they come from. */
export class ObjectStore {
  /** namespace -> name -> object */
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #indexFunctions: ReadonlyMap<string, IndexFunction>;
  /** index -> value -> objects */
  readonly #indexes = new Map<string, Multimap<KubeObject>>();
  #size = 0;

  constructor(indexes: Indexes = {}) {
    this.#indexFunctions = new Map([
      [OWNER_INDEX, (object: KubeObject) => ownerUids(object)],
      ...Object.entries(indexes),
    ]);
    for (const name of this.#indexFunctions.keys()) this.#indexes.set(name, new Multimap());
  }

  get size(): number {
    return this.#size;
  }

  get(key: ObjectKey): KubeObject | undefined {
    return this.#objects.get(key.namespace)?.get(key.name);
  }

  list(namespace?: string): KubeObject[] {
    if (namespace !== undefined) return byName(this.#objects.get(namespace));
    return [...this.#objects.keys()].sort().flatMap((name) => this.list(name));
  }

  ownedBy(uid: string): KubeObject[] {
    return this.index(OWNER_INDEX, uid);
  }

  index(name: string, value: string): KubeObject[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new RangeError(`Cannot look into index ${name}: not declared`);
    return sorted(index.of(value));
  }

  /** Stores an object and answers the one that it replaces. */
  put(object: KubeObject): KubeObject | undefined {
    const { namespace, name } = keyOf(object);
    const before = this.get({ namespace, name });
    if (before === undefined) this.#size++;
    else this.#unfile(before);
    const names = this.#objects.get(namespace) ?? new Map<string, KubeObject>();
    this.#objects.set(namespace, names.set(name, object));
    this.#file(object);
    return before;
  }

  /** Removes an object and answers it. */
  remove(key: ObjectKey): KubeObject | undefined {
    const before = this.get(key);
    if (before === undefined) return undefined;
    this.#size--;
    this.#unfile(before);
    const names = this.#objects.get(key.namespace);
    names?.delete(key.name);
    if (names?.size === 0) this.#objects.delete(key.namespace);
    return before;
  }

  #file(object: KubeObject): void {
    for (const [name, valuesOf] of this.#indexFunctions) {
      const index = this.#indexes.get(name);
      for (const value of valuesOf(object)) index?.add(value, object);
    }
  }

  #unfile(object: KubeObject): void {
    for (const [name, valuesOf] of this.#indexFunctions) {
      const index = this.#indexes.get(name);
      for (const value of valuesOf(object)) index?.delete(value, object);
    }
  }
}

function ownerUids(object: KubeObject): string[] {
  const uid = controllerOf(object)?.uid;
  return uid === undefined ? [] : [uid];
}

/** Lists are asked for in each pass: names alone are sorted much sooner than objects. */
function byName(objects: ReadonlyMap<string, KubeObject> = new Map()): KubeObject[] {
  return [...objects.keys()].sort().flatMap((name) => objects.get(name) ?? []);
}

function sorted(objects: readonly KubeObject[]): KubeObject[] {
  return objects.toSorted((a, b) => {
    const [left, right] = [keyOf(a), keyOf(b)];
    if (left.namespace !== right.namespace) return left.namespace < right.namespace ? -1 : 1;
    return left.name === right.name ? 0 : left.name < right.name ? -1 : 1;
  });
}
