import {
  COMPUTE_API_VERSION,
  type FunctionMesh,
  type FunctionResource,
  type FunctionSpec,
  GITOPS_API_VERSION,
  type MeshSpec,
  type MeshSync,
  type MeshSyncSpec,
  problems,
  type RuleOptions,
  type SinkResource,
  type SinkSpec,
  type SourceResource,
  type SourceSpec,
  warnings,
} from "#api";
import type { KubeObject } from "#base";

const RUNNABLE = {
  className: "org.example.Job",
  pulsar: { pulsarConfig: "pulsar" },
  java: { jar: "job.jar" },
};

/** A sound Function, with `changes` on top. */
export function functionWith(changes: FunctionSpec = {}): FunctionResource {
  const spec = { ...RUNNABLE, input: { topics: ["in"] }, output: { topic: "out" }, ...changes };
  return { ...named("job"), kind: "Function", spec };
}

/** A sound Source, with `changes` on top. */
export function sourceWith(changes: SourceSpec = {}): SourceResource {
  return { ...named("job"), kind: "Source", spec: { ...RUNNABLE, sourceConfig: {}, ...changes } };
}

/** A sound Sink, with `changes` on top. */
export function sinkWith(changes: SinkSpec = {}): SinkResource {
  const spec = { ...RUNNABLE, input: { topics: ["in"] }, sinkConfig: {}, ...changes };
  return { ...named("job"), kind: "Sink", spec };
}

/** A FunctionMesh. */
export function meshWith(spec: MeshSpec, name = "shop"): FunctionMesh {
  return { ...named(name), kind: "FunctionMesh", spec };
}

/** A sound MeshSync, with `changes` on top. */
export function syncWith(changes: Partial<MeshSyncSpec> = {}): MeshSync {
  const metadata = { name: "shop", namespace: "flow" };
  const spec = { url: "https://example.org/shop.git", ...changes };
  return { apiVersion: GITOPS_API_VERSION, kind: "MeshSync", metadata, spec };
}

/** An object that says to be of a kind, whatever it holds. */
export function untyped(
  kind: string,
  spec: unknown,
  metadata: unknown = { name: "job" },
): KubeObject {
  return { apiVersion: COMPUTE_API_VERSION, kind, metadata, spec } as unknown as KubeObject;
}

/** Paths of the problems. */
export function problemPaths(object: KubeObject, options?: RuleOptions): string[] {
  return problems(object, options).map((problem) => problem.path);
}

/** Paths of the warnings. */
export function warningPaths(object: KubeObject): string[] {
  return warnings(object).map((problem) => problem.path);
}

function named(name: string) {
  return { apiVersion: COMPUTE_API_VERSION, metadata: { name, namespace: "flow" } };
}
