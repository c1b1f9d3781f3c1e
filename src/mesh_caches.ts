import { COMPONENT_KINDS } from "#api";
import { TaskGroup, unlessAborted } from "#base";
import { Informer, type ObjectChange, type ResourceType } from "#kube";
import {
  isOnlyPolled,
  Neighbours,
  type ReconcileContext,
  type WakeUp,
  type Watched,
  watched,
} from "#reconcile";
import { type Parts, untilDone, untilEnded } from "./parts.ts";

/** An API that a cluster may be without. */
const VERTICAL = { apiVersion: "autoscaling.k8s.io/v1", kind: "VerticalPodAutoscaler" } as const;

/** Who works by these caches. */
export interface MeshWorker {
  /** These want a pass. */
  wake(woken: readonly WakeUp[]): void;
  /** An object is gone. */
  forget(uid: string): void;
}

/**
 * Caches of the kinds of `compute.functionmesh.io` and of what is made for them. They are followed whoever leads; who
 * works by them is told whom a change wakes, and until somebody does, changes are only seen.
 */
export class MeshCaches {
  readonly #parts: Parts;
  readonly #informers = new Map<string, Informer>();
  readonly #workers = new Set<MeshWorker>();
  /** Told of each change that a cache sees, for whoever else lives on these caches. */
  readonly #listeners: ((change: ObjectChange) => void)[] = [];
  /** Told of each change of a component that a cache sees, and only of its numbers too. */
  readonly #seenListeners: ((change: ObjectChange) => void)[] = [];
  /** Told of each kind that was read as a whole. */
  readonly #syncedListeners: ((type: ResourceType) => void)[] = [];
  readonly neighbours = new Neighbours();
  readonly #synced = Promise.withResolvers<void>();
  /** Where informers run, once they do. */
  #following: TaskGroup | undefined;
  /** Ends one informer each. */
  readonly #stops = new Map<string, AbortController>();
  #verticalPodAutoscaler = false;
  #caches: ReconcileContext["caches"] = {};

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The caches by kind; empty before {@linkcode follow} has found out what the API server serves. */
  get caches(): ReconcileContext["caches"] {
    return this.#caches;
  }

  /** Whether the API server has vertical autoscalers. */
  get verticalPodAutoscaler(): boolean {
    return this.#verticalPodAutoscaler;
  }

