const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** How a duration is written; the definitions hold it as well. */
export const DURATION_PATTERN = "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$";
const DURATION = new RegExp(DURATION_PATTERN);

/** Longest duration that anything may last, ten years: beyond it a number means nothing to a clock. */
export const DURATION_MS_MAX = 10 * 366 * 24 * 3_600_000;

/**
 * Milliseconds of a duration as Go writes it (`1h30m`, `90s`, `500ms`), or undefined when the text is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { durationMs } from "#api";
 * assertEquals(["1m", "1h30m", "0.5s", "soon"].map(durationMs), [60_000, 5_400_000, 500, undefined]);
 * ```
 */
export function durationMs(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  // Counts and their units in turn.
  const parts = text.split(/(ms|s|m|h)/);
  return parts.reduce((sum, unit, index) => {
    const factor = index % 2 === 1 ? UNITS_MS[unit] ?? 0 : 0;
    return factor === 0 ? sum : sum + Number(parts[index - 1]) * factor;
  }, 0);
}
