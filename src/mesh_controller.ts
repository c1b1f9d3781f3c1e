import { COMPONENT_KINDS } from "#api";
import { keyOf, type KubeObject, type Next, type ObjectKey, pause, spread, TaskGroup } from "#base";
import { readContainerLog } from "#kube";
import {
  MetricsPoll,
  reconcileComponent,
  type ReconcileContext,
  type ReconciledKind,
  reconcileMesh,
  ScalingLoop,
  StatusPace,
  TerminationLogs,
  type WakeUp,
} from "#reconcile";
import { Controller, type Lane } from "#runtime";
import type { MeshCaches, MeshWorker } from "./mesh_caches.ts";
import { type Parts, untilEnded } from "./parts.ts";
import { VERSION } from "./version.ts";

/** How often everything is looked at although nothing changed: a net under the watches that costs no request. */
const RESYNC_MS = 10 * 60_000;

/** How often it is looked whether fewer new objects come. */
const RELEASE_MS = 1_000;

/** From so many objects of a kind on that wait for a pass statuses that tell of work in progress may wait. */
const BUSY_DEPTH = 50;

/** What a controller works by. */
export interface MeshControllerOptions {
  readonly caches: MeshCaches;
  /** Which revision an object went back from: its replicas stay as they are. */
  readonly quarantineOf: (object: KubeObject) => string | undefined;
  /** Whether it works on resources of a namespace. */
  readonly isOwn: (namespace: string) => boolean;
}

/**
 * Queues and reconcilers of the kinds of `compute.functionmesh.io`, for as long as this process leads. All there is gets
 * its pass when the work begins.
 */
export class MeshController implements MeshWorker {
  readonly #parts: Parts;
  readonly #caches: MeshCaches;
  readonly #quarantineOf: MeshControllerOptions["quarantineOf"];
  readonly #isOwn: MeshControllerOptions["isOwn"];
  readonly #controllers = new Map<ReconciledKind, Controller>();

  /** Objects that were applied without changing: see `settledMark`. */
  readonly #settled = new Map<string, string>();
  /** Children of meshes whose replicas were looked at: see `mayBeScaled`. */
  readonly #scaled: ReconcileContext["scaled"] = new Map();
  /** Components that were let go and that a cache may still show. */
  readonly #letGo = new Set<string>();
  readonly #pace = new StatusPace(() => this.#isBusy());

  constructor(parts: Parts, { caches, isOwn, quarantineOf }: MeshControllerOptions) {
    this.#parts = parts;
    this.#caches = caches;
    this.#quarantineOf = quarantineOf;
    this.#isOwn = isOwn;
  }

  /** Works by the caches, once they are filled, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await using terminationLogs = this.#terminationLogs();
    using _told = this.#caches.join(this);
    const group = new TaskGroup(signal);
    group.start(async (stop) => {
      await this.#caches.whenSynced(stop);
      this.#build({ signal: stop, terminationLogs });
      for (const controller of this.#controllers.values()) group.start(() => controller.run());
      group.start((ending) => this.#resync(ending));
      group.start((ending) => this.#release(ending));
      group.start((ending) => this.#pollMetrics(ending));
      group.start((ending) => this.#followBacklogs(ending));
    });
    await untilEnded(group, signal);
  }

  wake(woken: readonly WakeUp[], lane: Lane = "change"): void {
    for (const { kind, key } of woken) {
      if (this.#isOwn(key.namespace)) this.#controllers.get(kind)?.enqueue(key, lane);
    }
  }

  forget(uid: string): void {
    this.#settled.delete(uid);
    this.#scaled.delete(uid);
    this.#letGo.delete(uid);
  }

  /** A pass that does not end, for the liveness check. */
  stuck(): string | undefined {
    return [...this.#controllers.values()].map((controller) => controller.problem())
      .find((problem) => problem !== undefined);
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
    // What changes from now on goes before what was there.
    this.wake(this.#caches.allWakes(), "periodic");
  }

  #context(terminationLogs: TerminationLogs): ReconcileContext {
    const { config, cluster, clock, log, metrics, events } = this.#parts;
    return {
      cluster,
      caches: this.#caches.caches,
      settings: { ...config.settings, verticalPodAutoscaler: this.#caches.verticalPodAutoscaler },
      options: config,
      version: VERSION,
      clock,
      log,
      metrics,
      events,
      settled: this.#settled,
      scaled: this.#scaled,
      letGo: this.#letGo,
      neighbours: this.#caches.neighbours,
      pace: this.#pace,
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
    const ctx = { cluster, caches: this.#caches.caches, clock, log };
    using poll = new MetricsPoll({ ctx, intervalMs, addresses, isOwn: this.#isOwn });
    await poll.run(signal);
  }

  async #followBacklogs(signal: AbortSignal): Promise<void> {
    const { addresses, cluster, clock, config, events, log, metrics } = this.#parts;
    const intervalMs = config.scalingIntervalMs ?? 0;
    if (intervalMs === 0) return;
    const ctx = {
      cluster,
      caches: this.#caches.caches,
      clock,
      events,
      log,
      metrics,
      options: config,
      quarantineOf: this.#quarantineOf,
    };
    using loop = new ScalingLoop({ ctx, intervalMs, addresses, isOwn: this.#isOwn });
    await loop.run(signal);
  }

  /** Lets go on who waited because many were new. */
  async #release(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!signal.aborted) {
      await pause(RELEASE_MS, { clock, signal });
      for (const { kind, key } of this.#pace.released(clock.monotonicMs())) {
        this.#controllers.get(kind)?.enqueue(key, "periodic");
      }
    }
  }

  async #resync(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!signal.aborted) {
      await pause(spread(RESYNC_MS, Math.random()), { clock, signal });
      for (const [kind, controller] of this.#controllers) {
        const keys = (this.#caches.caches[kind]?.list() ?? []).map(keyOf);
        for (const key of keys.filter(({ namespace }) => this.#isOwn(namespace))) {
          controller.enqueue(key, "periodic");
        }
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
