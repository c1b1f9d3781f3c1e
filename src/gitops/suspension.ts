import type { MeshSync } from "#api";

/** That a sync is suspended, in words, and when it goes on by itself. */
export interface Suspension {
  readonly message: string;
  /** Milliseconds since 1970; absent when a person ends it. */
  readonly untilMs?: number;
}

/**
 * Whether a sync is suspended now: it says so, and the end that it names has not come.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { suspensionOf } from "./suspension.ts";
 * const spec = { url: "https://git.example/a.git", suspend: true, suspendReason: "release freeze" };
 * assertEquals(suspensionOf({ ...spec, suspendUntil: "2026-01-02T00:00:00Z" }, Date.parse("2026-01-01T00:00:00Z"))?.message,
 *   "Suspended until 2026-01-02T00:00:00Z (release freeze): nothing is read from Git, applied or deleted");
 * assertEquals(suspensionOf({ ...spec, suspendUntil: "2026-01-02T00:00:00Z" }, Date.parse("2026-01-03T00:00:00Z")), undefined);
 * ```
 */
export function suspensionOf(spec: MeshSync["spec"], nowMs: number): Suspension | undefined {
  if (spec?.suspend !== true) return undefined;
  const untilMs = Date.parse(spec.suspendUntil ?? "");
  if (untilMs <= nowMs) return undefined;
  const until = Number.isNaN(untilMs) ? "" : ` until ${spec.suspendUntil}`;
  const reason = spec.suspendReason ? ` (${spec.suspendReason})` : "";
  return {
    message: `Suspended${until}${reason}: nothing is read from Git, applied or deleted`,
    ...(Number.isNaN(untilMs) ? {} : { untilMs }),
  };
}
