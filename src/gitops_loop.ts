import type { MeshSync } from "#api";
import { keyOf, keyText, type Next, type ObjectKey, TaskGroup } from "#base";
import {
  actingClient,
  BOOTSTRAP_NAME,
  ensureBootstrap,
  NO_CACHES,
  type OnceReport,
  OtherSyncError,
  passMsMax,
  Proofs,
  reconcileSync,
  type SyncContext,
  syncOnce,
} from "#gitops";
import type { ObjectChange, ResourceType } from "#kube";
import { Notifier } from "#notify";
import { Controller } from "#runtime";
import type { MeshCaches } from "./mesh_caches.ts";
import { type Parts, untilDone } from "./parts.ts";
import type { SyncCaches, SyncWorker } from "./sync_caches.ts";

/**
 * MeshSyncs that have a pass at the same time: in effect all, as most of a pass is waiting for others. How many ask remotes
 * is bounded in the Git room, where those that do not answer are set aside, and what is heavy takes turns.
 */
const PASSES_AT_ONCE = 1_024;

/** So long others may become ready, or cease to be, before all of them are looked at. */
const HEALTH_PACE_MS = 250;
/** The same, where only what they say of it became something else. */
const WORDS_PACE_MS = 2_000;

/** What the loop works by. */
export interface GitOpsLoopOptions {
  readonly meshes: MeshCaches;
  readonly syncs: SyncCaches;
  /** Whether it works on MeshSyncs of a namespace. */
  readonly isOwn: (namespace: string) => boolean;
}

/** The queue of MeshSyncs and what is proven of them, for as long as this process leads, wired to the GitOps room. */
export class GitOpsLoop implements SyncWorker {
  readonly #parts: Parts;
  readonly #meshes: MeshCaches;
  readonly #syncs: SyncCaches;
  readonly isOwn: GitOpsLoopOptions["isOwn"];
  readonly #proofs = new Proofs();
  #queue: Controller | undefined;
  readonly #notices: Notifier;
  /** Whether the MeshSync of the flags had its first pass, however that ended. */
  #isBootstrapped = false;

  constructor(parts: Parts, { isOwn, meshes, syncs }: GitOpsLoopOptions) {
    this.isOwn = isOwn;
    this.#parts = parts;
    this.#meshes = meshes;
    this.#syncs = syncs;
    this.#notices = new Notifier({ ...parts, readerFor: (sync) => actingClient(sync, parts) });
  }

