import type { Diagram, DiagramNode } from "./diagram.ts";

/** A box with its place, in pixels. */
export interface PlacedNode {
  readonly node: DiagramNode;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where everything is. */
export interface Layout {
  readonly placed: ReadonlyMap<string, PlacedNode>;
  readonly width: number;
  readonly height: number;
}

const CHAR_WIDTH = 7.3;
const LINE_HEIGHT = 17;
const PADDING = 12;
const GAP = { column: 70, row: 18 } as const;
const MARGIN = 24;
/** Looks from the left and from the right, in turns, at where neighbours are. */
const SWEEPS = 4;

/**
 * Places the boxes of a diagram in columns from left to right as messages go: each as far left as what it comes from lets it,
 * in a column in the order of its neighbours. Takes time in proportion to boxes and arrows.
 */
export function layout(diagram: Diagram): Layout {
  const columns = ordered(diagram, columnsOf(diagram));
  const placed = new Map<string, PlacedNode>();
  let x = MARGIN;
  let height = 0;
  for (const column of columns) {
    const sizes = column.map((node) => ({ node, ...sizeOf(node) }));
    const width = sizes.reduce((most, size) => Math.max(most, size.width), 0);
    let y = MARGIN;
    for (const size of sizes) {
      placed.set(size.node.key, { ...size, x, y });
      y += size.height + GAP.row;
    }
    height = Math.max(height, y);
    x += width + GAP.column;
  }
  return { placed, width: Math.ceil(x - GAP.column + MARGIN), height: Math.ceil(height + MARGIN) };
}

function sizeOf(
  { lines, title }: DiagramNode,
): { readonly width: number; readonly height: number } {
  const longest = [title, ...lines].reduce((most, line) => Math.max(most, line.length), 0);
  const width = Math.ceil(longest * CHAR_WIDTH + 2 * PADDING);
  return { width, height: (lines.length + 1) * LINE_HEIGHT + PADDING };
}

/** Baseline of a line of a box, from its top. */
export function baseline(index: number): number {
  return PADDING / 2 + (index + 1) * LINE_HEIGHT - 4;
}

/** The column of each box: one right of the rightmost that leads to it, arrows that close a circle left out. */
function columnsOf({ links, nodes }: Diagram): DiagramNode[][] {
  const next = Map.groupBy(links, ({ from }) => from);
  const order = depthFirst(nodes, (key) => (next.get(key) ?? []).map(({ to }) => to));
  const rank = new Map(order.map((key, index) => [key, index]));
  const columns = new Map<string, number>();
  for (const key of order) {
    const own = columns.get(key) ?? 0;
    columns.set(key, own);
    for (const { to } of next.get(key) ?? []) {
      if ((rank.get(to) ?? 0) <= (rank.get(key) ?? 0)) continue;
      columns.set(to, Math.max(columns.get(to) ?? 0, own + 1));
    }
  }
  const found: DiagramNode[][] = [];
  for (const node of nodes) (found[columns.get(node.key) ?? 0] ??= []).push(node);
  return found;
}

/** All boxes so that an arrow leads forwards, but for those that close a circle. Those that nothing leads to begin. */
function depthFirst(
  nodes: readonly DiagramNode[],
  next: (key: string) => readonly string[],
): string[] {
  const reached = new Set(nodes.flatMap(({ key }) => next(key)));
  const heads = nodes.filter(({ key }) => !reached.has(key));
  const seen = new Set<string>();
  const done: string[] = [];
  for (const { key } of [...heads, ...nodes]) {
    if (seen.has(key)) continue;
    seen.add(key);
    const path = [{ key, next: next(key), at: 0 }];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const to = top.next[top.at];
      top.at += 1;
      if (to === undefined) {
        done.push(top.key);
        path.pop();
      } else if (!seen.has(to)) {
        seen.add(to);
        path.push({ key: to, next: next(to), at: 0 });
      }
    }
  }
  return done.reverse();
}

/** The boxes of each column sorted by where their neighbours are. */
function ordered({ links }: Diagram, columns: readonly DiagramNode[][]): readonly DiagramNode[][] {
  const before = Map.groupBy(links, ({ to }) => to);
  const after = Map.groupBy(links, ({ from }) => from);
  let sorted = columns;
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const isForward = sweep % 2 === 0;
    const places = new Map(
      sorted.flatMap((column) => column.map(({ key }, at) => [key, at / column.length] as const)),
    );
    sorted = sorted.map((column) => {
      const weights = new Map(column.map(({ key }) => {
        const neighbours = isForward
          ? (before.get(key) ?? []).map(({ from }) => from)
          : (after.get(key) ?? []).map(({ to }) => to);
        const at = neighbours.map((neighbour) => places.get(neighbour) ?? 0);
        const middle = at.reduce((sum, place) => sum + place, 0) / at.length;
        return [key, at.length === 0 ? places.get(key) ?? 0 : middle] as const;
      }));
      return column.toSorted((a, b) => (weights.get(a.key) ?? 0) - (weights.get(b.key) ?? 0));
    });
  }
  return sorted;
}
