/** How what a program needs grows with the number of Functions, as a picture. */
import { escaped, svgPicture } from "../../support/svg.ts";
import { median, type Report } from "./figures.ts";

/** What is drawn: values of a report. */
const DRAWN: readonly { readonly name: string; readonly unit: string }[] = [
  { name: "all StatefulSets and Services exist", unit: "seconds" },
  { name: "processor until then", unit: "seconds" },
  { name: "processor of the API server until then", unit: "seconds" },
  { name: "requests a Function until then", unit: "requests" },
  { name: "memory at its peak (MB)", unit: "MB" },
  { name: "one file changed until its StatefulSet", unit: "seconds" },
];

const WIDTH = 320;
const HEIGHT = 150;
const MARGIN = 56;
const COLUMNS = 2;
const COLOURS = ["#888", "#0b6e4f", "#c1440e", "#3b5b92"];

interface Point {
  readonly functions: number;
  readonly value: number;
}

/**
 * One panel a value and a line a subject, over the number of Functions.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { growthPicture } from "./growth.ts";
 * const of = (functions: number, seconds: number) => ({
 *   functions,
 *   subject: "meshwright",
 *   values: { "all StatefulSets and Services exist": seconds },
 * });
 * const svg = growthPicture({ machine: "", figures: [of(100, 2), of(200, 4)] });
 * assertStringIncludes(svg, 'points="160.0,75.0 320.0,0.0"');
 * ```
 */
export function growthPicture(report: Report): string {
  const subjects = [...new Set(report.figures.map(({ subject }) => subject))];
  const drawn = DRAWN.map(({ name, unit }) => ({
    title: `${name}, ${unit}`,
    lines: subjects.map((subject) => pointsOf(report, { subject, name })),
  })).filter(({ lines }) => lines.flat().length > 0);
  const rows = Math.ceil(drawn.length / COLUMNS);
  const [width, height] = [COLUMNS * (WIDTH + MARGIN) + MARGIN, rows * (HEIGHT + MARGIN) + MARGIN];
  const legend = subjects.map((subject, index) =>
    `<text x="${MARGIN + index * 120}" y="20" fill="${colour(index)}" font-weight="bold">${
      escaped(subject)
    }</text>`
  );
  const panels = drawn.map(({ lines, title }, index) => {
    const x = MARGIN + (index % COLUMNS) * (WIDTH + MARGIN);
    const y = MARGIN + Math.floor(index / COLUMNS) * (HEIGHT + MARGIN);
    return `<g transform="translate(${x} ${y})">${panel(title, lines)}</g>`;
  });
  return svgPicture({ fontSize: 11, height, width }, [
    ...legend,
    ...panels,
  ]);
}

function pointsOf(
  { figures }: Report,
  { name, subject }: { readonly name: string; readonly subject: string },
): Point[] {
  const sizes = [...new Set(figures.map(({ functions }) => functions))].sort((a, b) => a - b);
  return sizes.flatMap((functions) => {
    const here = figures.filter((one) => one.functions === functions);
    const value = median(here, subject, name);
    return value === undefined ? [] : [{ functions, value }];
  });
}

function panel(title: string, lines: readonly (readonly Point[])[]): string {
  const all = lines.flat();
  const [most, largest] = [
    Math.max(...all.map(({ value }) => value)),
    Math.max(...all.map(({ functions }) => functions)),
  ];
  const drawn = lines.map((points, index) => {
    const places = points.map(({ functions, value }) =>
      `${(functions / largest * WIDTH).toFixed(1)},${(HEIGHT - value / most * HEIGHT).toFixed(1)}`
    );
    const dots = places.map((place) => {
      const [x, y] = place.split(",");
      return `<circle cx="${x}" cy="${y}" r="2.5" fill="${colour(index)}"/>`;
    });
    return `<polyline fill="none" stroke="${colour(index)}" stroke-width="1.5" points="${
      places.join(" ")
    }"/>${dots.join("")}`;
  });
  return [
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#f6f6f4"/>`,
    ...drawn,
    `<text x="0" y="-6">${escaped(title)}</text>`,
    `<text x="-4" y="10" text-anchor="end">${Number(most.toPrecision(2))}</text>`,
    `<text x="${WIDTH}" y="${HEIGHT + 14}" text-anchor="end">${largest} Functions</text>`,
  ].join("");
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? "";
}
