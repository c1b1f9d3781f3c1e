/**
 * What every room may use: Kubernetes objects as raw JSON, conditions, stable JSON, time, errors and outcomes.
 * Imports nothing of the project.
 *
 * @module
 */
export * from "./bounded_bytes.ts";
export * from "./canonical.ts";
export * from "./budgets.ts";
export * from "./clock.ts";
export * from "./condition.ts";
export * from "./errors.ts";
export * from "./field_steps.ts";
export * from "./file_text.ts";
export * from "./git_ref.ts";
export * from "./git_url.ts";
export * from "./multimap.ts";
export * from "./next.ts";
export * from "./object.ts";
export * from "./per_object.ts";
export * from "./printable_text.ts";
export * from "./problem.ts";
export * from "./proxy.ts";
export * from "./redacted_text.ts";
export * from "./refused_address.ts";
export * from "./secret_data.ts";
export * from "./secret_text.ts";
export * from "./semaphore.ts";
export * from "./text_end.ts";
export * from "./shard.ts";
export * from "./short_text.ts";
export * from "./shown_text.ts";
export * from "./stream_pieces.ts";
export * from "./task_group.ts";
export * from "./turns.ts";
export * from "./version_range.ts";
