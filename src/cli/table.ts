/**
 * Rows under their headings, each column as wide as it has to be.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { table } from "./table.ts";
 * assertEquals(table(["NAME", "AGE"], [["shop", "3d"]]), ["NAME   AGE", "shop   3d"]);
 * ```
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const lines = [headings, ...rows];
  const widths = columnWidths(lines);
  return lines.map((line) => tableLine(line, widths));
}

/** How wide each column has to be. */
export function columnWidths(lines: readonly (readonly string[])[]): number[] {
  const [headings = []] = lines;
  return headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
}

/** One line of a table. */
export function tableLine(cells: readonly string[], widths: readonly number[]): string {
  return cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ").trimEnd();
}

/**
 * How long ago something was, as kubectl says it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ageText } from "./table.ts";
 * const now = Date.parse("2026-01-03T00:00:00Z");
 * assertEquals(["2026-01-01T00:00:00Z", "2026-01-02T23:59:30Z", ""].map((time) => ageText(time, now)), ["2d", "30s", ""]);
 * ```
 */
export function ageText(time: string, nowMs: number): string {
  const seconds = Math.floor((nowMs - Date.parse(time)) / 1000);
  if (Number.isNaN(seconds)) return "";
  if (seconds < 120) return `${Math.max(0, seconds)}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** A revision as people read it: seven digits of the hash are enough. */
export function shortRevision(revision: string): string {
  return revision.replace(/sha(?:1|256):([0-9a-f]{7})[0-9a-f]+/, "$1");
}
