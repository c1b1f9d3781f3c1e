import { isPlainObject } from "#base";
import { backlogScalingOf } from "./backlog_scaling.ts";
import type { Component } from "./component.ts";
import type { FunctionResource, FunctionSpec, WindowConfig } from "./function.ts";
import { resourceDefaults } from "./resource_defaults.ts";
import type { SinkResource, SinkSpec } from "./sink.ts";
import type { SourceResource, SourceSpec } from "./source.ts";
import type { Input, Output } from "./topics.ts";

type With<T, Name extends keyof T> = T & { readonly [N in Name]-?: NonNullable<T[N]> };
type Shared =
  | "name"
  | "tenant"
  | "namespace"
  | "clusterName"
  | "processingGuarantee"
  | "replicas"
  | "minReplicas"
  | "resources";

/** `spec.input` with its type. */
export type DefaultedInput = With<Input, "typeClassName">;
/** `spec.output` with its type. */
export type DefaultedOutput = With<Output, "typeClassName">;
/** `spec` of a Function with every default. */
export type DefaultedFunctionSpec =
  & With<
    FunctionSpec,
    Shared | "autoAck" | "maxPendingAsyncRequests" | "forwardSourceMessageProperty"
  >
  & { readonly input: DefaultedInput; readonly output: DefaultedOutput };
/** `spec` of a Source with every default. */
export type DefaultedSourceSpec =
  & With<SourceSpec, Shared | "forwardSourceMessageProperty">
  & { readonly output: With<DefaultedOutput, "producerConf"> };
/** `spec` of a Sink with every default. */
export type DefaultedSinkSpec =
  & With<SinkSpec, Shared | "autoAck">
  & { readonly input: DefaultedInput };

/** A Function with every default. */
export interface DefaultedFunction extends FunctionResource {
  readonly spec: DefaultedFunctionSpec;
}
/** A Source with every default. */
export interface DefaultedSource extends SourceResource {
  readonly spec: DefaultedSourceSpec;
}
/** A Sink with every default. */
export interface DefaultedSink extends SinkResource {
  readonly spec: DefaultedSinkSpec;
}
/** A component with every default that the reference's webhooks would set. */
export type DefaultedComponent = DefaultedFunction | DefaultedSource | DefaultedSink;

/** Type of messages that say none: bytes. */
const BYTES = "[B";

/**
 * The component with every default of the reference, as a new object: the user's resource is never written to (W-42).
 * `spec.name` is filled from `metadata.name` also when that was generated (W-43). A window by count slides by its
 * length, has no lag and a watermark a second, where the reference crashed (W-1). `resources` get what the reference
 * meant them to have (W-22).
 *
 * Empty texts count as absent where the reference's do. Never throws; whether the values make sense is for `problems()`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type SinkResource, withDefaults } from "#api";
 * const sink: SinkResource = {
 *   apiVersion: "compute.functionmesh.io/v1alpha1", kind: "Sink", metadata: { name: "store" }, spec: { replicas: 2 },
 * };
 * const { spec } = withDefaults(sink);
 * assertEquals([spec.name, spec.tenant, spec.minReplicas, spec.input.typeClassName], ["store", "public", 2, "[B"]);
 * ```
 */
export function withDefaults(component: FunctionResource): DefaultedFunction;
export function withDefaults(component: SourceResource): DefaultedSource;
export function withDefaults(component: SinkResource): DefaultedSink;
export function withDefaults(component: Component): DefaultedComponent;
export function withDefaults(component: Component): DefaultedComponent {
  switch (component.kind) {
    case "Function":
      return { ...component, spec: functionSpec(component) };
    case "Source":
      return { ...component, spec: sourceSpec(component) };
    case "Sink":
      return { ...component, spec: sinkSpec(component) };
  }
}

function functionSpec(resource: FunctionResource): DefaultedFunctionSpec {
  const spec = specOf(resource);
  return {
    ...spec,
    ...sharedDefaults(resource, "runtime"),
    autoAck: spec.autoAck ?? true,
    maxPendingAsyncRequests: spec.maxPendingAsyncRequests ?? 1000,
    forwardSourceMessageProperty: spec.forwardSourceMessageProperty ?? true,
    input: typed(spec.input),
    output: typed(spec.output),
    ...(spec.windowConfig ? { windowConfig: windowConfig(spec.windowConfig) } : {}),
  };
}

function sourceSpec(resource: SourceResource): DefaultedSourceSpec {
  const spec = specOf(resource);
  const output = typed(spec.output);
  return {
    ...spec,
    ...sharedDefaults(resource, "sidecar"),
    forwardSourceMessageProperty: spec.forwardSourceMessageProperty ?? true,
    output: {
      ...output,
      producerConf: output.producerConf ?? {
        maxPendingMessages: 1000,
        maxPendingMessagesAcrossPartitions: 1000,
        useThreadLocalProducers: true,
      },
    },
  };
}

function sinkSpec(resource: SinkResource): DefaultedSinkSpec {
  const spec = specOf(resource);
  return {
    ...spec,
    ...sharedDefaults(resource, "sidecar"),
    autoAck: spec.autoAck ?? true,
    input: typed(spec.input),
  };
}

function sharedDefaults(component: Component, agent: "runtime" | "sidecar") {
  const spec = specOf<Component["spec"]>(component);
  return {
    ...replicas(spec),
    name: spec.name || component.metadata.name,
    tenant: spec.tenant || "public",
    namespace: spec.namespace || "default",
    clusterName: spec.clusterName || "kubernetes",
    processingGuarantee: spec.processingGuarantee || "atleast_once" as const,
    resources: resourceDefaults(spec.resources),
    ...(spec.logTopic ? { logTopicAgent: spec.logTopicAgent || agent } : {}),
  };
}

/**
 * `replicas` follows `minReplicas` and the other way round, 1 without either. An autoscaler cannot go below one, so
 * `replicas: 0` does not make `minReplicas` 0 (W-40).
 */
function replicas(spec: Component["spec"]): { replicas: number; minReplicas: number } {
  const followsBacklog = backlogScalingOf({ spec }) !== undefined;
  return {
    replicas: spec.replicas ?? spec.minReplicas ?? 1,
    minReplicas: spec.minReplicas ?? (followsBacklog ? 1 : Math.max(1, spec.replicas ?? 1)),
  };
}

function typed<T extends Input | Output>(
  topics: T | undefined,
): T & { readonly typeClassName: string } {
  const known = (topics ?? {}) as T;
  return { ...known, typeClassName: known.typeClassName || BYTES };
}

function windowConfig(window: WindowConfig): WindowConfig {
  if (window.windowLengthDurationMs !== undefined) {
    const slidingIntervalDurationMs = window.slidingIntervalDurationMs ??
      window.windowLengthDurationMs;
    return { ...window, slidingIntervalDurationMs };
  }
  if (window.windowLengthCount === undefined || window.slidingIntervalCount !== undefined) {
    return window;
  }
  return {
    ...window,
    slidingIntervalCount: window.windowLengthCount,
    maxLagMs: window.maxLagMs ?? 0,
    watermarkEmitIntervalMs: window.watermarkEmitIntervalMs ?? 1000,
  };
}

/** The spec, or an empty one: the API server takes resources without. */
function specOf<Spec>(component: { readonly spec: Spec }): Spec {
  return isPlainObject(component.spec) ? component.spec : {} as Spec;
}
