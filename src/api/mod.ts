/**
 * What a mesh is: the kinds of `compute.functionmesh.io/v1alpha1` and `gitops.functionmesh.io/v1alpha1`, each defined
 * once as a schema. From it come the TypeScript types, the CustomResourceDefinitions in `crds/` and the structural
 * part of `problems()`. Defaults and rules are functions beside it.
 *
 * @module
 */
export * from "./autoscaler_preset.ts";
export * from "./backend_config.ts";
export {
  type BacklogScaling,
  backlogScalingOf,
  type ScalingStatus,
  type ScalingTerms,
  scalingTerms,
} from "./backlog_scaling.ts";
export * from "./component.ts";
export * from "./component_spec.ts";
export { customResourceDefinitions, definitionNames } from "./crd.ts";
export * from "./defaults.ts";
export * from "./duration.ts";
export * from "./function.ts";
export * from "./labels.ts";
export * from "./language.ts";
export * from "./mesh.ts";
export * from "./mesh_items.ts";
export * from "./mesh_sync.ts";
export * from "./mesh_sync_health.ts";
export type { RefMove, SourceStatus } from "./mesh_sync_source.ts";
export * from "./messaging.ts";
export { COMPONENT_NAME_LENGTH_MAX } from "./name_rules.ts";
export * from "./notice_template.ts";
export * from "./package_url.ts";
export * from "./pod_policy.ts";
export { isPullPolicy } from "./pod_rules.ts";
export * from "./quantity.ts";
export * from "./resources.ts";
export type { RuleOptions } from "./rule.ts";
export * from "./runtime_status.ts";
export type { Frozen, Quantity, Value } from "./schema.ts";
export * from "./sink.ts";
export * from "./source.ts";
export * from "./status.ts";
export * from "./storable.ts";
export * from "./topic_name.ts";
export * from "./topics.ts";
export * from "./validate.ts";
