import type { Model } from "../model.ts";
import { type Group, worstOf } from "../selection.ts";
import { StateIcon } from "../icons.tsx";
import { lineText, middleCut } from "../text.ts";
import { plural } from "../words.ts";
import { Card, Pill } from "./card.tsx";
import { Line } from "./line.tsx";
import type { Layout, Place, Point, Size } from "./layout.ts";
import { CARD, PILL } from "./structure.ts";
import { isInSight, type Viewport } from "./viewport.ts";

/** What is drawn, and where the window on it is. */
export interface DrawingProps {
  readonly model: Model;
  readonly groups: readonly Group[];
  readonly layout: Layout;
  readonly viewport: Viewport;
  readonly size: Size;
  readonly open: string | undefined;
  /** Ids of what is searched for; undefined: nothing is. */
  readonly found: ReadonlySet<string> | undefined;
  /** The card that the Tab key comes to: drawn wherever it is. */
  readonly entry: string | undefined;
  readonly isFar: boolean;
}

/** The part of the graph that is in the window. */
export function Drawing(props: DrawingProps) {
  const { groups, layout, size, viewport } = props;
  const { scale, x, y } = viewport;
  return (
    <>
      <defs>
        <clipPath id="card-clip">
          <rect width={CARD.width - 8} height={CARD.height} />
        </clipPath>
        <clipPath id="pill-clip">
          <rect x="6" width={PILL.widthMax - 12} height={PILL.height} />
        </clipPath>
        <marker
          id="arrow"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path class="arrow-head" d="M0 .8L7.4 4 0 7.2z" />
        </marker>
      </defs>
      <g transform={`translate(${x} ${y}) scale(${scale})`}>
        {groups.map((group) => {
          const place = layout.blocks.get(group.key);
          return place !== undefined && isInSight(place, viewport, size)
            ? <Frame key={group.key} group={group} place={place} viewport={viewport} />
            : null;
        })}
        <Lines {...props} />
        <Boxes {...props} />
      </g>
    </>
  );
}

/** Room above a frame for a title that is larger than its cards. */
const ABOVE = 96;

/** The frame of a mesh; its title stays readable from far away. */
function Frame(
  { group, place, viewport: { scale, x } }: {
    readonly group: Group;
    readonly place: Place;
    readonly viewport: Viewport;
  },
) {
  const [namespace = "", mesh = ""] = group.key.split("/");
  const title = lineText(mesh === "" ? `${namespace} · no mesh` : `${namespace} / ${mesh}`, 200);
  const size = Math.min(80, Math.max(12, 11.5 / scale));
  // What is larger than the room above the cards stands above the frame.
  const y = size > 26 ? -8 : 22;
  // Where the frame begins out of sight, its title begins at the window's edge.
  const left = Math.min(Math.max(0, -x / scale - place.x), Math.max(0, place.width - 200));
  const charsMax = Math.max(6, Math.floor((place.width - left - 24) / (size * 0.58)));
  const worst = worstOf(group);
  const isWell = worst === "ok";
  return (
    <g class="frame" transform={`translate(${place.x} ${place.y})`}>
      <rect width={place.width} height={place.height} rx="12" />
      <title>{`${title}: ${plural(group.members.length, "component")}`}</title>
      <svg y={-ABOVE} width={place.width} height={ABOVE + place.height}>
        {isWell
          ? null
          : <StateIcon state={worst} size={size} x={left + 14} y={ABOVE + y - 2 - size * 0.75} />}
        <text x={left + (isWell ? 16 : 20 + size)} y={ABOVE + y} font-size={size}>
          {middleCut(title, charsMax)}
        </text>
      </svg>
    </g>
  );
}

function Lines({ found, isFar, layout, model, open, size, viewport }: DrawingProps) {
  const mark = open === undefined ? undefined : `c:${open}`;
  return (
    <g class="lines">
      {[...layout.lines].map(([key, points]) => {
        if (!isInSight(boundsOf(points), viewport, size)) return null;
        const flow = model.flows.get(key);
        const isMarked = mark !== undefined && (flow?.from === mark || flow?.to === mark);
        return (
          <Line
            key={key}
            {...{ flow, points, isFar, isMarked }}
            isDimmed={found !== undefined}
            isCrossing={points.length === 2}
          />
        );
      })}
    </g>
  );
}

function Boxes({ entry, found, isFar, layout, model, open, size, viewport }: DrawingProps) {
  return (
    <g>
      {[...layout.places].map(([id, place]) => {
        if (id !== entry && !isInSight(place, viewport, size)) return null;
        const key = id.slice(2);
        return id.startsWith("t:")
          ? <Pill key={id} topic={model.topics.get(key)} {...{ place, isFar }} />
          : (
            <Card
              key={id}
              component={model.components.get(key)}
              {...{ id, place, isFar }}
              isOpen={key === open}
              isEntry={id === entry}
              isDimmed={found !== undefined && !found.has(id)}
            />
          );
      })}
    </g>
  );
}

function boundsOf(points: readonly Point[]): Place {
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return { x: left, y: top, width: Math.max(...xs) - left, height: Math.max(...ys) - top };
}
