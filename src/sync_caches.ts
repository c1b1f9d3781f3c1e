import { isMeshKind, type MeshSync, resourceOf } from "#api";
import { deadline, type KubeObject, type ObjectKey, pause, Semaphore, TaskGroup } from "#base";
import { type GitSource, gitSource, ThreadedPrograms } from "#git";
import { type ObjectCaches, quarantinedRevision, type SyncCache, wokenBy } from "#gitops";
import { type Cache, Informer, type ObjectChange, type ResourceType } from "#kube";
import { ManifestReader } from "#manifests";
import { FollowedAccounts } from "./followed_accounts.ts";
import type { MeshCaches } from "./mesh_caches.ts";
import type { Parts } from "./parts.ts";
import { StandbyKinds } from "./standby_kinds.ts";

/** Revisions whose files are in memory at the same time; one namespace leaves a place for others. */
const READING_AT_ONCE = 4;

/** How often it is looked which kinds nobody applies any more. */
const KEEP_MS = 300_000;

/** How long a pass waits for kinds to be read, or a new leader until they are compared. */
const FOLLOW_WAIT_MS = 10_000;

/** Who works by these caches. */
export interface SyncWorker {
  /** Whether it works on MeshSyncs of a namespace. */
  isOwn(namespace: string): boolean;
  /** The kinds that are proven to be of a sync. */
  typesOf(sync: MeshSync): readonly ResourceType[];
  /** These MeshSyncs want a pass, where they are its own. */
  wake(keys: readonly ObjectKey[]): void;
  /** A MeshSync is to look at its repository now, where it is its own. */
  lookNow(key: ObjectKey): void;
  /** An object changed that a sync may have applied. */
  notice(change: ObjectChange): void;
  /** What happened meanwhile to objects of a kind is not known. */
  doubt(type: ResourceType, isMeant: (sync: MeshSync) => boolean): void;
  /** A kind may not be followed, which who applies it says in its status. */
  refused(type: ResourceType, isMeant: (sync: MeshSync) => boolean): void;
}

/**
 * Caches of MeshSyncs and of what they applied, followed whoever leads; and what of a process there is only one: the
 * clones, and the threads that read files.
 */
export class SyncCaches implements AsyncDisposable {
  readonly git: GitSource;
  readonly reader: ManifestReader;
  readonly reading = new Semaphore(READING_AT_ONCE, { shareMax: READING_AT_ONCE - 1 });
  readonly #parts: Parts;
  readonly #meshes: MeshCaches;
  readonly #workers = new Set<SyncWorker>();
  readonly #programs: ThreadedPrograms;
  readonly #standby: StandbyKinds;
  #syncs: Informer | undefined;
  #followed: FollowedAccounts | undefined;

