import { podsText } from "#topology";
import type { ComponentRow } from "./component_row.ts";

/** A line for each component, in columns: for a screen that is drawn again and again. */
export function progressTable(rows: readonly ComponentRow[]): readonly string[] {
  const cells = rows.map((row) => [
    row.isReady ? "✓" : "…",
    row.kind,
    row.name,
    podsText(row),
    row.words,
  ]);
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(0, ...cells.map((line) => line[column]?.length ?? 0))
  );
  return cells.map((line) =>
    line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()
  );
}

/**
 * What became different between two looks, a line for each component that appeared, became ready, lost its readiness,
 * was scaled or went: for output that is only ever added to.
 */
export function progressLines(
  before: readonly ComponentRow[],
  after: readonly ComponentRow[],
): readonly string[] {
  const known = new Map(before.map((row) => [rowKey(row), row]));
  const there = new Set(after.map(rowKey));
  return [
    ...before.filter((row) => !there.has(rowKey(row))).map((row) => `- ${titleOf(row)}  gone`),
    ...after.flatMap((row) => changeLine(known.get(rowKey(row)), row)),
  ];
}

function changeLine(before: ComponentRow | undefined, after: ComponentRow): string[] {
  if (isDone(after)) {
    return before !== undefined && isDone(before) && before.wantedPods === after.wantedPods
      ? []
      : [`✓ ${titleOf(after)}  ${podsText(after)} ready`];
  }
  if (before === undefined) return [`+ ${titleOf(after)}  created`];
  if (before.wantedPods !== after.wantedPods) {
    return [`~ ${titleOf(after)}  ${before.wantedPods} to ${after.wantedPods} pods`];
  }
  // With all its pods it only has not yet looked at its newest generation: no news.
  const hasLost = isDone(before) && after.readyPods < after.wantedPods;
  return hasLost ? [`… ${titleOf(after)}  ${podsText(after)} ${after.words}`] : [];
}

/** Whether a component says that it is ready, and its pods do as well. */
export function isDone(row: ComponentRow): boolean {
  return row.isReady && row.readyPods === row.wantedPods;
}

function titleOf(row: ComponentRow): string {
  return `${row.kind.padEnd("Function".length)}  ${row.name}`;
}

function rowKey(row: ComponentRow): string {
  return `${row.kind} ${row.namespace}/${row.name}`;
}
