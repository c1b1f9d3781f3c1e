import type { ObjectKey } from "#base";
import { Counter, Histogram, type Registry } from "prom-client";

/** How a pass over one object ended. */
export type ReconcileResult = "success" | "requeue" | "stalled" | "conflict" | "error";

/** Measures one pass: started by {@linkcode Metrics.measureReconcile}, ended by leaving the scope. */
export interface ReconcileMeasure extends Disposable {
  /** Set before the scope ends; `error` when nothing was set, so that a pass that throws counts as one. */
  result: ReconcileResult;
}

/** Upper bounds of `function_mesh_reconcile_latency`, as the reference has them: milliseconds. */
const REFERENCE_LATENCY_BOUNDS_MS = [10, 100, 1000, 10000, 30000, 60000];

/**
 * The kinds that have the reference's two series, as it writes them in the label `type`. It left the mesh out (W-51);
 * one more value hurts no dashboard.
 */
const REFERENCE_TYPES = ["function", "source", "sink", "functionmesh"];

const DURATION_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60];

interface Pass {
  readonly kind: string;
  readonly key: ObjectKey;
  readonly startMs: number;
  /** The object went away during the pass: leave no series behind. */
  gone: boolean;
}

/** The series about passes over objects: the reference's two by object, ours by kind and result. */
export class ReconcileSeries {
  readonly #count: Counter;
  readonly #latency: Histogram;
  readonly #total: Counter;
  readonly #duration: Histogram;
  readonly #nowMs: () => number;
  readonly #open = new Set<Pass>();

  constructor(registry: Registry, nowMs: () => number) {
    this.#nowMs = nowMs;
    const registers = [registry];
    this.#count = new Counter({
      name: "function_mesh_reconcile_count",
      help: "Number of reconcile operations. Named and labelled as in the reference operator.",
      labelNames: ["type", "name", "namespace"],
      registers,
    });
    this.#latency = new Histogram({
      name: "function_mesh_reconcile_latency",
      help: "Latency of reconcile operations in milliseconds, as in the reference operator.",
      labelNames: ["type", "name", "namespace"],
      buckets: REFERENCE_LATENCY_BOUNDS_MS,
      registers,
    });
    this.#total = new Counter({
      name: "mesh_reconcile_total",
      help: "Passes over objects, by kind and by how they ended.",
      labelNames: ["kind", "result"],
      registers,
    });
    this.#duration = new Histogram({
      name: "mesh_reconcile_duration_seconds",
      help: "How long passes over objects took.",
      labelNames: ["kind", "result"],
      buckets: DURATION_SECONDS,
      registers,
    });
  }

  /** Starts a measure that ends with its scope. */
  measure(kind: string, key: ObjectKey): ReconcileMeasure {
    const pass: Pass = { kind, key, startMs: this.#nowMs(), gone: false };
    this.#open.add(pass);
    const measure: ReconcileMeasure = {
      result: "error",
      [Symbol.dispose]: () => this.#end(pass, measure.result),
    };
    return measure;
  }

  /** Drops the series of an object (W-51). */
  forget(kind: string, key: ObjectKey): void {
    for (const pass of this.#open) {
      if (
        pass.kind === kind && pass.key.name === key.name && pass.key.namespace === key.namespace
      ) {
        pass.gone = true;
      }
    }
    if (!REFERENCE_TYPES.includes(kind.toLowerCase())) return;
    const labels = objectLabels(kind, key);
    this.#count.remove(labels);
    this.#latency.remove(labels);
  }

  #end(pass: Pass, result: ReconcileResult): void {
    if (!this.#open.delete(pass)) return;
    const { kind, key } = pass;
    const elapsedMs = this.#nowMs() - pass.startMs;
    this.#total.inc({ kind, result });
    this.#duration.observe({ kind, result }, elapsedMs / 1000);
    if (pass.gone || !REFERENCE_TYPES.includes(kind.toLowerCase())) return;
    const labels = objectLabels(kind, key);
    this.#count.inc(labels);
    // Whole milliseconds, cut off: what the reference observes.
    this.#latency.observe(labels, Math.trunc(elapsedMs));
  }
}

function objectLabels(kind: string, key: ObjectKey) {
  return { type: kind.toLowerCase(), name: key.name, namespace: key.namespace };
}
