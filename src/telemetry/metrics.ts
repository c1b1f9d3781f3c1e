import { type ObjectKey, systemClock } from "#base";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { exposition } from "./exposition.ts";
import { type ProcessOptions, registerProcessMetrics } from "./process_metrics.ts";
import { type ReconcileMeasure, ReconcileSeries } from "./reconcile_series.ts";
import { type MetricsSource, ResourceSeries } from "./resource_series.ts";

export type { ReconcileMeasure, ReconcileResult } from "./reconcile_series.ts";
export type { MetricsSource, ResourceSample, WatchSample } from "./resource_series.ts";

/** Why a watch had to start over; a closed set, because it is a label. */
export type RestartCause =
  | "expired"
  | "rewound"
  | "silent"
  | "network"
  | "refused"
  | "not_served"
  | "throttled"
  | "server"
  | "garbage";

/** One request to an API server, as it ended. */
export interface ApiRequestSample {
  /** What was meant: get, list, watch, create, apply, patch, delete, discover, … */
  readonly verb: string;
  readonly kind: string;
  /** The HTTP status, `timeout` (our deadline), `network` (no answer) or `aborted`. */
  readonly code: string;
}

/** The numbers that this program keeps. Durations are given in seconds except where the name says otherwise. */
export interface Metrics {
  /**
   * Times a pass over an object from now to the end of the scope.
   * @param kind the object's kind, e.g. `Function`
   */
  measureReconcile(kind: string, key: ObjectKey): ReconcileMeasure;
  /** Drops the series of an object that is gone (W-51); one that is being measured right now leaves none behind. */
  forget(kind: string, key: ObjectKey): void;
  /** So many more objects of a kind wait for a pass, or fewer: one process may have several queues of a kind. */
  changeQueueDepth(kind: string, by: number): void;
  observeQueueWait(kind: string, waitSeconds: number): void;
  countApiRequest(sample: ApiRequestSample): void;
  countWatchRestart(kind: string, cause: RestartCause): void;
  countDriftCorrected(kind: string): void;
  /** An object that somebody changes again and again. */
  countDriftFight(kind: string): void;
  observeGitFetch(result: "changed" | "unchanged" | "failed", seconds: number): void;
  countSync(result: "success" | "unchanged" | "held" | "failed" | "superseded"): void;
  observeSyncPhase(phase: "fetch" | "read" | "apply" | "prune" | "health", seconds: number): void;
  observeCommitToReady(seconds: number): void;
  countPruned(count: number): void;
  /** A revision that was not healthy went back. */
  countQuarantine(): void;
  /** How many objects of a MeshSync are as in an older revision; a series is there only while there are any. */
  setQuarantined(key: ObjectKey, objects: number): void;
  /** A service that was to be told, by how that ended. */
  countNotification(type: string, result: "told" | "failed" | "dropped"): void;
  /** What waits for a component, as far as it is known, and how many replicas it should have. */
  setScaling(
    kind: string,
    key: ObjectKey,
    scaling: { readonly waiting: number | undefined; readonly wanted: number },
  ): void;
  /** Drops the series of a component that no longer follows its backlog. */
  forgetScaling(kind: string, key: ObjectKey): void;
  countScaling(kind: string, direction: "up" | "down"): void;
  /** Whether this process is the one that works, of several replicas; or that works on a shard. */
  setLeader(isLeader: boolean, shard?: number): void;
  /** When a certificate that is served ends, in milliseconds since 1970. */
  setCertificateEnd(use: "console" | "metrics" | "webhook", endMs: number): void;
  /** Has each exposition tell of resources and watches what `source` says, until the answer is disposed of. */
  follow(source: MetricsSource): Disposable;
  /** What there is: dashboards and alerts are held against it. */
  definitions(): MetricDefinition[];
  /** The exposition in the text format, and its content type. Who asks while it is made gets the same one. */
  exposition(): Promise<{ readonly text: string; readonly contentType: string }>;
}

/** A metric without its values. */
export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
}

/** What {@linkcode createMetrics} can be told; everything has a real default. */
export interface MetricsOptions extends ProcessOptions {
  /** Milliseconds since some fixed point, never going back. */
  readonly nowMs?: () => number;
  /** Lets everything else have a turn while a long exposition is made. */
  readonly breathe?: () => Promise<void>;
}

