/**
 * Look, think, act for the kinds of `compute.functionmesh.io`: one of the two rooms that see both the pure code and
 * the cluster.
 *
 * Start at {@linkcode reconcileComponent}; {@linkcode reconcileMesh} is the same for a FunctionMesh, and
 * {@linkcode watched} says what is watched and whom a change wakes. Beside them {@linkcode Survey} asks instances and
 * brokers for the numbers that people look at; no decision depends on them.
 *
 * @module
 */
export * from "./component.ts";
export * from "./context.ts";
export * from "./last_words.ts";
export * from "./mesh.ts";
export * from "./old_conditions.ts";
export { StatusPace } from "./report.ts";
export * from "./survey/survey.ts";
export * from "./watches.ts";
