/** A line of several texts, and which of them have it there. */
export interface MergedLine {
  readonly text: string;
  readonly members: ReadonlySet<number>;
}

/**
 * One sequence of lines that holds each of some texts: the lines that a text is a member of are that text, in its order.
 *
 * @param texts each with its number; `undefined` where there is none
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mergedLines } from "./merged_lines.ts";
 * const lines = mergedLines([["a", "c"], ["a", "b", "c"], undefined]);
 * assertEquals(lines.map(({ text }) => text), ["a", "b", "c"]);
 * assertEquals(lines.map(({ members }) => [...members].sort()), [[0, 1], [1], [0, 1]]);
 * ```
 */
export function mergedLines(texts: readonly (readonly string[] | undefined)[]): MergedLine[] {
  const groups = new Map<
    string,
    { readonly lines: readonly string[]; readonly numbers: number[] }
  >();
  for (const [number, lines] of texts.entries()) {
    if (lines === undefined) continue;
    const key = lines.join("\n");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { lines, numbers: [number] });
    else group.numbers.push(number);
  }
  // The longest first: most lines of the others are there already.
  const ordered = [...groups.values()].sort((one, other) => other.lines.length - one.lines.length);
  return ordered.reduce<MergedLine[]>(
    (merged, { lines, numbers }) => withText(merged, lines, numbers),
    [],
  );
}

function withText(
  merged: readonly MergedLine[],
  lines: readonly string[],
  numbers: readonly number[],
): MergedLine[] {
  const lengths = commonLengths(merged, lines);
  const result: MergedLine[] = [];
  let [i, j] = [0, 0];
  while (i < merged.length || j < lines.length) {
    const [known, line] = [merged[i], lines[j]];
    if (known !== undefined && known.text === line) {
      result.push({ text: line, members: new Set([...known.members, ...numbers]) });
      [i, j] = [i + 1, j + 1];
    } else if (known !== undefined && commonAt(lengths, i + 1, j) >= commonAt(lengths, i, j + 1)) {
      result.push(known);
      i++;
    } else if (line !== undefined) {
      result.push({ text: line, members: new Set(numbers) });
      j++;
    }
  }
  return result;
}

/** For each pair of ends, how many lines these have in common. */
function commonLengths(merged: readonly MergedLine[], lines: readonly string[]): number[][] {
  const lengths = Array.from(
    { length: merged.length + 1 },
    () => new Array<number>(lines.length + 1).fill(0),
  );
  for (let i = merged.length - 1; i >= 0; i--) {
    const row = lengths[i] ?? [];
    for (let j = lines.length - 1; j >= 0; j--) {
      row[j] = merged[i]?.text === lines[j]
        ? 1 + commonAt(lengths, i + 1, j + 1)
        : Math.max(commonAt(lengths, i + 1, j), commonAt(lengths, i, j + 1));
    }
  }
  return lengths;
}

/** Past either end there is nothing; never chosen before what is there. */
function commonAt(lengths: readonly (readonly number[])[], i: number, j: number): number {
  return lengths[i]?.[j] ?? -1;
}
