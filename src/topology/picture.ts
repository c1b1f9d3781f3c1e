import { arranged, type Block, boxBlock, branched, plainBlock, stacked } from "./block.ts";
import { type PodCount, podsText } from "./pods_text.ts";

/** A component as a picture shows it. */
export interface PictureRow extends PodCount {
  readonly kind: string;
  readonly name: string;
  /** Components of a mesh have a double frame. */
  readonly mesh?: string | undefined;
  readonly autoscaler?: { readonly min: number; readonly max: number } | undefined;
  /** Topics by their labels. */
  readonly inputs: readonly string[];
  readonly output?: string | undefined;
  /** Further lines in its box. */
  readonly notes?: readonly string[];
}

/** Who reads and who writes which topic. */
interface Flow {
  readonly rows: readonly PictureRow[];
  readonly readers: ReadonlyMap<string, readonly PictureRow[]>;
  readonly written: ReadonlySet<string>;
  /** What is drawn already: a graph has no tree, so the second mention of a node is only its name. */
  readonly drawn: Set<PictureRow | string>;
}

/**
 * Components and the topics between them as a picture: sources at the top, data flows downwards. Components of a mesh
 * have a double frame. What is reached a second time is `(named)` instead of being drawn again.
 *
 * @param columnsMax pictures that do not belong together stand side by side up to this width
 */
export function topologyPicture(
  rows: readonly PictureRow[],
  { columnsMax = 78 }: { readonly columnsMax?: number } = {},
): readonly string[] {
  const flow: Flow = {
    rows,
    readers: readersOf(rows),
    written: new Set(rows.flatMap(({ output }) => output === undefined ? [] : [output])),
    drawn: new Set(),
  };
  const heads = rows.filter(({ inputs }) => inputs.length === 0);
  const foreign = [...flow.readers.keys()].filter((topic) => !flow.written.has(topic)).sort();
  const blocks = [
    ...heads.map((row) => componentBlock(row, flow)),
    ...foreign.map((topic) => topicBlock(topic, flow)),
  ];
  // Only circles are left: begin one anywhere.
  for (const row of rows) if (!flow.drawn.has(row)) blocks.push(componentBlock(row, flow));
  return arranged(blocks, columnsMax);
}

function readersOf(rows: readonly PictureRow[]): Map<string, PictureRow[]> {
  const readers = new Map<string, PictureRow[]>();
  for (const row of rows) {
    for (const topic of row.inputs) readers.set(topic, [...readers.get(topic) ?? [], row]);
  }
  return readers;
}

function componentBlock(row: PictureRow, flow: Flow): Block {
  if (flow.drawn.has(row)) return plainBlock([`(${row.name})`]);
  flow.drawn.add(row);
  const { autoscaler, kind, mesh, name, notes = [], output } = row;
  const box = boxBlock([
    name,
    `${kind}  ${podsText(row)}`,
    ...(autoscaler === undefined ? [] : [`HPA ${autoscaler.min} to ${autoscaler.max} pods`]),
    ...notes,
  ], { frame: mesh === undefined ? "single" : "double", hasExit: output !== undefined });
  return output === undefined ? box : stacked(box, topicBlock(output, flow));
}

function topicBlock(topic: string, flow: Flow): Block {
  const label = plainBlock([`[${topic}]`]);
  if (flow.drawn.has(topic)) return label;
  flow.drawn.add(topic);
  const readers = flow.readers.get(topic) ?? [];
  return branched(label, readers.map((row) => componentBlock(row, flow)));
}
