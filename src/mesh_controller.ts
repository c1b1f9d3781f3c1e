import { COMPONENT_KINDS } from "#api";
import {
  isAbort,
  keyOf,
  type KubeObject,
  type Next,
  type ObjectKey,
  pause,
  spread,
  TaskGroup,
  unlessAborted,
} from "#base";
import { Informer, type ObjectChange, readContainerLog, type ResourceType } from "#kube";
import {
  isOnlyPolled,
  MetricsPoll,
  Neighbours,
  reconcileComponent,
  type ReconcileContext,
  type ReconciledKind,
  reconcileMesh,
  ScalingLoop,
  StatusPace,
  TerminationLogs,
  type WakeUp,
  type Watched,
  watched,
} from "#reconcile";
import { Controller } from "#runtime";
import { type Parts, untilDone } from "./parts.ts";
import { VERSION } from "./version.ts";

/** How often everything is looked at although nothing changed: a net under the watches that costs no request. */
const RESYNC_MS = 10 * 60_000;

/** From so many objects of a kind on that wait for a pass statuses that tell of work in progress may wait. */
const BUSY_DEPTH = 50;

/** An API that a cluster may be without. */
const VERTICAL = { apiVersion: "autoscaling.k8s.io/v1", kind: "VerticalPodAutoscaler" } as const;

/**
 * Caches, queues and reconcilers of the kinds of `compute.functionmesh.io`, wired together. Before it works, changes are
 * only seen: no queue remembers them, and all there is gets its pass when the work begins.
 */
export class MeshController {
  readonly #parts: Parts;
  readonly #informers = new Map<string, Informer>();
  readonly #controllers = new Map<ReconciledKind, Controller>();
  /** Told of each change that a cache sees, for whoever else lives on these caches. */
  readonly #listeners: ((change: ObjectChange) => void)[] = [];
  /** Told of each change of a component that a cache sees, and only of its numbers too. */
  readonly #seenListeners: ((change: ObjectChange) => void)[] = [];
  /** Told of each kind that was read as a whole. */
  readonly #syncedListeners: ((type: ResourceType) => void)[] = [];

