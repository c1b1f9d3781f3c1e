/** The controller inside the test's process, on a real cluster: with definitions, metrics and log of its own. */
import { systemClock } from "#base";
import { DEFAULT_SETTINGS } from "#desired";
import type { Config } from "../../src/config.ts";
import { putDefinitionsInPlace } from "../../src/definitions.ts";
import { MeshCaches } from "../../src/mesh_caches.ts";
import { MeshController } from "../../src/mesh_controller.ts";
import { openParts } from "../../src/parts.ts";

/** A controller at work. Dispose it to stop it, as a stopped process would. */
export interface RunningController extends AsyncDisposable {
  /** The log so far, one JSON text a line. */
  readonly logLines: readonly string[];
  /** The sum of a metric's series that have these labels. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** The whole exposition. */
  exposition(): Promise<string>;
}

/** What of the configuration a test wants otherwise. */
export type ControllerChoices = Partial<Omit<Config, "cluster">>;

/** Installs the definitions, starts the controller and resolves when its caches are read. */
export async function runningController(
  cluster: { readonly kubeconfigPath: string },
  choices: ControllerChoices = {},
): Promise<RunningController> {
  const logLines: string[] = [];
  const config = { ...defaultConfig(cluster.kubeconfigPath), ...choices };
  const parts = await openParts(config, { logSink: (line) => logLines.push(line) });
  const stop = new AbortController();
  await putDefinitionsInPlace(parts.cluster, { clock: systemClock });
  const caches = new MeshCaches(parts);
  const controller = new MeshController(parts, {
    caches,
    isOwn: () => true,
    quarantineOf: () => undefined,
  });
  const ended = Promise.all([caches.follow(stop.signal), controller.run(stop.signal)]);
  await caches.whenSynced(AbortSignal.timeout(60_000));
  const exposition = async () => (await parts.metrics.exposition()).text;
  return {
    logLines,
    exposition,
    metric: async (name, labels = {}) => metricSum(await exposition(), name, labels),
    async [Symbol.asyncDispose]() {
      stop.abort(new DOMException("the test is over", "AbortError"));
      await ended;
      await parts[Symbol.asyncDispose]();
    },
  };
}

/**
 * The sum of the samples of a metric that have these labels, in the text format of Prometheus.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const text = 'a_total{kind="x",code="200"} 2\na_total{kind="x",code="500"} 3\na_total{kind="y",code="200"} 7\n';
 * assertEquals(metricSum(text, "a_total", { kind: "x" }), 5);
 * ```
 */
export function metricSum(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  return metricSamples(text, name)
    .filter((sample) =>
      Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
    )
    .reduce((sum, sample) => sum + sample.value, 0);
}

/** One line of an exposition. */
export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples of a metric. */
export function metricSamples(text: string, name: string): MetricSample[] {
  return text.split("\n").flatMap((line) => {
    const [, found, labelText = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    if (found !== name) return [];
    const labels = [...labelText.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
      .map(([_, key = "", text = ""]) => [key, text]);
    return [{ labels: Object.fromEntries(labels), value: Number(value) }];
  });
}

/** The configuration of a program in a test: nothing listens. */
export function defaultConfig(kubeconfig: string): Config {
  return {
    cluster: { kubeconfig },
    settings: DEFAULT_SETTINGS,
    namespacedBackendConfig: "backend-config",
    cacheDirectory: "/nonexistent",
    concurrency: 4,
    pauseRollout: false,
    rolloutOnUpgrade: false,
    reconcileMeshes: true,
    allowLocalAddresses: true,
    installDefinitions: true,
    logLevel: "info",
    metricsAddress: "0",
    healthAddress: "0",
  };
}