const WAIT_SECONDS = [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 60, 300];
const LONG_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/**
 * Metrics in a registry of their own.
 *
 * @example
 * ```ts
 * import { assertMatch } from "@std/assert";
 * import { createMetrics } from "#telemetry";
 * const metrics = createMetrics();
 * {
 *   using measure = metrics.measureReconcile("Function", { namespace: "shop", name: "orders" });
 *   measure.result = "success";
 * }
 * const { text } = await metrics.exposition();
 * assertMatch(text, /function_mesh_reconcile_count{type="function",name="orders",namespace="shop"} 1/);
 * ```
 */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  const nowMs = options.nowMs ?? (() => systemClock.monotonicMs());
  const reconciles = new ReconcileSeries(registry, nowMs);
  const series = otherSeries(registry);
  const resources = new ResourceSeries(registry);
  registerProcessMetrics(registry, options);
  const { breathe = () => systemClock.sleep(0) } = options;
  const exposed = async () => {
    await resources.collect(breathe);
    return { text: await exposition(registry, breathe), contentType: registry.contentType };
  };
  let exposing: ReturnType<Metrics["exposition"]> | undefined;
  return {
    measureReconcile: (kind, key) => reconciles.measure(kind, key),
    forget: (kind, key) => reconciles.forget(kind, key),
    changeQueueDepth: (kind, by) => series.queueDepth.inc({ kind }, by),
    observeQueueWait: (kind, seconds) => series.queueWait.observe({ kind }, seconds),
    countApiRequest: (sample) => series.apiRequests.inc({ ...sample }),
    countWatchRestart: (kind, cause) => series.watchRestarts.inc({ kind, cause }),
    countDriftCorrected: (kind) => series.driftCorrected.inc({ kind }),
    countDriftFight: (kind) => series.driftFights.inc({ kind }),
    observeGitFetch: (result, seconds) => series.gitFetch.observe({ result }, seconds),
    countSync: (result) => series.syncs.inc({ result }),
    observeSyncPhase: (phase, seconds) => series.syncPhase.observe({ phase }, seconds),
    observeCommitToReady: (seconds) => series.commitToReady.observe(seconds),
    countPruned: (count) => series.pruned.inc(count),
    countQuarantine: () => series.quarantines.inc(),
    setQuarantined: ({ namespace, name }, objects) =>
      objects === 0
        ? series.quarantined.remove({ namespace, name })
        : series.quarantined.set({ namespace, name }, objects),
    countNotification: (type, result) => series.notifications.inc({ type, result }),
    setScaling: (kind, { namespace, name }, { waiting, wanted }) => {
      const labels = { kind, namespace, name };
      series.scalingWanted.set(labels, wanted);
      if (waiting === undefined) series.backlog.remove(labels);
      else series.backlog.set(labels, waiting);
    },
    forgetScaling: (kind, { namespace, name }) => {
      series.scalingWanted.remove({ kind, namespace, name });
      series.backlog.remove({ kind, namespace, name });
    },
    countScaling: (kind, direction) => series.scalingChanges.inc({ kind, direction }),
    setLeader: (isLeader, shard) => {
      const value = isLeader ? 1 : 0;
      if (shard === undefined) return series.leader.set(value);
      series.leader.remove({});
      series.leader.set({ shard: String(shard) }, value);
    },
    setCertificateEnd: (use, endMs) => series.certificateEnd.set({ use }, endMs / 1000),
    follow: (source) => resources.follow(source),
    definitions: () => definitionsOf(registry),
    exposition: () => exposing ??= exposed().finally(() => exposing = undefined),
  };
}

function definitionsOf(registry: Registry): MetricDefinition[] {
  const kept = registry.getMetricsAsArray() as unknown as readonly {
    readonly name: string;
    readonly help: string;
    readonly labelNames: readonly string[];
  }[];
  return kept.map((metric) => ({
    name: metric.name,
    help: metric.help,
    type: metric instanceof Counter
      ? "counter" as const
      : metric instanceof Histogram
      ? "histogram" as const
      : "gauge" as const,
    labels: metric.labelNames.filter((label) => label !== "le"),
  })).sort((a, b) => a.name < b.name ? -1 : 1);
}

function otherSeries(registry: Registry) {
  const registers = [registry];
  return {
    ...queueAndApiSeries(registers),
    ...gitOpsSeries(registers),
    ...consequenceSeries(registers),
    ...scalingSeries(registers),
    ...processSeries(registers),
  };
}

