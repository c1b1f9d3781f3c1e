import { isMeshKind, type MeshSync, resourceOf } from "#api";
import {
  deadline,
  keyOf,
  keyText,
  type Next,
  type ObjectKey,
  pause,
  Semaphore,
  TaskGroup,
} from "#base";
import { gitSource } from "#git";
import {
  actingClient,
  BOOTSTRAP_NAME,
  ensureBootstrap,
  type ObjectCaches,
  type OnceReport,
  OtherSyncError,
  passMsMax,
  Proofs,
  quarantinedRevision,
  reconcileSync,
  type SyncContext,
  syncOnce,
  wokenBy,
} from "#gitops";
import { ManifestReader } from "#manifests";
import { type Cache, Informer, type ObjectChange, type ResourceType } from "#kube";
import { Notifier } from "#notify";
import { Controller } from "#runtime";
import { FollowedAccounts } from "./followed_accounts.ts";
import { type Parts, untilDone } from "./parts.ts";
import type { MeshController } from "./mesh_controller.ts";
import { StandbyKinds } from "./standby_kinds.ts";

/**
 * MeshSyncs that have a pass at the same time: in effect all, as most of a pass is waiting for others. How many ask remotes
 * is bounded in the Git room, where those that do not answer are set aside, and what is heavy takes turns.
 */
const PASSES_AT_ONCE = 1_024;

/** Revisions whose files are in memory at the same time; one namespace leaves a place for others. */
const READING_AT_ONCE = 4;

/** How often it is looked which kinds nobody applies any more. */
const KEEP_MS = 300_000;

/** So long others may become ready, or cease to be, before all of them are looked at. */
const HEALTH_PACE_MS = 250;

/** How long a pass waits for kinds to be read, or a new leader until they are compared. */
const FOLLOW_WAIT_MS = 10_000;

/** The cache and the queue of MeshSyncs, wired to the GitOps room. */
export class GitOpsLoop {
  readonly #parts: Parts;
  readonly #controller: MeshController;
  readonly #proofs = new Proofs();
  readonly #reading = new Semaphore(READING_AT_ONCE, { shareMax: READING_AT_ONCE - 1 });
  readonly #reader: ManifestReader;
  #syncs: Informer | undefined;
  #followed: FollowedAccounts | undefined;
  readonly #standby: StandbyKinds;
  #queue: Controller | undefined;
  readonly #notices: Notifier;
  /** Whether the MeshSync of the flags had its first pass, however that ended. */
  #isBootstrapped = false;

