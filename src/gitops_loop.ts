import { isMeshKind, type MeshSync, resourceOf } from "#api";
import { deadline, keyOf, keyText, type Next, type ObjectKey } from "#base";
import { gitSource } from "#git";
import {
  BOOTSTRAP_NAME,
  dependencyKeys,
  ensureBootstrap,
  type GitOpsContext,
  type OnceReport,
  OtherSyncError,
  reconcileMeshSync,
  SyncMemory,
  syncOnce,
  Turns,
} from "#gitops";
import {
  actingAs,
  type ClusterClient,
  httpCluster,
  Informer,
  type ObjectChange,
  type ResourceType,
  serviceAccountUser,
} from "#kube";
import { Notifier } from "#notify";
import { Controller } from "#runtime";
import { FollowedKinds } from "./followed_kinds.ts";
import { type Parts, untilDone } from "./parts.ts";
import type { MeshController } from "./mesh_controller.ts";

/**
 * MeshSyncs that have a pass at the same time: in effect all, as most of a pass is waiting for others. How many ask remotes
 * is bounded in the Git room, where those that do not answer are set aside, and what is heavy takes turns.
 */
const PASSES_AT_ONCE = 1_024;

/** MeshSyncs that are fetched and applied at the same time: few, as each holds a whole revision in memory. */
const SYNCS_AT_ONCE = 4;

/** How long a pass waits for kinds to be read. */
const FOLLOW_WAIT_MS = 10_000;

/** The cache and the queue of MeshSyncs, wired to the GitOps room. */
export class GitOpsLoop {
  readonly #parts: Parts;
  readonly #controller: MeshController;
  readonly #memory = new SyncMemory();
  readonly #clients = new Map<string, ClusterClient>();
  #syncs: Informer | undefined;
  #followed: FollowedKinds | undefined;
  #queue: Controller | undefined;
  readonly #notices: Notifier;
  /** Whether the MeshSync of the flags had its first pass, however that ended. */
  #isBootstrapped = false;

