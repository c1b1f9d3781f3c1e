/**
 * Observe, plan, act, record for the kinds of `compute.functionmesh.io`: one of the two rooms that see both the pure code and
 * the cluster.
 *
 * Start at {@linkcode reconcileComponent}; {@linkcode reconcileMesh} is the same for a FunctionMesh, and
 * {@linkcode watched} says what is watched and whom a change wakes. Beside them {@linkcode MetricsPoll} asks instances and
 * brokers for the numbers that people look at, and {@linkcode ScalingLoop} asks for itself, and decides by the answers.
 *
 * @module
 */
export { projectedWarning } from "./cached_facts.ts";
export * from "./component.ts";
export { causeLine, unexplainedEnds } from "./container_end.ts";
export * from "./context.ts";
export * from "./mesh.ts";
export { Neighbours } from "./neighbours.ts";
export * from "./old_conditions.ts";
export { StatusPace } from "./status_pace.ts";
export * from "./termination_log.ts";
export * from "./metrics_poll/metrics_poll.ts";
export * from "./scaling/scaling_loop.ts";
export * from "./wake_up.ts";
export * from "./watches.ts";
