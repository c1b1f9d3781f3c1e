/**
 * What the scaling by backlog makes of what an operator meets, beside an HPA and KEDA: writes the table of docs/scaling.md and
 * docs/scaling.svg, `deno task bench-scaling`. Nothing is timed; the same program gives the same numbers.
 *
 * @module
 */
import { picture } from "./picture.ts";
import { hpa, keda, ours } from "./scalers.ts";
import { TRACES } from "./traces.ts";
import { played, type Result, type Trace } from "./world.ts";

const FOLDER = new URL("../../../docs/", import.meta.url);
const MARKS = ["<!-- table -->", "<!-- end of table -->"] as const;

interface Played {
  readonly trace: Trace;
  readonly results: readonly Result[];
}

function allPlayed(): Played[] {
  return TRACES.map((trace) => ({
    trace,
    results: [ours(trace), hpa(trace), keda(trace), keda(trace, 10)]
      .map((scaler) => played(trace, scaler)),
  }));
}

function table(all: readonly Played[]): string {
  const number = (value: number) => value.toLocaleString("en-US");
  const head = [
    "trace",
    "scaler",
    "backlog-seconds",
    "replica-seconds",
    "changes",
    "turns",
    "worst delay",
  ];
  const lines = all.flatMap(({ trace, results }) =>
    results.map((result, index) => [
      index === 0 ? trace.name : "",
      result.scaler,
      number(result.backlogSeconds),
      number(result.replicaSeconds),
      String(result.changes),
      String(result.turns),
      `${number(result.worstDelay)} s`,
    ])
  );
  const rule = head.map((_, index) => index < 2 ? "---" : "---:");
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** @throws {Error} when the text has no place for a table */
function withTable(text: string, lines: string): string {
  const [start, end] = MARKS.map((mark) => text.indexOf(mark));
  if (start === undefined || end === undefined || start < 0 || end < start) {
    throw new Error(`Cannot write the table: scaling.md has no ${MARKS.join(" and ")}`);
  }
  return `${text.slice(0, start)}${MARKS[0]}\n\n${lines}\n\n${text.slice(end)}`;
}

if (import.meta.main) {
  const all = allPlayed();
  const page = new URL("scaling.md", FOLDER);
  await Deno.writeTextFile(page, withTable(await Deno.readTextFile(page), table(all)));
  const panels = all.map(({ trace, results }) => ({
    name: trace.name,
    seconds: trace.seconds,
    results: results.slice(0, 3),
  }));
  await Deno.writeTextFile(new URL("scaling.svg", FOLDER), picture(panels));
}
