import {
  type Clock,
  errorText,
  keyOf,
  keyText,
  type KubeObject,
  type ObjectKey,
  pause,
  sameJson,
  spread,
  TaskGroup,
  unlessAborted,
} from "#base";
import { type Logger, type RestartCause, silentLogger } from "#telemetry";
import { type Cache, type CacheOutage, type Indexes, ObjectStore } from "./cache.ts";
import type { ResourceType } from "./resource_type.ts";
import { StreamError } from "./json_lines.ts";
import { isNewerVersion } from "./resource_version.ts";
import type { Transport } from "./transport.ts";
import { grownDelayMs } from "./retry.ts";
import { newestObject, storageProblem } from "./storage_check.ts";
import { watchObjects } from "./watch.ts";
import { WatchSteering, whenCompared } from "./watch_steering.ts";

/** One object before and after: a creation has no before, a deletion no after. */
export interface ObjectChange {
  readonly before?: KubeObject;
  readonly after?: KubeObject;
}

/** What an informer follows, and whom it tells. */
export interface InformerOptions {
  readonly transport: Transport;
  readonly type: ResourceType;
  /** All namespaces when left out. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Lookups besides that by owner. */
  readonly indexes?: Indexes;
  /** Keeps what is needed of an object; a new object, the input untouched. `managedFields` are never kept. */
  readonly project?: (object: KubeObject) => KubeObject;
  /** Called in order, once a change; what it throws is logged and changes nothing. */
  readonly onChange: (change: ObjectChange) => void;
  readonly onRestart?: (cause: RestartCause) => void;
  /** Called when all objects have been seen, for the first time or again after what {@linkcode Informer.problem} told. */
  readonly onSynced?: () => void;
  readonly clock: Clock;
  readonly random?: () => number;
  /** See `WatchOptions.silentMs`. */
  readonly silentMs?: number;
  readonly log?: Logger;
  readonly signal: AbortSignal;
}

/** How often the storage is asked for one object: for the price of that, nobody decides by what is no longer so. */
const CHECK_MS = 60_000;
const FIRST_RECHECK_MS = 2_000;

/** Broken connections in a row that are no problem yet. */
const RESTARTS_MAX = 3;

/**
 * A cache of one kind that follows the server.
 *
 * # Guarantees
 * - Survives every failure of the server; a kind that is not served yet is waited for (and `problem` says so).
 * - After a gap, the differences are told as changes, deletions included.
 * - An object never goes back to an older version, in whatever order watch, list and {@linkcode observe} speak;
 *   except after a restore of the server's storage, which a list with an older version gives away.
 * - What a list says of an object counts although its version is known: when a definition changes, the server shows the
 *   objects of one version otherwise.
 * - Once a minute the storage is asked for the object that changed last: where it is not as far as this cache,
 *   `problem` and `outage` say so until it is, as API servers that were not restarted go on telling what was.
 */
export class Informer implements Cache {
  readonly type: ResourceType;
  readonly #options: InformerOptions;
  readonly #store: ObjectStore;
  readonly #log: Logger;
  readonly #firstSync = Promise.withResolvers<void>();
  #synced = false;
  #problem: string | undefined = "not started";
  /** How often watching started over since the server last said anything. */
  #restarts = 0;
  #outage: CacheOutage | undefined;
  /** The storage is not as far as this cache: nothing that is listed or watched counts before it is. */
  #doubt: CacheOutage | undefined;
  readonly #steering = new WatchSteering();
  /** How often somebody wanted all compared with the server, and the last of those that it was done for. */
  #comparisons = { wanted: 0, done: 0 };
  /** Keys on the pages of the list that is under way. */
  #listing: Set<string> | undefined;

  constructor(options: InformerOptions) {
    this.type = options.type;
    this.#options = options;
    this.#store = new ObjectStore(options.indexes);
    this.#log = (options.log ?? silentLogger).with({ kind: options.type.kind });
  }

  get synced(): boolean {
    return this.#synced;
  }

  /** What keeps the cache from being current, in words for a readiness check. */
  get problem(): string | undefined {
    const { done, wanted } = this.#comparisons;
    const comparing = done < wanted ? "not compared with the server yet" : undefined;
    return this.#doubt?.problem ?? this.#problem ?? comparing;
  }

  get outage(): CacheOutage | undefined {
    return this.#doubt ?? this.#outage;
  }

  get size(): number {
    return this.#store.size;
  }

  get(key: ObjectKey): KubeObject | undefined {
    return this.#store.get(key);
  }

  list(namespace?: string): readonly KubeObject[] {
    return this.#store.list(namespace);
  }

  ownedBy(uid: string): readonly KubeObject[] {
    return this.#store.ownedBy(uid);
  }