  constructor(parts: Parts, meshes: MeshCaches) {
    const { addresses, config: { cacheDirectory } } = parts;
    this.#parts = parts;
    this.#meshes = meshes;
    this.#standby = new StandbyKinds(parts);
    this.#programs = new ThreadedPrograms(parts);
    this.git = gitSource({ cacheDirectory, addresses, programs: this.#programs });
    this.reader = new ManifestReader(parts);
    // What was applied from Git is watched by the caches of meshes: drift and readiness come from there.
    meshes.onChange((change) => this.#notice(change));
    meshes.onSynced((type) => this.#doubt(type, () => true));
  }

  /** The cache of MeshSyncs; undefined before {@linkcode follow}. */
  get syncs(): Cache | undefined {
    return this.#syncs;
  }

  /** The MeshSyncs as passes look at them. @throws before {@linkcode follow} */
  get followedSyncs(): SyncCache {
    const syncs = this.#syncs;
    if (syncs === undefined) throw new Error("Nothing is followed yet");
    return {
      get: (key) => syncs.get(key),
      list: () => Promise.resolve(syncs.list() as readonly MeshSync[]),
      observe: (object) => syncs.observe(object),
      get synced() {
        return syncs.synced;
      },
    };
  }

  /** The caches that a sync may look into. @throws before {@linkcode follow} */
  cachesFor(sync: MeshSync): ObjectCaches {
    if (this.#followed === undefined) throw new Error("Nothing is followed yet");
    return this.#followed.of(sync);
  }

  /** Which revision an object went back from. */
  quarantineOf(object: KubeObject): string | undefined {
    return quarantinedRevision(object, this.#list());
  }

  /** Has a worker told what changes, until the answer is disposed of. */
  join(worker: SyncWorker): Disposable {
    this.#workers.add(worker);
    return { [Symbol.dispose]: () => void this.#workers.delete(worker) };
  }

  /** Has a MeshSync look at its repository now, where this process works on it. */
  lookNow(key: ObjectKey): void {
    for (const worker of this.#workers) worker.lookNow(key);
  }

  /** Follows MeshSyncs, and what they apply, until the signal aborts: that only reads, whoever leads. */
  async follow(outer: AbortSignal): Promise<void> {
    const group = new TaskGroup(outer);
    const syncs = this.#informer(group.signal);
    const followed = this.#following(group.signal);
    this.#syncs = syncs;
    this.#followed = followed;
    group.start(() => syncs.run());
    group.start((stop) => this.#dropUnused(followed, stop));
    await group.ended();
    await followed.ended();
  }

  /** Resolves when MeshSyncs were read once; rejects with the signal's reason. @throws before {@linkcode follow} */
  async whenSynced(signal: AbortSignal): Promise<void> {
    if (this.#syncs === undefined) throw new Error("Nothing is followed yet");
    await this.#syncs.whenSynced(signal);
  }

  /** Follows also what MeshSyncs say that they applied on which others work, until the signal aborts. */
  async standBy(signal: AbortSignal): Promise<void> {
    const [followed, syncs] = [this.#followed, this.#syncs];
    if (followed === undefined || syncs === undefined) throw new Error("Nothing is followed yet");
    const isLed = ({ metadata }: MeshSync) =>
      [...this.#workers].some((worker) => worker.isOwn(metadata.namespace ?? ""));
    await this.#standby.run({ followed, syncs, isLed }, signal);
  }

  /**
   * For who followed while another process led: resolves when MeshSyncs are known as they are now, and what they applied
   * too, or a while later: what is not known by then is asked for.
   *
   * @param options.isReread whether definitions changed: then all MeshSyncs are read again
   * @throws the signal's reason
   */
  async compare(signal: AbortSignal, options: { readonly isReread: boolean }): Promise<void> {
    const [followed, syncs] = [this.#followed, this.#syncs];
    await Promise.all([
      syncs?.compare(signal, options),
      this.#inTime((limit) => followed?.compare(limit), signal),
    ]);
  }

  /** What is not read yet, for the readiness check. */
  unsynced(): string | undefined {
    return this.#syncs?.synced === true ? undefined : this.#syncs?.problem ?? "not started";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#programs[Symbol.asyncDispose]();
    this.reader[Symbol.dispose]();
  }

  #list(): readonly MeshSync[] {
    return (this.#syncs?.list() ?? []) as readonly MeshSync[];
  }

  #following(signal: AbortSignal): FollowedAccounts {
    const proven = (sync: MeshSync) => [...this.#workers].flatMap((worker) => worker.typesOf(sync));
    return new FollowedAccounts(this.#parts, {
      signal,
      typesOf: (sync) => [...proven(sync), ...this.#standby.typesOf(sync)],
      meshKinds: () => this.#meshes.caches,
      onChange: (change) => this.#changedObject(change),
      onSynced: (type, isMeant) => this.#doubt(type, isMeant),
      onRefused: (type, isMeant) => {
        for (const worker of this.#workers) worker.refused(type, isMeant);
      },
      // Waits a while until kinds are read: without, a pass asks for each object.
      whenRead: (followed, types, stop) =>
        this.#inTime((limit) => followed.whenRead(types, limit), stop),
    });
  }

  /** Waits for something, but not for long. @throws what it throws, and the signal's reason */
  async #inTime(
    wait: (limit: AbortSignal) => Promise<void> | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    using limit = deadline(FOLLOW_WAIT_MS, { clock: this.#parts.clock, signal });
    try {
      await wait(limit.signal);
    } catch (error) {
      if (!limit.signal.aborted || signal.aborted) throw error;
    }
  }

  /** Now and then ends to follow kinds that no sync applies any more. */
  async #dropUnused(followed: FollowedAccounts, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(KEEP_MS, { clock: this.#parts.clock, signal });
      if (!signal.aborted && this.#syncs?.synced === true) followed.keep(this.#list());
    }
  }

  #informer(signal: AbortSignal): Informer {
    const { config, transport, clock, log, metrics } = this.#parts;
    const { watchedNamespace } = config;
    const type = resourceOf("MeshSync");
    return new Informer({
      transport,
      type,
      ...(watchedNamespace === undefined ? {} : { namespace: watchedNamespace }),
      onChange: (change) => this.#changed(change),
      onRestart: (cause) => metrics.countWatchRestart("MeshSync", cause),
      onSynced: () => this.#doubt(type, () => true),
      clock,
      log,
      signal,
    });
  }

  #changed(change: ObjectChange): void {
    const woken = wokenBy(change, this.#list());
    for (const worker of this.#workers) worker.wake(woken);
    this.#notice(change);
  }

  #notice(change: ObjectChange): void {
    const object = change.after ?? change.before;
    if (object === undefined || !isMeshKind(object)) return;
    this.#changedObject(change);
  }

  #changedObject(change: ObjectChange): void {
    for (const worker of this.#workers) worker.notice(change);
  }

  /** What happened while nobody watched a kind is not known. */
  #doubt(type: ResourceType, isMeant: (sync: MeshSync) => boolean): void {
    for (const worker of this.#workers) worker.doubt(type, isMeant);
  }
}
