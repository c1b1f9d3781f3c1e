/** What was measured of one program at one size. Seconds, unless a name says otherwise. */
export interface Figures {
  readonly functions: number;
  /** A name of the program that was measured; `limit` for the bare client. */
  readonly subject: string;
  readonly values: Readonly<Record<string, number>>;
}

/** What a run measured, where. */
export interface Report {
  /** Processors, versions: what figures depend on. */
  readonly machine: string;
  readonly figures: readonly Figures[];
}

/**
 * One table a size: a line for each value, a column for each subject, the middle of several runs, and how far the first
 * subject after the limit is from it.
 *
 * @param before an earlier report; each value of a subject that it has too gets a ratio: 0.5 is half of before
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tableLines } from "./figures.ts";
 * const of = (subject: string, seconds: number) => ({ functions: 500, subject, values: { "all children": seconds } });
 * const report = { machine: "2 processors", figures: [of("limit", 7), of("meshwright", 11), of("meshwright", 9)] };
 * assertEquals(tableLines(report), [
 *   "2 processors",
 *   "",
 *   "| 500 Functions | limit | meshwright |",
 *   "|---|---|---|",
 *   "| all children | 7 | 10 (70 % of the limit) |",
 * ]);
 * assertEquals(tableLines({ machine: "", figures: [of("limit", 20.04)] }).at(-1), "| all children | 20 |");
 * const before = { machine: "", figures: [of("meshwright", 20)] };
 * assertEquals(tableLines(report, before).at(-1), "| all children | 7 | 10 (70 % of the limit, 0.50 of before) |");
 * ```
 */
export function tableLines(report: Report, before?: Report): string[] {
  const sizes = [...new Set(report.figures.map(({ functions }) => functions))];
  return [report.machine, ...sizes.flatMap((size) => ["", ...sizeLines(report, { size, before })])];
}

function sizeLines(
  { figures }: Report,
  { size, before }: { readonly size: number; readonly before: Report | undefined },
): string[] {
  const here = figures.filter(({ functions }) => functions === size);
  const subjects = [...new Set(here.map(({ subject }) => subject))];
  const names = [...new Set(here.flatMap(({ values }) => Object.keys(values)))];
  const cell = (subject: string, name: string) => {
    const value = median(here, subject, name);
    if (value === undefined) return "";
    const limit = subject === "limit" ? undefined : median(here, "limit", name);
    const earlier = before?.figures.filter(({ functions }) => functions === size) ?? [];
    const then = median(earlier, subject, name);
    const notes = [
      ...(limit === undefined ? [] : [`${Math.round(100 * limit / value)} % of the limit`]),
      ...(then === undefined || then === 0 ? [] : [`${(value / then).toFixed(2)} of before`]),
    ];
    return `${numberText(value)}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}`;
  };
  return [
    `| ${size.toLocaleString("en-US")} Functions | ${subjects.join(" | ")} |`,
    `|${"---|".repeat(subjects.length + 1)}`,
    ...names.map((name) =>
      `| ${name} | ${subjects.map((subject) => cell(subject, name)).join(" | ")} |`
    ),
  ];
}

/** The median of all runs; undefined where none measured it. */
export function median(
  figures: readonly Figures[],
  subject: string,
  name: string,
): number | undefined {
  const values = figures.filter((one) => one.subject === subject)
    .flatMap((one) => one.values[name] ?? []).sort((a, b) => a - b);
  const half = Math.floor(values.length / 2);
  const [low, high] = [values[values.length % 2 === 0 ? half - 1 : half], values[half]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

function numberText(value: number): string {
  if (value >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(2)));
}
