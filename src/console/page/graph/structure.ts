import type { Model } from "../model.ts";
import { groupKeyOf, type Shown } from "../selection.ts";

/** A box of the graph, without the numbers that it shows. */
export interface Box {
  /** As flows name it: `c:…` or `t:…`. */
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

/** An arrow of the graph. */
export interface Arrow {
  /** Key of the flow. */
  readonly key: string;
  readonly from: string;
  readonly to: string;
  /** Whether numbers may stand beside it: messages are counted where they are read, and where a Source brings them. */
  readonly isCounted: boolean;
}

/** Boxes that are laid out together: a mesh with its topics. */
export interface Block {
  /** Key of the group. */
  readonly key: string;
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
  /** The same for the same boxes and arrows. */
  readonly signature: string;
}

/** What a layout depends on: numbers are no part of it. */
export interface Structure {
  readonly blocks: readonly Block[];
  /** Between blocks. */
  readonly crossing: readonly Arrow[];
  readonly signature: string;
}

/** Sizes of boxes, in pixels at scale 1. */
export const CARD = { width: 206, height: 68 } as const;
/** A topic is as wide as its label, between these. */
export const PILL = { widthMin: 56, widthMax: 168, height: 22, perChar: 6.3 } as const;

/** What is to be laid out for these components. */
export function structureOf(model: Model, shown: readonly Shown[]): Structure {
  const homes = new Map(shown.map(({ component, key }) => [`c:${key}`, groupKeyOf(component)]));
  const arrows = arrowsBetween(model, homes);
  const boxes = new Map<string, Box[]>();
  for (const [id, home] of homes) {
    const topic = id.startsWith("t:") ? model.topics.get(id.slice(2)) : undefined;
    const box = topic === undefined ? { id, ...CARD } : pill(id, topic.label);
    const list = boxes.get(home);
    if (list === undefined) boxes.set(home, [box]);
    else list.push(box);
  }
  const inside = Map.groupBy(arrows, ({ from, to }) => {
    const home = homes.get(from);
    return home === homes.get(to) ? home : undefined;
  });
  const blocks = [...boxes].sort(([a], [b]) => a < b ? -1 : 1).map(([key, own]) =>
    block(key, own, inside.get(key) ?? [])
  );
  const crossing = inside.get(undefined) ?? [];
  const signature = [...blocks.map((one) => one.signature), ...crossing.map(arrowText)].join("\n");
  return { blocks, crossing, signature };
}

/** The arrows that touch a shown component; each of their topics gets the home of the first component beside it. */
function arrowsBetween(model: Model, homes: Map<string, string>): Arrow[] {
  const found: Arrow[] = [];
  const matches: Arrow[] = [];
  // Who writes a topic is at home with it before who reads it is.
  for (const isWriting of [true, false]) {
    for (const [key, { from, to, role }] of model.flows) {
      const isCounted = role === "input" || from.startsWith("c:Source/");
      const arrow = { key, from, to, isCounted };
      if (role === "match") {
        if (isWriting) matches.push(arrow);
        continue;
      }
      const [component, topic] = isWriting ? [from, to] : [to, from];
      if (!component.startsWith("c:") || !topic.startsWith("t:")) continue;
      const home = homes.get(component);
      if (home === undefined) continue;
      if (!homes.has(topic)) homes.set(topic, home);
      found.push(arrow);
    }
  }
  return [...found, ...matches.filter(({ from, to }) => homes.has(from) && homes.has(to))];
}

function pill(id: string, label: string): Box {
  const wanted = 18 + PILL.perChar * Math.min(label.length, 60);
  const width = Math.round(Math.min(PILL.widthMax, Math.max(PILL.widthMin, wanted)));
  return { id, width, height: PILL.height };
}

function block(key: string, boxes: readonly Box[], arrows: readonly Arrow[]): Block {
  const signature = [
    key,
    ...boxes.map(({ id, width }) => `${id} ${width}`),
    ...arrows.map(arrowText),
  ].join("\n");
  return { key, boxes, arrows, signature };
}

function arrowText({ from, key, to }: Arrow): string {
  return `${key} ${from} ${to}`;
}
