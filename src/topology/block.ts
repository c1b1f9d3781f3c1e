/**
 * Text drawings that are put together: boxes, stacked and side by side, with lines between them.
 *
 * @module
 */

/** A drawing, and the column at its top and bottom where lines meet it. All lines are equally long. */
export interface Block {
  readonly lines: readonly string[];
  readonly anchor: number;
}

/** The frame of a box: `double` marks what belongs together. */
export type Frame = "single" | "double";

const FRAMES = {
  single: { top: "┌─┐", side: "│", bottom: "└─┘", joint: "┬" },
  double: { top: "╔═╗", side: "║", bottom: "╚═╝", joint: "╤" },
} as const;

/** Columns between two drawings that stand side by side. */
const GAP = 2;

/**
 * A drawing of lines without a frame, met in the middle.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { plainBlock } from "./block.ts";
 * assertEquals(plainBlock(["abc", "d"]), { lines: ["abc", "d  "], anchor: 1 });
 * ```
 */
export function plainBlock(lines: readonly string[]): Block {
  const width = Math.max(...lines.map((line) => line.length));
  return { lines: lines.map((line) => line.padEnd(width)), anchor: Math.floor((width - 1) / 2) };
}

/** Lines in a frame; `hasExit` opens its bottom for a line that leaves it. */
export function boxBlock(
  words: readonly string[],
  { frame, hasExit }: { readonly frame: Frame; readonly hasExit: boolean },
): Block {
  const { top, side, bottom, joint } = FRAMES[frame];
  const { lines, anchor } = plainBlock(words.map((line) => ` ${line} `));
  const width = lines[0]?.length ?? 0;
  const floor = edge(bottom, width);
  return {
    lines: [
      edge(top, width),
      ...lines.map((line) => `${side}${line}${side}`),
      hasExit ? replaced(floor, anchor + 1, joint) : floor,
    ],
    anchor: anchor + 1,
  };
}

/** One drawing over another, so that their anchors are in one column. */
export function stacked(upper: Block, lower: Block): Block {
  const anchor = Math.max(upper.anchor, lower.anchor);
  const left = [upper, lower].flatMap(({ lines, anchor: own }) =>
    lines.map((line) => " ".repeat(anchor - own) + line)
  );
  const width = Math.max(...left.map((line) => line.length));
  return { lines: left.map((line) => line.padEnd(width)), anchor };
}

/** A drawing with an arrow to each of the drawings below it. */
export function branched(upper: Block, lowers: readonly Block[]): Block {
  if (lowers.length === 0) return upper;
  const { lines, anchors } = sideBySide(lowers);
  const anchor = forkColumn(anchors);
  const arrows = marked(anchors.map((column) => [column, "▼"]));
  const fork = anchors.length === 1 ? [] : [forkLine(anchors, anchor)];
  const width = lines[0]?.length ?? 0;
  const lower = [...fork, arrows].map((line) => line.padEnd(width));
  return stacked(upper, { lines: [...lower, ...lines], anchor });
}

/** Drawings side by side while they fit, the rest in further rows. */
export function arranged(blocks: readonly Block[], columnsMax: number): readonly string[] {
  const rows: Block[][] = [];
  let used = 0;
  for (const block of blocks) {
    const width = (block.lines[0]?.length ?? 0) + GAP;
    const row = rows.at(-1);
    if (row === undefined || used + width > columnsMax + GAP) {
      rows.push([block]);
      used = width;
    } else {
      row.push(block);
      used += width;
    }
  }
  return rows.flatMap((row, index) => [
    ...(index === 0 ? [] : [""]),
    ...sideBySide(row).lines.map((line) => line.trimEnd()),
  ]);
}

function sideBySide(
  blocks: readonly Block[],
): { readonly lines: readonly string[]; readonly anchors: readonly number[] } {
  const height = Math.max(0, ...blocks.map(({ lines }) => lines.length));
  const widths = blocks.map(({ lines }) => lines[0]?.length ?? 0);
  const lines = Array.from(
    { length: height },
    (_, row) =>
      blocks.map((block, index) => block.lines[row] ?? " ".repeat(widths[index] ?? 0))
        .join(" ".repeat(GAP)),
  );
  const anchors = blocks.map(({ anchor }, index) =>
    anchor + widths.slice(0, index).reduce((sum, width) => sum + width + GAP, 0)
  );
  return { lines, anchors };
}

/** The middle of a fork; straight over an arrow that is about there. */
function forkColumn(columns: readonly number[]): number {
  const [first = 0, last = 0] = [columns[0], columns.at(-1)];
  const middle = Math.floor((first + last) / 2);
  return columns.find((column) => Math.abs(column - middle) <= 2) ?? middle;
}

/** `┌──┴──┬──┐`: from the column `from` above to every column below. */
function forkLine(columns: readonly number[], from: number): string {
  const [first = 0, last = 0] = [columns[0], columns.at(-1)];
  const marks = columns.map((column): [number, string] => [column, "┬"]);
  const line = replaced(
    replaced(marked(marks, "─"), first, "┌").padEnd(last + 1, "─"),
    last,
    "┐",
  );
  const joint = columns.includes(from) ? "┼" : "┴";
  return " ".repeat(first) + replaced(line, from, joint).slice(first);
}

function marked(marks: readonly (readonly [number, string])[], filler = " "): string {
  return marks.reduce((line, [column, mark]) => line.padEnd(column, filler) + mark, "");
}

function edge(corners: string, width: number): string {
  const [left = "", line = "", right = ""] = corners;
  return left + line.repeat(width) + right;
}

function replaced(text: string, column: number, mark: string): string {
  return text.slice(0, column) + mark + text.slice(column + 1);
}
