/** A line that both texts have, or only one of them. */
interface Line {
  readonly mark: " " | "+" | "-";
  readonly text: string;
}

/** Lines around a change that are shown too. */
const CONTEXT = 3;

/**
 * The difference of two texts as `diff -u` writes it, without the two lines of names; empty when they are equal.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lineDiff } from "./line_diff.ts";
 * assertEquals(lineDiff("a\nb\nc", "a\nx\nc"), ["@@ -1,3 +1,3 @@", " a", "-b", "+x", " c"]);
 * assertEquals(lineDiff("a", "a"), []);
 * ```
 */
export function lineDiff(before: string, after: string): string[] {
  const lines = compared(linesOf(before), linesOf(after));
  const isShown = lines.map((_, index) =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ mark }) => mark !== " ")
  );
  const output: string[] = [];
  let [oldLine, newLine] = [1, 1];
  for (let index = 0; index < lines.length;) {
    if (isShown[index] !== true) {
      index++, oldLine++, newLine++;
      continue;
    }
    const end = isShown.indexOf(false, index);
    const hunk = lines.slice(index, end < 0 ? lines.length : end);
    const oldCount = hunk.filter(({ mark }) => mark !== "+").length;
    const newCount = hunk.filter(({ mark }) => mark !== "-").length;
    const [oldStart, newStart] = [oldCount === 0 ? 0 : oldLine, newCount === 0 ? 0 : newLine];
    output.push(`@@ -${oldStart},${oldCount} +${newStart},${newCount} @@`);
    output.push(...hunk.map(({ mark, text }) => `${mark}${text}`));
    index += hunk.length;
    oldLine += oldCount;
    newLine += newCount;
  }
  return output;
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

/** By the longest common part of what is between the equal beginning and the equal end. */
function compared(before: readonly string[], after: readonly string[]): Line[] {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const kept = (lines: readonly string[]) => lines.map((text) => ({ mark: " ", text } as const));
  return [
    ...kept(before.slice(0, head)),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...kept(before.slice(before.length - tail)),
  ];
}

/** More cells than this would take seconds: then the whole middle is replaced. */
const CELLS_MAX = 25_000_000;

function middle(before: readonly string[], after: readonly string[]): Line[] {
  const gone = (text = ""): Line => ({ mark: "-", text });
  const come = (text = ""): Line => ({ mark: "+", text });
  if (before.length * after.length > CELLS_MAX) return [...before.map(gone), ...after.map(come)];
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const at = (row: number, column: number) => common[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      common[row * width + column] = before[row] === after[column]
        ? at(row + 1, column + 1) + 1
        : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: Line[] = [];
  let [row, column] = [0, 0];
  while (row < before.length && column < after.length) {
    if (before[row] === after[column]) {
      lines.push({ mark: " ", text: before[row++] ?? "" });
      column++;
    } else if (at(row + 1, column) >= at(row, column + 1)) lines.push(gone(before[row++]));
    else lines.push(come(after[column++]));
  }
  return [...lines, ...before.slice(row).map(gone), ...after.slice(column).map(come)];
}