  /** Objects that were applied without changing: see `settledMark`. */
  readonly #settled = new Map<string, string>();
  /** Children of meshes whose replicas were looked at: see `mayBeScaled`. */
  readonly #scaled: ReconcileContext["scaled"] = new Map();
  /** Components that were let go and that a cache may still show. */
  readonly #letGo = new Set<string>();
  readonly #neighbours = new Neighbours();
  readonly #synced = Promise.withResolvers<void>();
  /** Where informers run, once they do. */
  #following: TaskGroup | undefined;
  /** Ends one informer each. */
  readonly #stops = new Map<string, AbortController>();
  #verticalPodAutoscaler = false;
  #caches: ReconcileContext["caches"] = {};
  #quarantineOf: (object: KubeObject) => string | undefined = () => undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The caches by kind; empty before {@linkcode follow} has found out what the API server serves. */
  get caches(): ReconcileContext["caches"] {
    return this.#caches;
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

  /** Has `quarantineOf` say which revision an object went back from: its replicas stay as they are. */
  setQuarantines(quarantineOf: (object: KubeObject) => string | undefined): void {
    this.#quarantineOf = quarantineOf;
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
    await ended(group, signal);
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

  /** Works by the caches that {@linkcode follow} fills, once they are, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await using terminationLogs = this.#terminationLogs();
    const group = new TaskGroup(signal);
    group.start(async (stop) => {
      await this.whenSynced(stop);
      this.#build({ signal: stop, terminationLogs });
      for (const controller of this.#controllers.values()) group.start(() => controller.run());
      group.start((ending) => this.#resync(ending));
      group.start((ending) => this.#pollMetrics(ending));
      group.start((ending) => this.#followBacklogs(ending));
    });
    await ended(group, signal);
  }

  /** What is not read yet, for the readiness check. */
  unsynced(): string | undefined {
    if (this.#informers.size === 0) return "not started";
    const problems = [...this.#informers.values()]
      .filter((informer) => !informer.synced)
      .map((informer) => `${informer.type.kind}: ${informer.problem ?? "not read yet"}`);
    return problems.length === 0 ? undefined : problems.join("; ");
  }

  /** A pass that does not end, for the liveness check. */
  stuck(): string | undefined {
    return [...this.#controllers.values()].map((controller) => controller.problem())
      .find((problem) => problem !== undefined);
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
      ...(config.reconcileMeshes ? { neighbours: this.#neighbours } : {}),
    });
  }

  /** Builds the controllers, each with all that there is to look at. */
  #build(
    { signal, terminationLogs }: {
      readonly signal: AbortSignal;
      readonly terminationLogs: TerminationLogs;
    },
  ): void {
    const { config, clock, log, metrics } = this.#parts;
    const ctx = this.#context(terminationLogs);
    const kinds: readonly ReconciledKind[] = config.reconcileMeshes
      ? [...COMPONENT_KINDS, "FunctionMesh"]
      : COMPONENT_KINDS;
    for (const kind of kinds) {
      this.#controllers.set(
        kind,
        new Controller({
          name: kind,
          reconcile: (key, passSignal) => reconcileKind(kind, key, { ctx, signal: passSignal }),
          concurrency: config.concurrency,
          clock,
          metrics,
          log,
          signal,
        }),
      );
    }
    for (const { type, wakes } of this.#watched()) {
      for (const after of this.#informers.get(type.kind)?.list() ?? []) {
        this.#enqueue(wakes({ after }, this.#caches));
      }
    }
  }

  #enqueue(woken: readonly WakeUp[]): void {
    for (const { kind, key } of woken) this.#controllers.get(kind)?.enqueue(key);
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
      this.#settled.delete(before?.metadata.uid ?? "");
      this.#scaled.delete(before?.metadata.uid ?? "");
      this.#letGo.delete(before?.metadata.uid ?? "");
    }
    if (COMPONENT_KINDS.some((kind) => kind === watch.type.kind)) {
      for (const listener of this.#seenListeners) listener(change);
    }
    if (isOnlyPolled(change)) return;
    this.#enqueue(watch.wakes(change, this.#caches));
    for (const listener of this.#listeners) listener(change);
  }

  /** A global BackendConfig may live outside the one namespace that is watched (W-25). */
  #namespaceOf(kind: string): string | undefined {
    const { watchedNamespace, globalBackendConfig } = this.#parts.config;
    const isElsewhere = kind === "BackendConfig" && globalBackendConfig !== undefined &&
      globalBackendConfig.namespace !== watchedNamespace;
    return isElsewhere ? undefined : watchedNamespace;
  }

  #context(terminationLogs: TerminationLogs): ReconcileContext {
    const { config, cluster, clock, log, metrics, events } = this.#parts;
    return {
      cluster,
      caches: this.#caches,
      settings: { ...config.settings, verticalPodAutoscaler: this.#verticalPodAutoscaler },
      options: config,
      version: VERSION,
      clock,
      log,
      metrics,
      events,
      settled: this.#settled,
      scaled: this.#scaled,
      letGo: this.#letGo,
      neighbours: this.#neighbours,
      pace: new StatusPace(() => this.#isBusy()),
      terminationLogs,
    };
  }

  #isBusy(): boolean {
    return [...this.#controllers.values()].some(({ depth }) => depth >= BUSY_DEPTH);
  }

  /** Reads the logs of containers that failed: little of each, and beside the passes. */
  #terminationLogs(): TerminationLogs {
    const { transport, clock, log } = this.#parts;
    const limits = { linesMax: 100, bytesMax: 16_384, deadlineMs: 5_000, clock };
    return new TerminationLogs({
      read: (which, signal) => readContainerLog(transport, which, { ...limits, signal }),
      wake: ({ kind, key }) => this.#controllers.get(kind)?.enqueue(key),
      clock,
      log,
    });
  }

  async #pollMetrics(signal: AbortSignal): Promise<void> {
    const { addresses, cluster, clock, config, log } = this.#parts;
    const intervalMs = config.metricsPollIntervalMs ?? 0;
    if (intervalMs === 0) return;
    const ctx = { cluster, caches: this.#caches, clock, log };
    using poll = new MetricsPoll({ ctx, intervalMs, addresses });
    await poll.run(signal);
  }

  async #followBacklogs(signal: AbortSignal): Promise<void> {
    const { addresses, cluster, clock, config, events, log, metrics } = this.#parts;
    const intervalMs = config.scalingIntervalMs ?? 0;
    if (intervalMs === 0) return;
    const ctx = {
      cluster,
      caches: this.#caches,
      clock,
      events,
      log,
      metrics,
      options: config,
      quarantineOf: this.#quarantineOf,
    };
    using loop = new ScalingLoop({ ctx, intervalMs, addresses });
    await loop.run(signal);
  }

  async #resync(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!signal.aborted) {
      await pause(spread(RESYNC_MS, Math.random()), { clock, signal });
      for (const [kind, controller] of this.#controllers) {
        const objects = this.#informers.get(kind)?.list() ?? [];
        for (const object of objects) controller.enqueue(keyOf(object), "periodic");
      }
    }
  }
}

function reconcileKind(
  kind: ReconciledKind,
  key: ObjectKey,
  effects: { readonly ctx: ReconcileContext; readonly signal: AbortSignal },
): Promise<Next> {
  return kind === "FunctionMesh"
    ? reconcileMesh(key, effects)
    : reconcileComponent(kind, key, effects);
}

/** Resolves when all of a group has ended: that it was told to is no failure. */
async function ended(group: TaskGroup, signal: AbortSignal): Promise<void> {
  try {
    await group.ended();
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  }
}
