/** A standard Kubernetes condition (`meta/v1` Condition). */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** A condition before it is merged into a list: its transition time depends on what was there. */
export type ConditionDraft = Omit<Condition, "lastTransitionTime">;

/**
 * The conditions after `drafts` replace those of the same type, sorted by type.
 *
 * # Guarantees
 * `lastTransitionTime` changes only when `status` does, so that an unchanged state gives unchanged bytes.
 * Types not named by `drafts` are kept.
 *
 * @param previous what the status held; anything but a list of conditions (the map that the reference operator
 *   wrote, for one) counts as empty
 * @param now RFC 3339 time of this look
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mergeConditions } from "#base";
 * const ready = { type: "Ready", status: "True", reason: "Ready", message: "1/1" } as const;
 * const first = mergeConditions([], [ready], "2026-01-01T00:00:00Z");
 * assertEquals(mergeConditions(first, [{ ...ready, message: "still" }], "2026-01-02T00:00:00Z")[0]?.lastTransitionTime,
 *   "2026-01-01T00:00:00Z");
 * ```
 */
export function mergeConditions(
  previous: unknown,
  drafts: readonly ConditionDraft[],
  now: string,
): Condition[] {
  const known = new Map(conditionList(previous).map((condition) => [condition.type, condition]));
  for (const draft of drafts) {
    const before = known.get(draft.type);
    const lastTransitionTime = before?.status === draft.status ? before.lastTransitionTime : now;
    known.set(draft.type, { ...draft, lastTransitionTime });
  }
  return [...known.values()].sort((a, b) => a.type < b.type ? -1 : 1);
}

/** The conditions of a status, or an empty list where it holds something else. */
export function conditionList(value: unknown): Condition[] {
  return Array.isArray(value) ? value.filter((item) => typeof item?.type === "string") : [];
}

/** The condition of one type, if the status has it. */
export function conditionOf(value: unknown, type: string): Condition | undefined {
  return conditionList(value).find((condition) => condition.type === type);
}
