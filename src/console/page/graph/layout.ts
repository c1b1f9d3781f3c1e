import dagre from "@dagrejs/dagre";
import type { Arrow, Block, Box, Structure } from "./structure.ts";

/** A point, in pixels at scale 1. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** How large something is, in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A rectangle; x and y are its upper left corner. */
export interface Place extends Point {
  readonly width: number;
  readonly height: number;
}

/** Where everything is. */
export interface Layout {
  readonly signature: string;
  readonly places: ReadonlyMap<string, Place>;
  /** By key of the flow, from its start to its end. */
  readonly lines: ReadonlyMap<string, readonly Point[]>;
  /** By key of the group. */
  readonly blocks: ReadonlyMap<string, Place>;
  readonly width: number;
  readonly height: number;
}

/** One part of a layout, with its upper left corner at 0, 0. */
interface Part {
  readonly places: ReadonlyMap<string, Place>;
  readonly lines: ReadonlyMap<string, readonly Point[]>;
  readonly width: number;
  readonly height: number;
}

const BLOCK_PADDING = { side: 16, top: 34, bottom: 16 } as const;
const BLOCK_GAP = 48;
const PART_GAP = 18;
/** How much wider than high a pack of rectangles is. */
const BLOCK_ASPECT = 1.7;
const PART_ASPECT = 1.4;
/** The thorough ranking is slow for more boxes than this. */
const THOROUGH_BOXES_MAX = 120;

/** Lays structures out, and remembers blocks: one that is as it was stays as it is. */
export class Layouts {
  #blocks = new Map<string, Part>();

  /**
   * Where everything goes.
   *
   * @param options.breathe is waited for between blocks, so that a thousand components hold nothing up
   * @returns undefined when `signal` aborts before it is ready
   */
  async layOut(
    structure: Structure,
    { breathe, signal }: { readonly breathe: () => Promise<void>; readonly signal: AbortSignal },
  ): Promise<Layout | undefined> {
    const known = this.#blocks;
    const parts = new Map<string, Part>();
    for (const block of structure.blocks) {
      let part = known.get(block.signature);
      if (part === undefined) {
        part = await blockPart(block, breathe);
        await breathe();
      }
      if (signal.aborted) return undefined;
      parts.set(block.signature, part);
    }
    this.#blocks = parts;
    return wholeLayout(structure, parts);
  }
}

/** A layout as long as nothing is shown. */
export const EMPTY_LAYOUT: Layout = {
  signature: "",
  places: new Map(),
  lines: new Map(),
  blocks: new Map(),
  width: 0,
  height: 0,
};

function wholeLayout(structure: Structure, parts: ReadonlyMap<string, Part>): Layout {
  const framed = structure.blocks.map((block) => {
    const part = parts.get(block.signature) ?? EMPTY_LAYOUT;
    return {
      block,
      part,
      width: part.width + 2 * BLOCK_PADDING.side,
      height: part.height + BLOCK_PADDING.top + BLOCK_PADDING.bottom,
    };
  });
  const packed = pack(framed, { gap: BLOCK_GAP, aspect: BLOCK_ASPECT });
  const places = new Map<string, Place>();
  const lines = new Map<string, readonly Point[]>();
  const blocks = new Map<string, Place>();
  for (const { item: { block, height, part, width }, x, y } of packed.items) {
    blocks.set(block.key, { x, y, width, height });
    move(part, { x: x + BLOCK_PADDING.side, y: y + BLOCK_PADDING.top }, { places, lines });
  }
  for (const arrow of structure.crossing) lines.set(arrow.key, straight(arrow, places));
  const { height, width } = packed;
  return { signature: structure.signature, places, lines, blocks, width, height };
}

/** Parts of a block that no arrow joins are laid out each for itself. */
async function blockPart(block: Block, breathe: () => Promise<void>): Promise<Part> {
  const parts: Part[] = [];
  for (const { arrows, boxes } of joinedParts(block)) {
    if (boxes.length > THOROUGH_BOXES_MAX) await breathe();
    parts.push(layered(boxes, arrows));
  }
  const packed = pack(parts, { gap: PART_GAP, aspect: PART_ASPECT });
  const places = new Map<string, Place>();
  const lines = new Map<string, readonly Point[]>();
  for (const { item, x, y } of packed.items) move(item, { x, y }, { places, lines });
  return { places, lines, width: packed.width, height: packed.height };
}

