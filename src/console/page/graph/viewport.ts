import type { Layout, Place, Size } from "./layout.ts";

/** Where the window on the graph is: a point p is drawn at `p * scale + (x, y)`. */
export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** Scales that somebody may choose; a graph that fits only smaller is shown smaller. */
export const SCALES = { min: 0.04, max: 2.5 } as const;
const MARGIN = 28;
const NARROW = 720;
/** Texts of cards are as large as those of lists are on a phone. */
const READABLE = 0.75;

/** All of a graph, not larger than it is. */
export function fitted({ height, width }: Size, size: Size): Viewport {
  if (width === 0 || height === 0) return { x: 0, y: 0, scale: 1 };
  const scale = Math.max(
    SCALES.min,
    Math.min(1.15, (size.width - 2 * MARGIN) / width, (size.height - 2 * MARGIN) / height),
  );
  return {
    scale,
    x: (size.width - width * scale) / 2,
    y: (size.height - height * scale) / 2,
  };
}

/**
 * How a graph is met: all of it, to see where to look; on a window as narrow as a phone's its beginning, so that it can be
 * read.
 */
export function firstSight(layout: Size, size: Size): Viewport {
  const whole = fitted(layout, size);
  const isNarrow = size.width < NARROW && whole.scale < READABLE;
  return isNarrow ? { x: MARGIN / 2, y: MARGIN / 2, scale: READABLE } : whole;
}

/** Larger or smaller, while one point of the window stays where it is. */
export function zoomed(
  { scale, x, y }: Viewport,
  { at, factor }: {
    readonly factor: number;
    readonly at: { readonly x: number; readonly y: number };
  },
): Viewport {
  const next = Math.min(SCALES.max, Math.max(Math.min(SCALES.min, scale), scale * factor));
  const ratio = next / scale;
  return { scale: next, x: at.x - (at.x - x) * ratio, y: at.y - (at.y - y) * ratio };
}

/** Moved as little as shows a place; as it is where that is seen already. */
export function showing(viewport: Viewport, place: Place, size: Size): Viewport {
  const scale = viewport.scale < 0.45 ? Math.min(0.9, 1) : viewport.scale;
  const grown = scale === viewport.scale ? viewport : centred(place, size, scale);
  return {
    scale,
    x: within(grown.x, { start: place.x, length: place.width, scale, room: size.width }),
    y: within(grown.y, { start: place.y, length: place.height, scale, room: size.height }),
  };
}

/** A place in the middle of the window. */
export function centred(place: Place, size: Size, scale: number): Viewport {
  return {
    scale,
    x: size.width / 2 - (place.x + place.width / 2) * scale,
    y: size.height / 2 - (place.y + place.height / 2) * scale,
  };
}

function within(
  offset: number,
  { length, room, scale, start }: {
    readonly start: number;
    readonly length: number;
    readonly scale: number;
    readonly room: number;
  },
): number {
  const [first, last] = [start * scale + offset, (start + length) * scale + offset];
  if (first < MARGIN) return offset + MARGIN - first;
  return last > room - MARGIN ? offset - (last - room + MARGIN) : offset;
}

/** Whether a place can be seen, or nearly. */
export function isInSight(
  { height, width, x, y }: Place,
  { scale, ...offset }: Viewport,
  size: Size,
): boolean {
  const near = 120;
  const [left, top] = [x * scale + offset.x, y * scale + offset.y];
  return left < size.width + near && left + width * scale > -near && top < size.height + near &&
    top + height * scale > -near;
}

/** Ways to go from box to box. */
export type Direction = "left" | "right" | "up" | "down";

/** The box that lies nearest in a direction; what lies beside it counts more than what lies aslant. */
export function neighbour(
  { places }: Pick<Layout, "places">,
  from: string,
  direction: Direction,
): string | undefined {
  const start = places.get(from);
  if (start === undefined) return undefined;
  const [own, isLevel] = [middle(start), direction === "left" || direction === "right"];
  const sign = direction === "left" || direction === "up" ? -1 : 1;
  let best: { readonly id: string; readonly distance: number } | undefined;
  for (const [id, place] of places) {
    if (id === from || !id.startsWith("c:")) continue;
    const other = middle(place);
    const along = sign * (isLevel ? other.x - own.x : other.y - own.y);
    const aside = Math.abs(isLevel ? other.y - own.y : other.x - own.x);
    if (along < 8 || aside > 2.5 * along + (isLevel ? 40 : 120)) continue;
    const distance = along + 2.2 * aside;
    if (best === undefined || distance < best.distance) best = { id, distance };
  }
  return best?.id;
}

function middle({ height, width, x, y }: Place): { x: number; y: number } {
  return { x: x + width / 2, y: y + height / 2 };
}
