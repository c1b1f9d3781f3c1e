import type { FlowView } from "../../view.ts";
import { countText, isPilingUp, rateText } from "../words.ts";
import type { Point } from "./layout.ts";

/** A flow of the graph. */
export interface LineProps {
  readonly flow: FlowView | undefined;
  readonly points: readonly Point[];
  readonly isMarked: boolean;
  readonly isDimmed: boolean;
  readonly isFar: boolean;
  /** Goes from one mesh to another. */
  readonly isCrossing: boolean;
}

/** An arrow with what passes above it and what waits below it. */
export function Line({ flow, isCrossing, isDimmed, isFar, isMarked, points }: LineProps) {
  const middle = middleOf(points);
  if (middle === undefined) return null;
  const { backlog = 0, perSecond, role = "match" } = flow ?? {};
  const look = [
    "line",
    ...(role === "input" || role === "output" ? [] : ["is-aside"]),
    ...(isPilingUp(backlog, perSecond) ? ["is-waiting"] : []),
    ...(isCrossing && !isMarked ? ["is-crossing"] : []),
    ...(isMarked ? ["is-marked"] : []),
    ...(isDimmed ? ["is-dimmed"] : []),
    ...(flow === undefined ? ["is-gone"] : []),
  ].join(" ");
  const rate = perSecond === undefined || perSecond === 0 ? "" : rateText(perSecond);
  return (
    <g class={look}>
      <path d={curve(points)} stroke-width={widthOf(perSecond ?? 0)} marker-end="url(#arrow)" />
      {isFar ? null : (
        <>
          {rate === ""
            ? null
            : <text x={middle.x} y={middle.y - 4} text-anchor="middle">{rate}</text>}
          {backlog === 0
            ? null
            : (
              <text class="line-backlog" x={middle.x} y={middle.y + 12} text-anchor="middle">
                {countText(backlog)}
              </text>
            )}
        </>
      )}
    </g>
  );
}

/** Where numbers are written: the layout kept room there. */
function middleOf(points: readonly Point[]): Point | undefined {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length < 2) return undefined;
  return points.length > 2
    ? points[Math.floor(points.length / 2)]
    : { x: (first.x + last.x) / 2, y: (first.y + last.y) / 2 };
}

/** The more passes the wider, by its magnitude. */
function widthOf(perSecond: number): number {
  return perSecond <= 0 ? 1.2 : Math.min(4, 1.3 + 0.55 * Math.log10(1 + perSecond));
}

/** A curve that is level where it begins and where it ends. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  let path = `M${text(first)}`;
  let from = first;
  for (const to of knots(rest)) {
    const bend = Math.max(12, Math.abs(to.x - from.x) / 2);
    path += `C${text({ x: from.x + bend, y: from.y })} ${text({ x: to.x - bend, y: to.y })} ${
      text(to)
    }`;
    from = to;
  }
  return path;
}

/** A bend in a level run is none. */
function knots(points: readonly Point[]): Point[] {
  return points.filter(({ y }, index) => {
    const [before, after] = [points[index - 1], points[index + 1]];
    return before === undefined || after === undefined || before.y !== y || after.y !== y;
  });
}

function text({ x, y }: Point): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
}
