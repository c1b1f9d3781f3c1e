/**
 * Loops that bring objects to where they should be: a {@linkcode Controller} takes keys from a {@linkcode WorkQueue}
 * and reconciles each, one pass at a time for a key. What an error means is decided in `error_policy.ts` alone.
 *
 * @module
 */
export * from "./backoff.ts";
export * from "./controller.ts";
export * from "./error_policy.ts";
export * from "./work_queue.ts";