function queueAndApiSeries(registers: Registry[]) {
  return {
    queueDepth: new Gauge({
      name: "mesh_queue_depth",
      help: "Objects that wait for a pass.",
      labelNames: ["kind"],
      registers,
    }),
    queueWait: new Histogram({
      name: "mesh_queue_wait_seconds",
      help: "How long objects waited for a pass after they were due.",
      labelNames: ["kind"],
      buckets: WAIT_SECONDS,
      registers,
    }),
    apiRequests: new Counter({
      name: "mesh_api_requests_total",
      help: "Requests to the API server, each try counted, by verb, kind and HTTP status.",
      labelNames: ["verb", "kind", "code"],
      registers,
    }),
    watchRestarts: new Counter({
      name: "mesh_watch_restarts_total",
      help:
        "Watches that had to start over, by kind and cause. The regular end of a watch is none.",
      labelNames: ["kind", "cause"],
      registers,
    }),
    driftFights: new Counter({
      name: "mesh_drift_fights_total",
      help: "Objects that somebody else changes again and again.",
      labelNames: ["kind"],
      registers,
    }),
    driftCorrected: new Counter({
      name: "mesh_drift_corrected_total",
      help: "Objects that somebody else changed and that were put right.",
      labelNames: ["kind"],
      registers,
    }),
  };
}

function consequenceSeries(registers: Registry[]) {
  return {
    quarantines: new Counter({
      name: "mesh_quarantine_total",
      help: "Revisions that went back, as they did not become healthy.",
      registers,
    }),
    quarantined: new Gauge({
      name: "mesh_quarantined_objects",
      help: "Objects that are as in an older revision, by MeshSync.",
      labelNames: ["namespace", "name"],
      registers,
    }),
    notifications: new Counter({
      name: "mesh_notification_total",
      help: "Services that were told something, or were to be, by type and how it ended.",
      labelNames: ["type", "result"],
      registers,
    }),
  };
}

function processSeries(registers: Registry[]) {
  const leader = new Gauge({
    name: "mesh_leader",
    help: "1 in the process that works, 0 in a replica that waits for its turn.",
    labelNames: ["shard"],
    registers,
  });
  // One with labels says nothing before it is set.
  leader.set(0);
  return {
    leader,
    certificateEnd: new Gauge({
      name: "mesh_certificate_end_timestamp_seconds",
      help: "When a certificate that is served ends, in seconds since 1970.",
      labelNames: ["use"],
      registers,
    }),
  };
}

function scalingSeries(registers: Registry[]) {
  const labelNames = ["kind", "namespace", "name"];
  return {
    backlog: new Gauge({
      name: "mesh_backlog_messages",
      help: "Messages that wait for a component whose replicas follow its backlog.",
      labelNames,
      registers,
    }),
    scalingWanted: new Gauge({
      name: "mesh_scaling_wanted_replicas",
      help: "Replicas that a component should have for its backlog.",
      labelNames,
      registers,
    }),
    scalingChanges: new Counter({
      name: "mesh_scaling_changes_total",
      help: "Changes of replicas for the backlog, by kind and direction.",
      labelNames: ["kind", "direction"],
      registers,
    }),
  };
}

function gitOpsSeries(registers: Registry[]) {
  return {
    gitFetch: new Histogram({
      name: "mesh_git_fetch_duration_seconds",
      help: "How long looking at a remote repository took, fetching included.",
      labelNames: ["result"],
      buckets: LONG_SECONDS,
      registers,
    }),
    syncs: new Counter({
      name: "mesh_sync_total",
      help: "Runs of the GitOps loop, by how they ended.",
      labelNames: ["result"],
      registers,
    }),
    syncPhase: new Histogram({
      name: "mesh_sync_duration_seconds",
      help: "How long the phases of a GitOps run took.",
      labelNames: ["phase"],
      buckets: LONG_SECONDS,
      registers,
    }),
    commitToReady: new Histogram({
      name: "mesh_commit_to_ready_seconds",
      help: "From seeing a commit to all it holds being ready.",
      buckets: LONG_SECONDS,
      registers,
    }),
    pruned: new Counter({
      name: "mesh_pruned_total",
      help: "Objects that were deleted because Git no longer holds them.",
      registers,
    }),
  };
}