function joinedParts({ arrows, boxes }: Block): { boxes: Box[]; arrows: Arrow[] }[] {
  const roots = new Map(boxes.map(({ id }) => [id, id]));
  const rootOf = (id: string): string => {
    let root = id;
    for (let up = roots.get(root); up !== undefined && up !== root; up = roots.get(root)) root = up;
    // Shorter ways for those who ask next.
    roots.set(id, root);
    return root;
  };
  for (const { from, to } of arrows) roots.set(rootOf(from), rootOf(to));
  const parts = new Map<string, { boxes: Box[]; arrows: Arrow[] }>();
  for (const box of boxes) {
    const root = rootOf(box.id);
    const part = parts.get(root);
    if (part === undefined) parts.set(root, { boxes: [box], arrows: [] });
    else part.boxes.push(box);
  }
  for (const arrow of arrows) parts.get(rootOf(arrow.from))?.arrows.push(arrow);
  // The large ones first: what is alone comes at the end.
  return [...parts.values()].sort((a, b) => b.boxes.length - a.boxes.length);
}

function layered(boxes: readonly Box[], arrows: readonly Arrow[]): Part {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({
    rankdir: "LR",
    nodesep: 14,
    ranksep: 30,
    edgesep: 10,
    marginx: 0,
    marginy: 0,
    ranker: boxes.length > THOROUGH_BOXES_MAX ? "longest-path" : "network-simplex",
  });
  for (const { height, id, width } of boxes) graph.setNode(id, { width, height });
  for (const { from, isCounted, key, to } of arrows) {
    // Room for what waits and what passes.
    const room = isCounted ? { width: 34, height: 24, labelpos: "c" } : {};
    graph.setEdge(from, to, room, key);
  }
  dagre.layout(graph);
  const places = new Map(boxes.map(({ height, id, width }) => {
    const { x = 0, y = 0 } = graph.node(id) as { x?: number; y?: number };
    return [id, { x: x - width / 2, y: y - height / 2, width, height }] as const;
  }));
  const lines = new Map(
    graph.edges().map((edge) => {
      const { points = [] } = graph.edge(edge) as { points?: Point[] };
      return [edge.name ?? "", points] as const;
    }),
  );
  const size = graph.graph() as { width?: number; height?: number };
  return { places, lines, width: size.width ?? 0, height: size.height ?? 0 };
}

interface Packed<T> {
  readonly items: readonly { readonly item: T; readonly x: number; readonly y: number }[];
  readonly width: number;
  readonly height: number;
}

/** More columns of the widest rectangle are not tried. */
const COLUMNS_MAX = 24;

/** Puts rectangles into rows, in their order: as wide as shows them largest in a window of that aspect. */
function pack<T extends Size>(
  rectangles: readonly T[],
  { aspect, gap }: { readonly gap: number; readonly aspect: number },
): Packed<T> {
  const widest = Math.max(0, ...rectangles.map(({ width }) => width));
  let best = inRows(rectangles, { gap, widthMax: widest });
  const sizeOf = ({ height, width }: Packed<T>) => Math.max(width / aspect, height);
  for (let columns = 1.25; columns <= COLUMNS_MAX; columns *= 1.25) {
    const widthMax = widest * columns + gap * columns;
    const next = inRows(rectangles, { gap, widthMax });
    if (sizeOf(next) < sizeOf(best)) best = next;
  }
  return best;
}

function inRows<T extends Size>(
  rectangles: readonly T[],
  { gap, widthMax }: { readonly gap: number; readonly widthMax: number },
): Packed<T> {
  const items: { item: T; x: number; y: number }[] = [];
  let [x, y, rowHeight, widthUsed] = [0, 0, 0, 0];
  for (const item of rectangles) {
    if (x > 0 && x + item.width > widthMax) {
      y += rowHeight + gap;
      [x, rowHeight] = [0, 0];
    }
    items.push({ item, x, y });
    widthUsed = Math.max(widthUsed, x + item.width);
    x += item.width + gap;
    rowHeight = Math.max(rowHeight, item.height);
  }
  return { items, width: widthUsed, height: y + rowHeight };
}

function move(
  part: Part,
  by: Point,
  into: { readonly places: Map<string, Place>; readonly lines: Map<string, readonly Point[]> },
): void {
  for (const [id, place] of part.places) {
    into.places.set(id, { ...place, x: place.x + by.x, y: place.y + by.y });
  }
  for (const [key, points] of part.lines) {
    into.lines.set(key, points.map(({ x, y }) => ({ x: x + by.x, y: y + by.y })));
  }
}

/** From the right side of one box to the left side of another. */
function straight({ from, to }: Arrow, places: ReadonlyMap<string, Place>): Point[] {
  const [start, end] = [places.get(from), places.get(to)];
  if (start === undefined || end === undefined) return [];
  return [
    { x: start.x + start.width, y: start.y + start.height / 2 },
    { x: end.x, y: end.y + end.height / 2 },
  ];
}
