/**
 * What to do about a cause: keyed by the reasons that statuses and events carry, the program's own and those of Kubernetes that
 * it passes on. `docs/causes.md` shows them all.
 *
 * @module
 */
import { COMPONENT_REMEDIES, REFUSAL_REMEDIES } from "./remedies_of_components.ts";
import { ENDED_REMEDIES, POD_REMEDIES } from "./remedies_of_pods.ts";
import { SYNC_REMEDIES } from "./remedies_of_syncs.ts";
import type { Remedy } from "./remedy.ts";

/** All causes that there is a remedy for, the special ones of a reason before the general one. */
export const REMEDIES: readonly Remedy[] = [
  ...ENDED_REMEDIES,
  ...POD_REMEDIES,
  ...COMPONENT_REMEDIES,
  ...REFUSAL_REMEDIES,
  ...SYNC_REMEDIES,
];

/**
 * What to do about a cause; undefined where there is nothing but its own words.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { remedyFor } from "#topology";
 * assertEquals(remedyFor("OOMKilled", "")?.startsWith("Raise spec.resources.limits.memory"), true);
 * assertEquals(remedyFor("Ready", ""), undefined);
 * ```
 */
export function remedyFor(reason: string, message: string): string | undefined {
  return REMEDIES.find((entry) =>
    entry.reason === reason && (entry.words?.some((word) => message.includes(word)) ?? true) &&
    message.includes(entry.besides ?? "")
  )?.remedy;
}
