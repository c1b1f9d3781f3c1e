import { printableText, shortText } from "#base";
import type { ComponentNode } from "./component_node.ts";
import type { PictureRow } from "./picture.ts";
import { podsText } from "./pods_text.ts";
import type { Edge, TopicNode, Topology } from "./topology.ts";

/** What becomes of a component. */
export type Change = "added" | "changed" | "removed";

/** A box of a diagram. All texts are safe to show, and none is escaped yet. */
export interface DiagramNode {
  /** `c0`, `t0`: made here, so that no format has to quote it. */
  readonly key: string;
  readonly shape: "component" | "topic" | "pattern";
  readonly title: string;
  readonly lines: readonly string[];
  readonly mesh?: string;
  readonly state?: "ready" | "notReady" | Change;
}

/** An arrow of a diagram. */
export interface DiagramLink {
  readonly from: string;
  readonly to: string;
  readonly label: string;
  /** Not the way of ordinary messages. */
  readonly isDashed: boolean;
}

/** Boxes and arrows, for any format. */
export interface Diagram {
  readonly nodes: readonly DiagramNode[];
  readonly links: readonly DiagramLink[];
}

const TEXT_LENGTH_MAX = 80;

const ROLE_LABELS = {
  input: "",
  output: "",
  deadLetter: "dead letters",
  log: "log",
  lateData: "late",
} as const satisfies Record<Edge["role"], string>;

/** A topology as boxes and arrows. */
export function diagram(
  { components, edges, matches, topics }: Topology,
  { changes = new Map() }: { readonly changes?: ReadonlyMap<string, Change> } = {},
): Diagram {
  const keys = new Map([
    ...components.map(({ id }, index) => [id, `c${index}`] as const),
    ...topics.map(({ id }, index) => [id, `t${index}`] as const),
  ]);
  const keyOf = (id: string) => keys.get(id) ?? "";
  const names = new Map(components.map(({ id, pulsarName }) => [id, pulsarName]));
  const several = new Set(topics.map(({ cluster }) => cluster)).size > 1;
  return {
    nodes: [
      ...components.map((node) => componentBox(keyOf(node.id), node, changes.get(node.id))),
      ...topics.map((topic) => topicBox(keyOf(topic.id), topic, several)),
    ],
    links: [
      ...edges.map((edge) => {
        const ends = [keyOf(edge.component), keyOf(edge.topic)] as const;
        const [from, to] = edge.role === "input" ? [ends[1], ends[0]] : ends;
        const label = linkLabel(edge, names.get(edge.component));
        return { from, to, label, isDashed: ROLE_LABELS[edge.role] !== "" };
      }),
      ...matches.map(({ pattern, topic }) => {
        return { from: keyOf(topic), to: keyOf(pattern), label: "", isDashed: true };
      }),
    ],
  };
}

/** Components as the picture of a terminal shows them. */
export function pictureRows({ components, edges, topics }: Topology): PictureRow[] {
  const labels = new Map(topics.map(({ id, label }) => [id, shown(label)]));
  const own = Map.groupBy(edges, ({ component }) => component);
  return components.map((node) => {
    const at = (role: Edge["role"]) =>
      (own.get(node.id) ?? []).filter((edge) => edge.role === role)
        .map(({ topic }) => labels.get(topic) ?? "");
    const others = (["deadLetter", "log", "lateData"] as const).flatMap((role) =>
      at(role).map((label) => `${ROLE_LABELS[role]} to [${label}]`)
    );
    return {
      ...node,
      name: shown(node.name),
      autoscaler: node.autoscaler,
      readyPods: node.readyPods,
      inputs: at("input").sort(),
      output: at("output")[0],
      notes: [...stateLines(node), ...others],
    };
  });
}

function componentBox(key: string, node: ComponentNode, change: Change | undefined): DiagramNode {
  const state = change ??
    (node.isReady === undefined ? undefined : node.isReady ? "ready" : "notReady");
  const scaled = node.autoscaler;
  return {
    key,
    shape: "component",
    title: shown(node.name),
    lines: [
      `${node.kind} ${podsText(node)}${change === undefined ? "" : `, ${change}`}`,
      ...(scaled === undefined ? [] : [`HPA ${scaled.min} to ${scaled.max} pods`]),
      ...stateLines(node),
    ],
    ...(node.mesh === undefined ? {} : { mesh: shown(node.mesh) }),
    ...(state === undefined ? {} : { state }),
  };
}

/** What is not well, and what has piled up. */
function stateLines({ isReady, numbers, reason }: ComponentNode): string[] {
  const { backlog = 0, exceptions = 0 } = numbers ?? {};
  return [
    ...(isReady === false ? [`not ready: ${shown(reason ?? "")}`] : []),
    ...(exceptions > 0 ? [`${exceptions} exception${exceptions === 1 ? "" : "s"}`] : []),
    ...(backlog > 0 ? [`${backlog} waiting`] : []),
  ];
}

function topicBox(key: string, topic: TopicNode, several: boolean): DiagramNode {
  return {
    key,
    shape: topic.isPattern ? "pattern" : "topic",
    title: shown(topic.label),
    lines: several ? [shown(topic.cluster)] : [],
  };
}

/** A subscription that has not the component's own name, and what waits in it. */
function linkLabel({ backlog = 0, partition, role, subscription }: Edge, own = ""): string {
  return [
    ROLE_LABELS[role],
    subscription === undefined || subscription === own ? "" : shown(subscription),
    partition === undefined ? "" : `partition ${partition}`,
    backlog === 0 ? "" : `${backlog} waiting`,
  ].filter((part) => part !== "").join(", ");
}

function shown(text: string): string {
  return shortText(printableText(text), TEXT_LENGTH_MAX);
}