  constructor(parts: Parts, controller: MeshController) {
    this.#parts = parts;
    this.#controller = controller;
    this.#notices = new Notifier(parts);
    // What was applied from Git is watched by the controller's caches: drift and readiness come from there.
    controller.onChange((change) => this.#notice(change));
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const syncs = this.#informer(signal);
    this.#syncs = syncs;
    const following = syncs.run();
    // Without the caches of what it applies it would ask for each object.
    await Promise.all([syncs.whenSynced(signal), this.#controller.whenSynced(signal)])
      .catch((error) => {
        if (!signal.aborted) throw error;
      });
    const queue = this.#build(syncs, signal);
    this.#queue = queue;
    for (const sync of syncs.list()) queue.enqueue(keyOf(sync));
    try {
      await Promise.all([following, queue.run(), this.#bootstrap(signal)]);
      await this.#followed?.ended();
    } finally {
      await this.#notices[Symbol.asyncDispose]();
    }
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
      await this.#notices[Symbol.asyncDispose]();
    }
  }

  /** What is not read yet, for the readiness check. */
  unsynced(): string | undefined {
    if (this.#syncs?.synced !== true) return this.#syncs?.problem ?? "not started";
    const isAwaited = this.#parts.config.bootstrap !== undefined && !this.#isBootstrapped;
    return isAwaited ? "the MeshSync of the flags was not looked at yet" : undefined;
  }

  /** A pass that does not end, for the liveness check. */
  stuck(): string | undefined {
    return this.#queue?.problem();
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

  async #pass(key: ObjectKey, ctx: GitOpsContext): Promise<Next> {
    try {
      return await reconcileMeshSync(key, ctx);
    } finally {
      if (keyText(key) === keyText(this.#bootstrapKey()) && ctx.syncs.get(key) !== undefined) {
        this.#isBootstrapped = true;
      }
    }
  }

  #build(syncs: Informer, signal: AbortSignal): Controller {
    const { clock, log, metrics } = this.#parts;
    const followed = new FollowedKinds(this.#parts, {
      signal,
      onChange: (change) => this.#wakeOwners(change),
    });
    this.#followed = followed;
    const ctx: GitOpsContext = {
      ...this.#context(signal),
      syncs,
      follow: (types) => this.#followRead(followed, types, signal),
      followed: (type) => followed.cache(type),
      wake: (key) => this.#wake(key),
      turns: new Turns(SYNCS_AT_ONCE),
    };
    return new Controller({
      name: "MeshSync",
      reconcile: (key, passSignal) => this.#pass(key, { ...ctx, signal: passSignal }),
      concurrency: PASSES_AT_ONCE,
      clock,
      metrics,
      log,
      signal,
    });
  }

  /** Follows kinds and waits a while until they are read: without, a pass asks for each object. */
  async #followRead(
    followed: FollowedKinds,
    types: readonly ResourceType[],
    signal: AbortSignal,
  ): Promise<void> {
    followed.follow(types);
    using limit = deadline(FOLLOW_WAIT_MS, { clock: this.#parts.clock, signal });
    try {
      await followed.whenRead(types, limit.signal);
    } catch (error) {
      if (!limit.signal.aborted) throw error;
    }
  }

  #context(signal: AbortSignal): Omit<GitOpsContext, "syncs"> {
    const { config, cluster, clock, log, metrics, events } = this.#parts;
    const { bootstrap, cacheDirectory } = config;
    return {
      cluster,
      clientOf: (account) => this.#clientOf(account),
      caches: this.#controller.caches,
      memory: this.#memory,
      git: gitSource({ cacheDirectory }),
      clock,
      log,
      metrics,
      events,
      notices: this.#notices,
      ...(bootstrap === undefined
        ? {}
        : { bootstrap: { key: this.#bootstrapKey(), url: bootstrap.url } }),
      signal,
    };
  }

  /** One client for each account, as each finds out by itself which kinds there are. */
  #clientOf(account: ObjectKey): ClusterClient {
    const user = serviceAccountUser(account);
    const { transport, clock } = this.#parts;
    const client = this.#clients.get(user) ?? httpCluster(actingAs(transport, user), { clock });
    this.#clients.set(user, client);
    return client;
  }

  #informer(signal: AbortSignal): Informer {
    const { config, transport, clock, log, metrics } = this.#parts;
    const { watchedNamespace } = config;
    return new Informer({
      transport,
      type: resourceOf("MeshSync"),
      ...(watchedNamespace === undefined ? {} : { namespace: watchedNamespace }),
      onChange: (change) => this.#changed(change),
      onRestart: (cause) => metrics.countWatchRestart("MeshSync", cause),
      clock,
      log,
      signal,
    });
  }

  #changed(change: ObjectChange): void {
    const sync = change.after ?? change.before;
    if (sync !== undefined) {
      this.#queue?.enqueue(keyOf(sync));
      for (const key of this.#dependants(keyOf(sync))) this.#queue?.enqueue(key);
    }
    this.#notice(change);
  }

  /** The syncs that wait for another one: its events are theirs. */
  #dependants(key: ObjectKey): ObjectKey[] {
    const syncs = (this.#syncs?.list() ?? []) as readonly MeshSync[];
    return syncs.filter((sync) =>
      dependencyKeys(sync).some((other) => keyText(other) === keyText(key))
    ).map(keyOf);
  }

  /** Has a sync look at its repository now, whatever its interval. */
  #wake(key: ObjectKey): void {
    this.#memory.setState(key, { ...this.#memory.state(key), nextLookAtMs: 0 });
    this.#queue?.enqueue(key);
  }

  #notice(change: ObjectChange): void {
    const object = change.after ?? change.before;
    if (object === undefined || !isMeshKind(object)) return;
    this.#wakeOwners(change);
  }

  #wakeOwners(change: ObjectChange): void {
    for (const key of this.#memory.notice(change)) this.#queue?.enqueue(key);
  }
}