  index(name: string, value: string): readonly KubeObject[] {
    return this.#store.index(name, value);
  }

  /** Follows the server until the signal aborts. */
  async run(): Promise<void> {
    this.#problem = "reading the objects for the first time";
    const group = new TaskGroup(this.#options.signal);
    group.start(() => this.#follow());
    group.start((signal) => this.#doubtful(signal));
    await group.ended();
  }

  async #follow(): Promise<void> {
    const steering = this.#steering;
    const again = () => steering.begin();
    const isHurried = () => steering.isHurried;
    for await (const event of watchObjects({ ...this.#options, again, isHurried })) {
      switch (event.type) {
        case "page":
          this.#listing ??= this.#beginList(event.resourceVersion);
          for (const object of event.objects) this.#listed(object, this.#listing);
          break;
        case "listed":
          this.#endList(event.resourceVersion);
          break;
        case "changed":
          this.#changed(event.object);
          break;
        case "deleted":
          this.#deleted(event.object);
          break;
        case "bookmark":
          this.#steering.told(event.resourceVersion);
          this.#current();
          break;
        case "opened":
          this.#outage = undefined;
          break;
        case "restart":
          this.#restarted(event);
          break;
        default:
          event satisfies never;
      }
    }
  }

  /** Resolves when all objects have been seen once; rejects with the signal's reason. */
  async whenSynced(signal?: AbortSignal): Promise<void> {
    await unlessAborted(this.#firstSync.promise, signal);
  }

  /**
   * Resolves when everything has been told that was so on the server when this was called; until then `problem` says
   * that it has not. For whoever did not work by this cache so far, and is about to.
   *
   * @param options.isReread whether objects may look otherwise than they were told, as after a change of definitions:
   *   then all of them are listed
   * @throws the signal's reason; what was not compared stays a problem
   */
  async compare(
    signal: AbortSignal,
    { isReread = false }: { readonly isReread?: boolean } = {},
  ): Promise<void> {
    const { clock, random = Math.random } = this.#options;
    const [log, request, steering] = [this.#log, this.#options, this.#steering];
    const turn = ++this.#comparisons.wanted;
    await this.whenSynced(signal);
    if (isReread) {
      const reason = new StreamError("expired", "objects may look otherwise now");
      await unlessAborted(steering.listAgain(reason), signal);
    } else {
      await whenCompared({ clock, log, random, request, steering }, signal);
    }
    this.#comparisons.done = Math.max(this.#comparisons.done, turn);
    if (this.problem === undefined) this.#tellSynced();
  }

  /**
   * Takes in the answer of our own write, so that the next look sees it and does not write again. Told as a change at
   * once; the watch's own word about the same version is then no news. Ignored when the server has already told more.
   */
  observe(object: KubeObject): void {
    const version = object.metadata.resourceVersion;
    if (version === undefined || !this.#synced) return;
    if (
      this.#options.namespace !== undefined && object.metadata.namespace !== this.#options.namespace
    ) return;
    // Up to what was seen the watch knows better: the object may be gone again.
    if (this.#steering.isToldUpTo(version)) return;
    this.#put(object);
  }

  #beginList(resourceVersion: string): Set<string> {
    // An older list than what was seen: storage was restored, and versions count from there.
    const { seen } = this.#steering;
    if (seen !== undefined && isNewerVersion(seen, resourceVersion)) {
      this.#log.warn("The server went back in time; taking over its older objects");
      this.#steering.forget();
      // Whoever remembers newer versions has to hear of it.
      this.#problem ??= "the server went back in time";
    }
    return new Set();
  }

  #listed(object: KubeObject, listing: Set<string>): void {
    listing.add(keyText(keyOf(object)));
    this.#put(object, { force: this.#steering.seen === undefined, isListed: true });
  }

  #endList(resourceVersion: string): void {
    const listing = this.#listing ?? this.#beginList(resourceVersion);
    this.#listing = undefined;
    const restored = this.#steering.seen === undefined;
    for (const object of this.#store.list()) {
      if (listing.has(keyText(keyOf(object)))) continue;
      // Our own write after the list was taken is not a deletion.
      if (!restored && isNewerVersion(object.metadata.resourceVersion, resourceVersion)) continue;
      this.#remove(keyOf(object));
    }
    this.#steering.told(resourceVersion);
    this.#steering.listed();
    if (!this.#synced) {
      this.#synced = true;
      this.#log.debug("Read all objects", { count: this.size });
      this.#firstSync.resolve();
    }
    this.#current();
  }

  /** The server speaks: what it said so far is all there is. */
  #current(): void {
    this.#restarts = 0;
    this.#outage = undefined;
    if (this.#problem === undefined || !this.#synced) return;
    this.#problem = undefined;
    if (this.#doubt === undefined) this.#tellSynced();
  }

  /** Looks now and then whether the storage is as far as this cache; more often while it is not. */
  async #doubtful(signal: AbortSignal): Promise<void> {
    const { clock, random = Math.random } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const growth = { failures, firstMs: FIRST_RECHECK_MS, maxMs: CHECK_MS, random: random() };
      const delayMs = failures === 0 ? spread(CHECK_MS, random()) : grownDelayMs(growth);
      await pause(delayMs, { clock, signal });
      if (signal.aborted || this.#outage !== undefined) continue;
      try {
        const problem = await this.#storageProblem(signal);
        failures = problem === undefined ? 0 : failures + 1;
        this.#decide(problem);
      } catch (error) {
        if (!signal.aborted) this.#log.debug("Cannot compare with the storage", { error });
      }
    }
  }

  /** By the object that changed last. */
  #storageProblem(signal: AbortSignal): Promise<string | undefined> {
    const { transport, clock } = this.#options;
    const newest = newestObject(this.#store.list());
    const known = () => newest === undefined ? undefined : this.#store.get(keyOf(newest));
    return storageProblem({ transport, type: this.type, clock, signal, known });
  }

  #decide(problem: string | undefined): void {
    if (problem === undefined) {
      if (this.#doubt === undefined) return;
      this.#doubt = undefined;
      this.#log.info("The server is as far as what it told before");
      if (this.#problem === undefined) this.#tellSynced();
      return;
    }
    const { clock } = this.#options;
    if (this.#doubt === undefined) this.#log.error("The server went back in time", { problem });
    const sinceMs = this.#doubt?.sinceMs ?? clock.monotonicMs();
    this.#doubt = { sinceMs, isRefusal: false, problem };
    this.#steering.listAgain(new StreamError("rewound", problem));
  }

  #tellSynced(): void {
    try {
      this.#options.onSynced?.();
    } catch (error) {
      this.#log.error("Cannot tell that all objects have been seen", { error });
    }
  }

  #changed(object: KubeObject): void {
    this.#put(object);
    this.#steering.told(object.metadata.resourceVersion);
    this.#current();
  }

  #deleted(object: KubeObject): void {
    const stored = this.#store.get(keyOf(object));
    const recreated = stored !== undefined && stored.metadata.uid !== object.metadata.uid &&
      isNewerVersion(stored.metadata.resourceVersion, object.metadata.resourceVersion);
    if (!recreated) this.#remove(keyOf(object));
    this.#steering.told(object.metadata.resourceVersion);
    this.#current();
  }

  #restarted(event: { cause: RestartCause; error: unknown; delayMs: number }): void {
    // Pages without an end are no list.
    this.#listing = undefined;
    this.#steering.restarted(event.error);
    this.#options.onRestart?.(event.cause);
    this.#restarts++;
    this.#outage = {
      sinceMs: this.#outage?.sinceMs ?? this.#options.clock.monotonicMs(),
      isRefusal: event.cause === "refused" || event.cause === "not_served",
      problem: errorText(event.error),
    };
    const isBehind = ["refused", "not_served", "rewound"].includes(event.cause);
    if (!this.#synced || isBehind || this.#restarts > RESTARTS_MAX) {
      this.#problem = event.cause === "not_served"
        ? "the server does not serve this kind yet"
        : errorText(event.error);
    }
    const facts = { cause: event.cause, delayMs: Math.round(event.delayMs), error: event.error };
    if (event.cause === "expired" || event.cause === "not_served") {
      this.#log.info("Watching starts over", facts);
    } else {
      this.#log.warn("Watching starts over", facts);
    }
  }

  #put(
    object: KubeObject,
    { force = false, isListed = false }: { readonly force?: boolean; readonly isListed?: boolean } =
      {},
  ): void {
    const version = object.metadata.resourceVersion;
    const stored = this.#store.get(keyOf(object));
    const kept = stored?.metadata.resourceVersion;
    const isKnown = stored !== undefined && kept === version;
    if (isKnown && !isListed) return;
    if (stored !== undefined && !isKnown && !force && !isNewerVersion(version, kept)) return;
    const after = this.#options.project?.(object) ?? object;
    if (isKnown && sameJson(stored, after)) return;
    const before = this.#store.put(after);
    this.#tell(before === undefined ? { after } : { before, after });
  }

  #remove(key: ObjectKey): void {
    const before = this.#store.remove(key);
    if (before !== undefined) this.#tell({ before });
  }

  #tell(change: ObjectChange): void {
    try {
      this.#options.onChange(change);
    } catch (error) {
      const object = change.after ?? change.before;
      this.#log.error("Cannot tell a change", {
        object: object === undefined ? "" : keyText(keyOf(object)),
        error,
      });
    }
  }
}