  /** Has every change that a cache sees told to `listener` as well. */
  onChange(listener: (change: ObjectChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Has every change of a component told to `listener`, those too that are nothing but news of its numbers. */
  onSeen(listener: (change: ObjectChange) => void): void {
    this.#seenListeners.push(listener);
  }

  /**
   * Has `listener` told of a kind whose objects have all been read: at first, and again after a time in which changes
   * may have been missed, or after which the server went back.
   */
  onSynced(listener: (type: ResourceType) => void): void {
    this.#syncedListeners.push(listener);
  }

  /** Has a worker told whom changes wake, until the answer is disposed of. Of what there is: {@linkcode allWakes}. */
  join(worker: MeshWorker): Disposable {
    this.#workers.add(worker);
    return { [Symbol.dispose]: () => void this.#workers.delete(worker) };
  }

  /** Whom all that there is wakes. */
  allWakes(): WakeUp[] {
    return this.#watched().flatMap(({ type, wakes }) =>
      (this.#informers.get(type.kind)?.list() ?? [])
        .flatMap((after) => wakes({ after }, this.#caches))
    );
  }

  /** Resolves when all caches have been filled once; rejects with the signal's reason. */
  async whenSynced(signal: AbortSignal): Promise<void> {
    await unlessAborted(this.#synced.promise, signal);
  }

  /** Fills the caches and follows the cluster until the signal aborts: that only reads, whoever leads. */
  async follow(signal: AbortSignal): Promise<void> {
    const group = new TaskGroup(signal);
    this.#following = group;
    group.start(async (stop) => {
      await this.#followServed(stop);
      const informers = [...this.#informers.values()];
      await Promise.all(informers.map((informer) => informer.whenSynced(stop)));
      const objects = informers.reduce((sum, { size }) => sum + size, 0);
      this.#parts.log.info("Caches are synced", { objects });
      this.#synced.resolve();
    });
    await untilEnded(group, signal);
  }

  /**
   * For who followed while another process led: resolves when the caches know everything that is so now.
   *
   * @param options.isReread whether definitions changed: then all objects are read again
   * @throws the signal's reason
   */
  async compare(
    signal: AbortSignal,
    options: { readonly isReread: boolean },
  ): Promise<void> {
    await this.whenSynced(signal);
    await this.#followServed(signal);
    // Of Events, servers do not say how far a watch is.
    const decisive = this.#watched().filter(({ isHint }) => isHint !== true);
    const informers = decisive.flatMap(({ type }) => this.#informers.get(type.kind) ?? []);
    await Promise.all(informers.map((informer) => informer.compare(signal, options)));
  }

  /** What is not read yet, for the readiness check. */
  unsynced(): string | undefined {
    if (this.#informers.size === 0) return "not started";
    const problems = [...this.#informers.values()]
      .filter((informer) => !informer.synced)
      .map((informer) => `${informer.type.kind}: ${informer.problem ?? "not read yet"}`);
    return problems.length === 0 ? undefined : problems.join("; ");
  }

  /** Follows what there is to follow: that of an API which may be absent comes and goes with it. */
  async #followServed(signal: AbortSignal): Promise<void> {
    const group = this.#following;
    await untilDone("Look for autoscaler APIs", this.#parts, signal, async () => {
      const { cluster } = this.#parts;
      const type = await cluster.resourceType(VERTICAL.apiVersion, VERTICAL.kind, {
        isFresh: true,
      });
      this.#verticalPodAutoscaler = type !== undefined;
    });
    signal.throwIfAborted();
    const watches = this.#watched();
    for (const watch of watches) {
      const { kind } = watch.type;
      if (group === undefined || this.#informers.has(kind)) continue;
      const stop = new AbortController();
      const informer = this.#informer(watch, AbortSignal.any([group.signal, stop.signal]));
      this.#informers.set(kind, informer);
      this.#stops.set(kind, stop);
      group.start(() => informer.run());
    }
    for (const [kind, stop] of this.#stops) {
      if (watches.some(({ type }) => type.kind === kind)) continue;
      this.#informers.delete(kind);
      this.#stops.delete(kind);
      stop.abort(new DOMException("the kind is not served any more", "AbortError"));
    }
    this.#caches = Object.fromEntries(this.#informers);
  }

  #watched(): Watched[] {
    const verticalPodAutoscaler = this.#verticalPodAutoscaler;
    const { config } = this.#parts;
    return watched({
      ...config,
      verticalPodAutoscaler,
      ...(config.reconcileMeshes ? { neighbours: this.neighbours } : {}),
    });
  }

  #informer(watch: Watched, signal: AbortSignal): Informer {
    const { transport, clock, log, metrics } = this.#parts;
    const { type, labelSelector, fieldSelector, project } = watch;
    const namespace = this.#namespaceOf(type.kind);
    return new Informer({
      transport,
      type,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(project === undefined ? {} : { project }),
      onChange: (change) => this.#wake(watch, change),
      onRestart: (cause) => metrics.countWatchRestart(type.kind, cause),
      onSynced: () => {
        for (const listener of this.#syncedListeners) listener(type);
      },
      clock,
      log,
      signal,
    });
  }

  #wake(watch: Watched, change: ObjectChange): void {
    const { before, after } = change;
    if (after === undefined) {
      for (const worker of this.#workers) worker.forget(before?.metadata.uid ?? "");
    }
    if (COMPONENT_KINDS.some((kind) => kind === watch.type.kind)) {
      for (const listener of this.#seenListeners) listener(change);
    }
    if (isOnlyPolled(change)) return;
    const woken = watch.wakes(change, this.#caches);
    for (const worker of this.#workers) worker.wake(woken);
    for (const listener of this.#listeners) listener(change);
  }

  /** A global BackendConfig may live outside the one namespace that is watched (W-25). */
  #namespaceOf(kind: string): string | undefined {
    const { watchedNamespace, globalBackendConfig } = this.#parts.config;
    const isElsewhere = kind === "BackendConfig" && globalBackendConfig !== undefined &&
      globalBackendConfig.namespace !== watchedNamespace;
    return isElsewhere ? undefined : watchedNamespace;
  }
}
