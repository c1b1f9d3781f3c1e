import process from "node:process";
import { systemClock } from "#base";
import { Gauge, type Registry } from "prom-client";

/** What is known about the process and the program. */
export interface ProcessOptions {
  /** Facts for `mesh_build_info`. */
  readonly build?: { readonly version: string; readonly commit?: string };
  /** When the process started: milliseconds since 1970. */
  readonly processStartMs?: number;
}

/**
 * The basics that every dashboard of a process begins with. prom-client's own defaults are not used: they start
 * timers and observers that never end, and read `/proc`, which this program has no permission for.
 */
export function registerProcessMetrics(registry: Registry, options: ProcessOptions): void {
  const registers = [registry];
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory size in bytes.",
    registers,
    collect() {
      this.set(Deno.memoryUsage().rss);
    },
  });
  new Gauge({
    name: "process_heap_bytes",
    help: "JavaScript heap in use, in bytes.",
    registers,
    collect() {
      this.set(Deno.memoryUsage().heapUsed);
    },
  });
  new Gauge({
    name: "process_cpu_seconds_total",
    help: "User and system CPU time spent, in seconds.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.set((user + system) / 1e6);
    },
  });
  const startMs = options.processStartMs ?? systemClock.now() - systemClock.monotonicMs();
  new Gauge({
    name: "process_start_time_seconds",
    help: "Start time of the process since 1970, in seconds.",
    registers,
  }).set(startMs / 1000);
  const { version = "unknown", commit = "unknown" } = options.build ?? {};
  new Gauge({
    name: "mesh_build_info",
    help: "Always 1; the labels say which program this is.",
    labelNames: ["version", "commit", "deno"],
    registers,
  }).set({ version, commit, deno: Deno.version.deno }, 1);
}
