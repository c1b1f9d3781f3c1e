import type { Problem } from "#base";
import type { Component } from "./component.ts";
import { type DefaultedComponent, withDefaults } from "./defaults.ts";
import {
  batchWarnings,
  bothOrderings,
  deliveryProblems,
  orderingProblems,
  windowProblems,
} from "./delivery_rules.ts";
import type { FunctionResource, FunctionSpec } from "./function.ts";
import {
  connectorRuntimeProblems,
  functionRuntimeProblems,
  runtimeWarnings,
} from "./language_rules.ts";
import { nameProblems, nameWarnings } from "./name_rules.ts";
import { podProblems, podWarnings } from "./pod_rules.ts";
import { presetProblems, presetWarnings, replicaProblems } from "./replica_rules.ts";
import { resourceProblems } from "./resource_rules.ts";
import { at, type RuleOptions, when } from "./rule.ts";
import type { SinkResource } from "./sink.ts";
import type { SourceResource } from "./source.ts";
import { inputProblems, loopWarnings, outputProblems, topicProblems } from "./topic_rules.ts";

/** What is wrong with a component whose types are right, in a stable order. */
export function componentProblems(component: Component, options: RuleOptions): Problem[] {
  const defaulted = withDefaults(component);
  return [
    ...nameProblems(component.metadata, component.kind),
    ...ownProblems(component),
    ...replicaProblems(defaulted, options),
    ...resourceProblems(component.spec.resources),
    ...messagingProblems(defaulted),
    ...podProblems(component),
  ];
}

/** What the reference takes and nobody can mean (W-39), or what has no effect. */
export function componentWarnings(component: Component): Problem[] {
  const { spec } = component;
  const shared = [
    ...nameWarnings(component.metadata),
    ...runtimeWarnings(spec),
    ...presetWarnings(spec.pod?.builtinAutoscaler),
    ...podWarnings(component),
  ];
  switch (component.kind) {
    case "Function":
      return [
        ...shared,
        ...loopWarnings(component.spec.input, component.spec.output),
        ...batchWarnings(component.spec),
      ];
    case "Source":
      return [...shared, ...connectorWarnings(component), ...batchWarnings(component.spec)];
    case "Sink":
      return [...shared, ...connectorWarnings(component), ...bothOrderings(component.spec)];
  }
}

function ownProblems(component: Component): Problem[] {
  switch (component.kind) {
    case "Function":
      return functionProblems(component);
    case "Source":
      return sourceProblems(component);
    case "Sink":
      return sinkProblems(component);
  }
}

function functionProblems({ spec }: FunctionResource): Problem[] {
  return [
    ...functionRuntimeProblems(spec),
    ...deliveryProblems(spec),
    ...orderingProblems(spec),
    ...(spec.sourceConfig === undefined ? inputProblems(spec.input) : []),
    ...(spec.sinkConfig === undefined ? outputProblems(spec.output, spec.input) : []),
    ...topicProblems(spec.logTopic || undefined, "logTopic"),
    ...topicProblems(spec.deadLetterTopic || undefined, "deadLetterTopic"),
    ...stateProblems(spec),
    ...windowProblems(spec.windowConfig),
    ...presetProblems(spec.pod?.builtinAutoscaler),
  ];
}

function sourceProblems({ spec }: SourceResource): Problem[] {
  return [
    ...when(
      spec.sourceConfig === undefined,
      at("sourceConfig", "is missing; give the connector's configuration, {} for none"),
    ),
    ...connectorRuntimeProblems(spec, "Source"),
    ...outputProblems(spec.output, undefined),
  ];
}

function sinkProblems({ spec }: SinkResource): Problem[] {
  return [
    ...when(
      spec.sinkConfig === undefined,
      at("sinkConfig", "is missing; give the connector's configuration, {} for none"),
    ),
    ...connectorRuntimeProblems(spec, "Sink"),
    ...deliveryProblems(spec),
    ...inputProblems(spec.input),
    ...topicProblems(spec.deadLetterTopic || undefined, "deadLetterTopic"),
  ];
}

/** Where Pulsar is. */
function messagingProblems({ spec }: DefaultedComponent): Problem[] {
  return [
    ...when(
      !spec.pulsar?.pulsarConfig,
      at("pulsar.pulsarConfig", "is missing; name the ConfigMap that says where Pulsar is"),
    ),
    ...when(
      spec.pulsarPackageService !== undefined && !spec.pulsarPackageService.pulsarConfig,
      at(
        "pulsarPackageService.pulsarConfig",
        "is missing; name the ConfigMap that says where the package service is",
      ),
    ),
  ];
}

function stateProblems(spec: FunctionSpec): Problem[] {
  const state = spec.statefulConfig?.pulsar;
  if (state === undefined) return [];
  if (spec.golang !== undefined && spec.java === undefined && spec.python === undefined) {
    return [at("statefulConfig", "is not supported by the Go runner; remove it or use another")];
  }
  return [
    ...when(
      state.serviceUrl === "",
      at("statefulConfig.pulsar.serviceUrl", "is empty; give the URL of the state store"),
    ),
  ];
}

function connectorWarnings({ spec }: SourceResource | SinkResource): Problem[] {
  const others = [spec.python, spec.golang, spec.genericRuntime];
  return [
    ...topicProblems(spec.logTopic || undefined, "logTopic"),
    ...presetProblems(spec.pod?.builtinAutoscaler),
    ...when(
      spec.logTopicAgent === "runtime",
      at("logTopicAgent", "runtime has no effect on a connector; use sidecar"),
    ),
    ...when(
      others.some((runtime) => runtime !== undefined),
      { path: "spec", message: "names a runtime that a connector does not use; keep java only" },
    ),
  ];
}