  /** Works by the caches, once they are filled, until the signal aborts. */
  async run(outer: AbortSignal): Promise<void> {
    using _told = this.#syncs.join(this);
    const group = new TaskGroup(outer);
    this.#sayRights();
    try {
      group.start((stop) => this.#work(stop));
      group.start((stop) => this.#bootstrap(stop));
      await group.ended();
    } finally {
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

  async #work(signal: AbortSignal): Promise<void> {
    // Without the caches of what it applies it would ask for each object.
    await Promise.all([this.#syncs.whenSynced(signal), this.#meshes.whenSynced(signal)])
      .catch((error) => {
        if (!signal.aborted) throw error;
      });
    const queue = this.#build(signal);
    this.#queue = queue;
    this.wake((this.#syncs.syncs?.list() ?? []).map(keyOf));
    await queue.run();
  }

  /** Brings the MeshSync of the flags to convergence once, and says how that went. */
  async once(
    signal: AbortSignal,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<OnceReport> {
    using _told = this.#syncs.join(this);
    try {
      await this.#bootstrap(signal, "sync");
      return await syncOnce(this.#bootstrapKey(), this.#context(signal), { timeoutMs });
    } catch (error) {
      if (!(error instanceof OtherSyncError)) throw error;
      const { message } = error;
      return { exit: 1, reason: "OtherSync", message, revision: undefined, counts: {} };
    } finally {
      await this.#notices[Symbol.asyncDispose]();
    }
  }

  /** When a MeshSync looks at its repository again, on the monotonic clock; undefined where that is not known. */
  nextLookAtMs(key: ObjectKey): number | undefined {
    return this.#proofs.pass(key).nextLookAtMs || undefined;
  }

  /** What was not done yet, for the readiness check. */
  undone(): string | undefined {
    const isAwaited = this.#bootstrapOfFlags() !== undefined && !this.#isBootstrapped;
    return isAwaited ? "the MeshSync of the flags was not looked at yet" : undefined;
  }

  /** A pass that does not end, for the liveness check. */
  stuck(): string | undefined {
    return this.#queue?.problem();
  }

  typesOf(sync: MeshSync): ResourceType[] {
    return [...this.#proofs.of(keyOf(sync)).values()].flatMap(({ type }) => type ?? []);
  }

  wake(keys: readonly ObjectKey[]): void {
    for (const key of keys) {
      if (this.isOwn(key.namespace)) this.#queue?.enqueue(key);
    }
  }

  /** Of a sync that is gone nothing is remembered. */
  lookNow(key: ObjectKey): void {
    if (!this.isOwn(key.namespace) || this.#syncs.syncs?.get(key) === undefined) return;
    this.#proofs.setPass(key, { ...this.#proofs.pass(key), nextLookAtMs: 0 });
    this.#queue?.enqueue(key);
  }

  notice(change: ObjectChange): void {
    this.wake(this.#proofs.notice(change));
    const { isOnlyWords, keys } = this.#proofs.observers(change);
    const paceMs = isOnlyWords ? WORDS_PACE_MS : HEALTH_PACE_MS;
    for (const key of keys) this.#queue?.enqueueAfter(key, paceMs);
  }

  /** All objects of a kind are compared again, at the cost of its cache. */
  doubt(type: ResourceType, isMeant: (sync: MeshSync) => boolean): void {
    for (const key of this.#owning(type, isMeant)) {
      this.#proofs.doubt(key, type);
      this.#queue?.enqueue(key);
    }
  }

  refused(type: ResourceType, isMeant: (sync: MeshSync) => boolean): void {
    this.wake(this.#owning(type, isMeant));
  }

  async #bootstrap(signal: AbortSignal, owner: "run" | "sync" = "run"): Promise<void> {
    const { cluster, namespace } = this.#parts;
    const bootstrap = this.#bootstrapOfFlags();
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

  /** The MeshSync that flags ask for, where this is who makes it. */
  #bootstrapOfFlags() {
    const { config: { bootstrap }, namespace } = this.#parts;
    return this.isOwn(namespace) ? bootstrap : undefined;
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

  #build(signal: AbortSignal): Controller {
    const { clock, log, metrics } = this.#parts;
    const syncs = this.#syncs.followedSyncs;
    const ctx: SyncContext = {
      ...this.#context(signal),
      syncs,
      cachesFor: (sync) => this.#syncs.cachesFor(sync),
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

  #context(signal: AbortSignal): Omit<SyncContext, "isTransient" | "syncs"> {
    const { clientOf, config, cluster, clock, log, metrics, events, tenancy } = this.#parts;
    const { bootstrap } = config;
    return {
      cluster,
      clientOf,
      tenancy,
      caches: NO_CACHES,
      proofs: this.#proofs,
      reading: this.#syncs.reading,
      readManifests: (inputs, files, call) => this.#syncs.reader.read(inputs, files, call),
      wake: (key) => this.#syncs.lookNow(key),
      git: this.#syncs.git,
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

  /** The syncs that have objects of a kind, of those that are meant. */
  #owning(type: ResourceType, isMeant: (sync: MeshSync) => boolean): ObjectKey[] {
    return this.#proofs.owningKind(type).filter((key) => {
      const sync = this.#syncs.syncs?.get(key) as MeshSync | undefined;
      return sync === undefined || isMeant(sync);
    });
  }
}
