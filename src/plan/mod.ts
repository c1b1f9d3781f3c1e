/**
 * What to do and what to say: desired against live, as values. Pure: the same look always gives the same plan.
 *
 * Start at {@linkcode planChildren} (the writes), then {@linkcode componentStatus} and {@linkcode meshStatus} (the
 * words).
 *
 * @module
 */
export { adoptedChild } from "./adopted_child.ts";
export { isApplied, isWhollyApplied } from "./applied_mark.ts";
export * from "./autoscaled.ts";
export * from "./cause.ts";
export * from "./children.ts";
export * from "./cleanup.ts";
export * from "./component_plan.ts";
export * from "./contest.ts";
export * from "./component_status.ts";
export * from "./drift.ts";
export * from "./event_draft.ts";
export * from "./field_conflict.ts";
export * from "./field_set.ts";
export * from "./ignored_fields.ts";
export * from "./history.ts";
export * from "./inventory.ts";
export * from "./held_template.ts";
export * from "./mesh_components.ts";
export * from "./mesh_status.ts";
export * from "./notice.ts";
export * from "./object_health.ts";
export * from "./order.ts";
export * from "./pod.ts";
export * from "./pod_restart.ts";
export * from "./prune_limit.ts";
export * from "./quarantine.ts";
export * from "./reasons.ts";
export * from "./replicas.ts";
export * from "./rollout.ts";
export * from "./scaling.ts";
export * from "./scaling_budget.ts";
export * from "./scaling_look.ts";
export {
  type InstanceCount,
  perReplica,
  type ScalingNumbers,
  type TopicNumbers,
} from "./scaling_rates.ts";
export * from "./stabilizing.ts";
export * from "./status_patch.ts";
export * from "./verdict.ts";