  constructor(parts: Parts, controller: MeshController) {
    this.#parts = parts;
    this.#controller = controller;
    this.#standby = new StandbyKinds(parts);
    this.#notices = new Notifier({ ...parts, readerFor: (sync) => actingClient(sync, parts) });
    this.#reader = new ManifestReader(parts);
    // What was applied from Git is watched by the controller's caches: drift and readiness come from there.
    controller.onChange((change) => this.#notice(change));
    controller.onSynced((type) => this.#wakeDoubting(type, () => true));
    controller.setQuarantines((object) =>
      quarantinedRevision(object, (this.#syncs?.list() ?? []) as readonly MeshSync[])
    );
  }

  /** Follows MeshSyncs, and what they apply, until the signal aborts: that only reads, whoever leads. */
  async follow(outer: AbortSignal): Promise<void> {
    const group = new TaskGroup(outer);
    const syncs = this.#informer(group.signal);
    this.#syncs = syncs;
    this.#followed = this.#following(group.signal);
    group.start(() => syncs.run());
    await group.ended();
    await this.#followed.ended();
  }

  /** While another process leads: follows what MeshSyncs say that they applied, until the signal aborts. */
  async standBy(signal: AbortSignal): Promise<void> {
    const [followed, syncs] = [this.#followed, this.#syncs];
    if (followed === undefined || syncs === undefined) throw new Error("Nothing is followed yet");
    await this.#standby.run({ followed, syncs }, signal);
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

  /** Works until the signal aborts, with what {@linkcode follow} sees. */
  async run(outer: AbortSignal): Promise<void> {
    const [followed, syncs] = [this.#followed, this.#syncs];
    if (followed === undefined || syncs === undefined) throw new Error("Nothing is followed yet");
    const group = new TaskGroup(outer);
    this.#sayRights();
    try {
      group.start((stop) => this.#work({ followed, syncs }, stop));
      group.start((stop) => this.#bootstrap(stop));
      group.start((stop) => this.#dropUnused(stop));
      await group.ended();
    } finally {
      await this.#reader[Symbol.asyncDispose]();
      await this.#notices[Symbol.asyncDispose]();
    }
  }

  /** Arguments of an earlier version name no account: then Git has the rights of the program, which are many. */
  #sayRights(): void {
    const { log, tenancy } = this.#parts;
    if (tenancy.account !== undefined || tenancy.isSingleTenant) return;
    log.warn("MeshSyncs of the program's namespace act with the program's own rights", {
      namespace: tenancy.home,
      kinds: tenancy.kinds,
      hint: "Apply what `meshwright install` of this version prints, which names an account " +
        "(--gitops-service-account), or say --single-tenant",
    });
  }

  async #work(
    { followed, syncs }: { readonly followed: FollowedAccounts; readonly syncs: Informer },
    signal: AbortSignal,
  ): Promise<void> {
    // Without the caches of what it applies it would ask for each object.
    await Promise.all([syncs.whenSynced(signal), this.#controller.whenSynced(signal)])
      .catch((error) => {
        if (!signal.aborted) throw error;
      });
    const queue = this.#build({ followed, syncs }, signal);
    this.#queue = queue;
    for (const sync of syncs.list()) queue.enqueue(keyOf(sync));
    await queue.run();
  }

  /** Brings the MeshSync of the flags to convergence once, and says how that went. */
  async once(
    signal: AbortSignal,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<OnceReport> {
    try {
      await this.#bootstrap(signal, "sync");
      return await syncOnce(this.#bootstrapKey(), this.#context(signal), { timeoutMs });
    } catch (error) {
      if (!(error instanceof OtherSyncError)) throw error;
      const { message } = error;
      return { exit: 1, reason: "OtherSync", message, revision: undefined, counts: {} };
    } finally {
      await this.#reader[Symbol.asyncDispose]();
      await this.#notices[Symbol.asyncDispose]();
    }
  }

  /** The cache of MeshSyncs; undefined before {@linkcode follow}. */
  get syncs(): Cache | undefined {
    return this.#syncs;
  }

  /** When a MeshSync looks at its repository again, on the monotonic clock; undefined where that is not known. */
  nextLookAtMs(key: ObjectKey): number | undefined {
    return this.#proofs.pass(key).nextLookAtMs || undefined;
  }

  /** What is not read yet, for the readiness check. */
  unsynced(): string | undefined {
    if (this.#syncs?.synced !== true) return this.#syncs?.problem ?? "not started";
    const isAwaited = this.#parts.config.bootstrap !== undefined && !this.#isBootstrapped;
    return isAwaited ? "the MeshSync of the flags was not looked at yet" : undefined;
  }

  /** A pass or a thread that does not end, for the liveness check. */
  stuck(): string | undefined {
    return this.#reader.problem() ?? this.#queue?.problem();
  }

  async #bootstrap(signal: AbortSignal, owner: "run" | "sync" = "run"): Promise<void> {
    const { config, cluster, namespace } = this.#parts;
    const { bootstrap } = config;
    if (bootstrap === undefined) return;
    let refusal: OtherSyncError | undefined;
    await untilDone("Make the MeshSync of the flags", this.#parts, signal, async () => {
      try {
        await ensureBootstrap(cluster, { ...bootstrap, namespace, owner, signal });
      } catch (error) {
        // Trying again is of no use.
        if (!(error instanceof OtherSyncError)) throw error;
        refusal = error;
      }
    });
    if (refusal !== undefined) throw refusal;
  }

  #bootstrapKey(): ObjectKey {
    const { config, namespace } = this.#parts;
    return { namespace, name: config.bootstrap?.name ?? BOOTSTRAP_NAME };
  }

  async #pass(key: ObjectKey, ctx: SyncContext): Promise<Next> {
    try {
      return await reconcileSync(key, ctx);
    } finally {
      if (keyText(key) === keyText(this.#bootstrapKey()) && ctx.syncs.get(key) !== undefined) {
        this.#isBootstrapped = true;
      }
    }
  }

  #following(signal: AbortSignal): FollowedAccounts {
    const proven = (sync: MeshSync) =>
      [...this.#proofs.of(keyOf(sync)).values()].flatMap(({ type }) => type ?? []);
    return new FollowedAccounts(this.#parts, {
      signal,
      typesOf: (sync) => [...proven(sync), ...this.#standby.typesOf(sync)],
      meshKinds: () => this.#controller.caches,
      onChange: (change) => this.#wakeOwners(change),
      onSynced: (type, isMeant) => this.#wakeDoubting(type, isMeant),
      onRefused: (type, isMeant) => this.#wakeOwning(type, isMeant),
      // Waits a while until kinds are read: without, a pass asks for each object.
      whenRead: (followed, types, stop) =>
        this.#inTime((limit) => followed.whenRead(types, limit), stop),
    });
  }

  #build(
    { followed, syncs }: { readonly followed: FollowedAccounts; readonly syncs: Informer },
    signal: AbortSignal,
  ): Controller {
    const { clock, log, metrics } = this.#parts;
    const ctx: SyncContext = {
      ...this.#context(signal),
      syncs: {
        get: (key) => syncs.get(key),
        list: () => Promise.resolve(syncs.list() as readonly MeshSync[]),
        observe: (object) => syncs.observe(object),
        get synced() {
          return syncs.synced;
        },
      },
      cachesFor: (sync) => followed.of(sync),
      isTransient: false,
    };
    return new Controller({
      name: "MeshSync",
      reconcile: (key, passSignal) => this.#pass(key, { ...ctx, signal: passSignal }),
      concurrency: PASSES_AT_ONCE,
      // Each pass has the limit that its spec says, and ends by itself; this is for one that does not.
      passMsMax: (key) => passMsMax(syncs.get(key) as MeshSync | undefined),
      clock,
      metrics,
      log,
      signal,
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
  async #dropUnused(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(KEEP_MS, { clock: this.#parts.clock, signal });
      const syncs = (this.#syncs?.list() ?? []) as readonly MeshSync[];
      if (!signal.aborted && this.#syncs?.synced === true) this.#followed?.keep(syncs);
    }
  }

  #context(signal: AbortSignal): Omit<SyncContext, "isTransient" | "syncs"> {
    const { clientOf, config, cluster, clock, log, metrics, events, tenancy } = this.#parts;
    const { bootstrap, cacheDirectory } = config;
    return {
      cluster,
      clientOf,
      tenancy,
      caches: NO_CACHES,
      proofs: this.#proofs,
      reading: this.#reading,
      readManifests: (inputs, files, call) => this.#reader.read(inputs, files, call),
      wake: (key) => this.#wake(key),
      git: gitSource({ cacheDirectory, addresses: this.#parts.addresses }),
      clock,
      log,
      metrics,
      events,
      notices: this.#notices,
      ...(bootstrap === undefined
        ? {}
        : { bootstrap: { key: this.#bootstrapKey(), url: bootstrap.url } }),
      random: Math.random,
      signal,
    };
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
      onSynced: () => this.#wakeDoubting(type, () => true),
      clock,
      log,
      signal,
    });
  }

  #changed(change: ObjectChange): void {
    for (const key of wokenBy(change, this.#syncs?.list() ?? [])) this.#queue?.enqueue(key);
    this.#notice(change);
  }

  /** Has a sync look at its repository now, whatever its interval. Of one that is gone nothing is remembered. */
  #wake(key: ObjectKey): void {
    if (this.#syncs?.get(key) === undefined) return;
    this.#proofs.setPass(key, { ...this.#proofs.pass(key), nextLookAtMs: 0 });
    this.#queue?.enqueue(key);
  }

  #notice(change: ObjectChange): void {
    const object = change.after ?? change.before;
    if (object === undefined || !isMeshKind(object)) return;
    this.#wakeOwners(change);
  }

  #wakeOwners(change: ObjectChange): void {
    for (const key of this.#proofs.notice(change)) this.#queue?.enqueue(key);
    for (const key of this.#proofs.observers(change)) {
      this.#queue?.enqueueAfter(key, HEALTH_PACE_MS);
    }
  }

  /** Who applies a kind says in its status that it is not followed. */
  #wakeOwning(type: ResourceType, isMeant: (sync: MeshSync) => boolean): void {
    for (const key of this.#owning(type, isMeant)) this.#queue?.enqueue(key);
  }

  /** What happened while nobody watched a kind is not known: all of it is compared again, at the cost of its cache. */
  #wakeDoubting(type: ResourceType, isMeant: (sync: MeshSync) => boolean): void {
    for (const key of this.#owning(type, isMeant)) {
      this.#proofs.doubt(key, type);
      this.#queue?.enqueue(key);
    }
  }

  /** The syncs that have objects of a kind, of those that are meant. */
  #owning(type: ResourceType, isMeant: (sync: MeshSync) => boolean): ObjectKey[] {
    return this.#proofs.owningKind(type).filter((key) => {
      const sync = this.#syncs?.get(key) as MeshSync | undefined;
      return sync === undefined || isMeant(sync);
    });
  }
}

/** Nothing is followed: all is asked. */
const NO_CACHES: ObjectCaches = {
  of: () => undefined,
  version: () => undefined,
  obstacle: () => undefined,
  follow: () => Promise.resolve(),
};
