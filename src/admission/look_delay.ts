import { spread } from "#base";
import { grownDelayMs } from "#kube";

/** How often certificates are looked at: a few reads by name. */
export const LOOK_EVERY_MS = 60_000;
/** Sooner after a failure, so that a right that is given takes effect while its giver watches. */
const RETRY_MS = 10_000;

/**
 * When certificates are looked at next, in milliseconds. Replicas do so apart from each other, so that they do not renew at
 * the same moment; what fails again and again is tried less and less often.
 *
 * @param by.failures how often it failed in a row
 * @param by.random between 0 and 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { certificateDelayMs } from "#admission";
 * const delays = [1, 2, 3, 4, 9].map((failures) => certificateDelayMs({ failures, random: 1 }));
 * assertEquals(delays, [10_000, 20_000, 40_000, 60_000, 60_000]);
 * ```
 */
export function certificateDelayMs(
  by: { readonly failures: number; readonly random: number; readonly everyMs?: number },
): number {
  const { everyMs = LOOK_EVERY_MS, failures, random } = by;
  if (failures === 0) return spread(everyMs, random);
  return grownDelayMs({ failures, firstMs: RETRY_MS, maxMs: everyMs, random });
}
