import type {
  Component,
  GenericRuntime,
  GoRuntime,
  JavaRuntime,
  LogConfig,
  PythonRuntime,
} from "#api";
import type { Settings } from "../settings.ts";

/** The code that a component runs, in the one shape that all runtimes share. */
export type Runner = JavaRunner | PythonRunner | GoRunner | GenericRunner;
/** Code on a JVM. */
export type JavaRunner = RunnerOf<"java", JavaRuntime>;
/** Python code. */
export type PythonRunner = RunnerOf<"python", PythonRuntime>;
/** An executable built with Pulsar's Go library. */
export type GoRunner = RunnerOf<"go", GoRuntime>;
/** Code for the generic runner. */
export type GenericRunner = RunnerOf<"generic", GenericRuntime>;

interface RunnerOf<Runtime extends string, Spec> {
  readonly runtime: Runtime;
  readonly spec: Spec;
  /** Where the code is in the container, as the user says it. */
  readonly file: string;
  /** Where it is downloaded from; empty when the image holds it. */
  readonly location: string;
  readonly log?: LogConfig;
}

/**
 * What a component runs: the first runtime that its spec names. Sources and Sinks are always Java. Undefined where it
 * names none (`problems()` reports that).
 */
export function runnerOf(component: Component): Runner | undefined {
  return runnersOf(component)[0];
}

/** All runtimes that a spec names, in the order in which they count. */
export function runnersOf(component: Component): Runner[] {
  const { java, python, golang, genericRuntime } = component.spec;
  const runners: Runner[] = [];
  if (java) {
    runners.push({
      runtime: "java",
      spec: java,
      file: java.jar ?? "",
      location: java.jarLocation ?? "",
      ...logOf(java),
    });
  }
  if (component.kind !== "Function") return runners;
  if (python) {
    runners.push({
      runtime: "python",
      spec: python,
      file: python.py ?? "",
      location: python.pyLocation ?? "",
      ...logOf(python),
    });
  }
  if (golang) {
    runners.push({
      runtime: "go",
      spec: golang,
      file: golang.go ?? "",
      location: golang.goLocation ?? "",
      ...logOf(golang),
    });
  }
  if (genericRuntime) {
    runners.push({
      runtime: "generic",
      spec: genericRuntime,
      file: genericRuntime.functionFile ?? "",
      location: genericRuntime.functionFileLocation ?? "",
    });
  }
  return runners;
}

function logOf(runtime: { readonly log?: LogConfig }): { readonly log?: LogConfig } {
  return runtime.log ? { log: runtime.log } : {};
}

/**
 * Where the code is in the container. With a downloader it lies in a volume mounted below `/pulsar`, so every path is
 * moved there.
 */
export function filePath(file: string, settings: Settings): string {
  if (!settings.enableInitContainers || file.startsWith("/pulsar/")) return file;
  return file.startsWith("/") ? `/pulsar${file}` : `/pulsar/${file}`;
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Whether logs are shipped by a sidecar, which reads files. */
export function hasLogSidecar(component: Component): boolean {
  return component.spec.logTopicAgent === "sidecar";
}
