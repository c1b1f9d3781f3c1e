import { COMPONENT_KINDS } from "#api";
import {
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
  reconcileComponent,
  type ReconcileContext,
  type ReconciledKind,
  reconcileMesh,
  ScalingLoop,
  StatusPace,
  TerminationLogs,
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

/** Caches, queues and reconcilers of the kinds of `compute.functionmesh.io`, wired together. */
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
  readonly #synced = Promise.withResolvers<void>();
  #caches: ReconcileContext["caches"] = {};
  #quarantineOf: (object: KubeObject) => string | undefined = () => undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The caches by kind; empty before {@linkcode run} has found out what the API server serves. */
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

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await using terminationLogs = this.#terminationLogs();
    const group = new TaskGroup(signal);
    group.start((stop) => this.#start(group, { signal: stop, terminationLogs }));
    await group.ended();
  }

  async #start(
    group: TaskGroup,
    { signal, terminationLogs }: {
      readonly signal: AbortSignal;
      readonly terminationLogs: TerminationLogs;
    },
  ): Promise<void> {
    await untilDone("Look for autoscaler APIs", this.#parts, signal, async () => {
      const { cluster } = this.#parts;
      const vertical = await cluster.resourceType("autoscaling.k8s.io/v1", "VerticalPodAutoscaler");
      this.#build(vertical !== undefined, { signal, terminationLogs });
    });
    const informers = [...this.#informers.values()];
    for (const informer of informers) group.start(() => informer.run());
    await Promise.all(informers.map((informer) => informer.whenSynced(signal)))
      .catch((error) => {
        if (!signal.aborted) throw error;
      });
    if (!signal.aborted) {
      const objects = informers.reduce((sum, { size }) => sum + size, 0);
      this.#parts.log.info("Caches are synced", { objects });
      this.#synced.resolve();
    }
    for (const controller of this.#controllers.values()) group.start(() => controller.run());
    group.start((stop) => this.#resync(stop));
    group.start((stop) => this.#pollMetrics(stop));
    group.start((stop) => this.#followBacklogs(stop));
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

  #build(
    verticalPodAutoscaler: boolean,
    { signal, terminationLogs }: {
      readonly signal: AbortSignal;
      readonly terminationLogs: TerminationLogs;
    },
  ): void {
    const { config, clock, log, metrics } = this.#parts;
    const options = { ...config, verticalPodAutoscaler };
    for (const watch of watched(options)) {
      this.#informers.set(watch.type.kind, this.#informer(watch, signal));
    }
    this.#caches = Object.fromEntries(this.#informers);
    const ctx = this.#context(verticalPodAutoscaler, terminationLogs);
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
    for (const { kind, key } of watch.wakes(change, this.#caches)) {
      this.#controllers.get(kind)?.enqueue(key);
    }
    for (const listener of this.#listeners) listener(change);
  }

  /** A global BackendConfig may live outside the one namespace that is watched (W-25). */
  #namespaceOf(kind: string): string | undefined {
    const { watchedNamespace, globalBackendConfig } = this.#parts.config;
    const isElsewhere = kind === "BackendConfig" && globalBackendConfig !== undefined &&
      globalBackendConfig.namespace !== watchedNamespace;
    return isElsewhere ? undefined : watchedNamespace;
  }

  #context(
    verticalPodAutoscaler: boolean,
    terminationLogs: TerminationLogs,
  ): ReconcileContext {
    const { config, cluster, clock, log, metrics, events } = this.#parts;
    return {
      cluster,
      caches: this.#caches,
      settings: { ...config.settings, verticalPodAutoscaler },
      options: config,
      version: VERSION,
      clock,
      log,
      metrics,
      events,
      settled: this.#settled,
      scaled: this.#scaled,
      letGo: this.#letGo,
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
