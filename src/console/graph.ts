import { byText, contentHash, shownText } from "#base";
import { componentNode, type ComponentSource, type Edge, type Topology, topology } from "#topology";
import { componentKey } from "./components.ts";
import type { FlowView, TopicView } from "./view.ts";

const LABEL_LENGTH_MAX = 300;

/** The part of a graph that one component has. */
export interface GraphPart {
  readonly topics: Readonly<Record<string, TopicView>>;
  readonly flows: Readonly<Record<string, FlowView>>;
}

/**
 * Topics and flows of one component. Pure: the same for all who may see the component.
 *
 * @param options.clusters addresses of Pulsar by ConfigMap, `namespace/name`: ids of topics are made from them, and do not
 *   tell them
 * @param options.perSecond what the component processes
 */
export function graphPart(
  source: ComponentSource,
  { clusters, perSecond }: {
    readonly clusters: ReadonlyMap<string, string>;
    readonly perSecond: number | undefined;
  },
): GraphPart {
  const { edges, topics } = topology([source], { clusters });
  const { kind, name, namespace } = componentNode(source);
  const key = componentKey({ kind, namespace, name });
  const inputs = edges.filter(({ role }) => role === "input").length;
  const rateOf = ({ role }: Edge) => {
    const isAllOfIt = role === "input" ? inputs === 1 : role === "output" && kind === "Source";
    return isAllOfIt ? perSecond : undefined;
  };
  const flows: [string, FlowView][] = [];
  for (const edge of edges) {
    const id = [key, edge.role, topicId(edge.topic), ...partitionOf(edge)].join(" ");
    flows.push([id, flowView(edge, { key, perSecond: rateOf(edge) })]);
  }
  return {
    topics: Object.fromEntries(
      topics.map((
        { id, isPattern, label },
      ) => [topicId(id), {
        label: shownText(label, LABEL_LENGTH_MAX),
        ...(isPattern ? { kind: "pattern" as const } : {}),
      }]),
    ),
    flows: Object.fromEntries(flows),
  };
}

/** Flows from topics to the patterns that fit them. */
export function matchFlows(
  { matches }: Pick<Topology, "matches">,
): Readonly<Record<string, FlowView>> {
  return Object.fromEntries(
    matches.map(({ pattern, topic }): [string, FlowView] => {
      const [from, to] = [topicId(topic), topicId(pattern)];
      return [`match ${from} ${to}`, { from: `t:${from}`, to: `t:${to}`, role: "match" }];
    }).sort(([a], [b]) => byText(a, b)),
  );
}

/** An id of a topic that does not tell where its cluster is. */
function topicId(id: string): string {
  return contentHash(id);
}

function partitionOf({ partition }: Edge): string[] {
  return partition === undefined ? [] : [String(partition)];
}

function flowView(
  { backlog, role, subscription, topic }: Edge,
  { key, perSecond }: { readonly key: string; readonly perSecond: number | undefined },
): FlowView {
  const [component, place] = [`c:${key}`, `t:${topicId(topic)}`];
  return {
    ...(role === "input" ? { from: place, to: component } : { from: component, to: place }),
    role,
    ...(backlog === undefined ? {} : { backlog }),
    ...(perSecond === undefined ? {} : { perSecond }),
    ...(subscription === undefined
      ? {}
      : { subscription: shownText(subscription, LABEL_LENGTH_MAX) }),
  };
}
