import { membersOf } from "./component_node.ts";
import { type ComponentNode, componentNode, type ComponentSource } from "./component_node.ts";
import { type DeclaredEdge, declaredEdges } from "./edges.ts";
import { patternFits, StepMeter, type TopicPattern, topicPattern } from "./pattern.ts";
import { fullPattern, fullTopic, topicLabel, type TopicVariant, variantOf } from "./topic_name.ts";
import { inOneGo, type Turns } from "./turns.ts";

/** A topic, or a pattern of topics, on a Pulsar cluster. */
export interface TopicNode {
  readonly id: string;
  /** In full; of a pattern its full form. */
  readonly name: string;
  readonly label: string;
  readonly isPattern: boolean;
  /** Address of the cluster where it is known, else the ConfigMap that has it, `namespace/name`. */
  readonly cluster: string;
  readonly variant?: TopicVariant;
}

/** A component that reads or writes a topic. */
export interface Edge extends Omit<DeclaredEdge, "text"> {
  /** Id of the component. */
  readonly component: string;
  /** Id of the topic. */
  readonly topic: string;
  /** The one partition that is meant. */
  readonly partition?: number;
  /** Messages that wait, where it is known. */
  readonly backlog?: number;
}

/** Components and topics, and who reads and writes what. */
export interface Topology {
  readonly components: readonly ComponentNode[];
  readonly topics: readonly TopicNode[];
  readonly edges: readonly Edge[];
  /** Topics that patterns fit. */
  readonly matches: readonly { readonly pattern: string; readonly topic: string }[];
  /** Clusters with a pattern of which it is not known what it fits. */
  readonly unclear: readonly string[];
  /** Components that have the name of one that is there already. */
  readonly collisions: readonly { readonly first: string; readonly source: ComponentSource }[];
  /** By id of the component. */
  readonly sources: ReadonlyMap<string, ComponentSource>;
}

/** What is known besides the components. */
export interface TopologyFacts {
  /** Address of Pulsar by its ConfigMap, `namespace/name`. */
  readonly clusters?: ReadonlyMap<string, string>;
}

/** Enough for thousands of patterns on thousands of topics, in a fraction of a second. */
const STEPS_MAX = 30_000_000;

/** So many components are looked at in one go: a few milliseconds. */
const COMPONENTS_A_TURN = 200;

/** The topology of components. Takes time in proportion to their number. */
export function topology(
  sources: readonly ComponentSource[],
  facts: TopologyFacts = {},
): Topology {
  return inOneGo(topologyInTurns(sources, facts));
}

/** As {@linkcode topology}, some components at a time. */
export function* topologyInTurns(
  sources: readonly ComponentSource[],
  { clusters = new Map() }: TopologyFacts = {},
): Turns<Topology> {
  const nodes = new Map<string, ComponentNode>();
  const byId = new Map<string, ComponentSource>();
  const topics = new Map<string, TopicNode>();
  const edges: Edge[] = [];
  const collisions: { first: string; source: ComponentSource }[] = [];
  for (const [index, source] of sources.entries()) {
    if (index % COMPONENTS_A_TURN === COMPONENTS_A_TURN - 1) yield;
    const node = componentNode(source);
    if (nodes.has(node.id)) {
      collisions.push({ first: node.id, source });
      continue;
    }
    nodes.set(node.id, node);
    byId.set(node.id, source);
    const config = `${node.namespace}/${node.pulsarConfig}`;
    const cluster = clusters.get(config) ?? config;
    const waiting = backlogs(source.component.status);
    for (const declared of declaredEdges(node, membersOf(source.component.spec))) {
      const { topic, partition } = topicOf(declared, cluster);
      topics.set(topic.id, topics.get(topic.id) ?? topic);
      const { text, ...edge } = declared;
      const backlog = declared.role === "input" ? waiting.get(text) : undefined;
      edges.push({
        ...edge,
        component: node.id,
        topic: topic.id,
        ...(partition === undefined ? {} : { partition }),
        ...(backlog === undefined ? {} : { backlog }),
      });
    }
  }
  yield;
  const known = [...topics.values()];
  const components = [...nodes.values()];
  return { components, topics: known, edges, collisions, sources: byId, ...matchesOf(known) };
}

function topicOf({ text, isPattern }: DeclaredEdge, cluster: string): {
  readonly topic: TopicNode;
  readonly partition?: number;
} {
  const { name, ...partition } = isPattern ? { name: fullPattern(text) } : fullTopic(text);
  const variant = isPattern ? undefined : variantOf(name);
  return {
    topic: {
      id: `${cluster} ${isPattern ? "~" : ""}${name}`,
      name,
      label: isPattern ? text : topicLabel(name),
      isPattern,
      cluster,
      ...(variant === undefined ? {} : { variant }),
    },
    ...partition,
  };
}

/** Messages that wait, by the topic as the spec names it. */
function backlogs(status: unknown): ReadonlyMap<string, number> {
  const list = membersOf(membersOf(status)["runtime"])["subscriptions"];
  return new Map((Array.isArray(list) ? list : []).flatMap((item: unknown) => {
    const { topic, backlog } = membersOf(item);
    return typeof topic === "string" && typeof backlog === "number" ? [[topic, backlog]] : [];
  }));
}

/** Which topics fit which patterns: only names that begin as a pattern does are compared with it. */
function matchesOf(topics: readonly TopicNode[]): Pick<Topology, "matches" | "unclear"> {
  const meter = new StepMeter(STEPS_MAX);
  const unclear = new Set<string>();
  const matches: { pattern: string; topic: string }[] = [];
  const patterns = topics.filter(({ isPattern }) => isPattern);
  if (patterns.length === 0) return { matches, unclear: [] };
  const plain = Map.groupBy(
    topics.filter(({ isPattern }) => !isPattern)
      .sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    ({ cluster }) => cluster,
  );
  for (const { cluster, id, name } of patterns) {
    const pattern = topicPattern(name);
    const fitting = pattern && fittingTopics(plain.get(cluster) ?? [], pattern, meter);
    if (fitting === undefined) unclear.add(cluster);
    else matches.push(...fitting.map((topic) => ({ pattern: id, topic: topic.id })));
  }
  return { matches, unclear: [...unclear] };
}

/** Undefined when there were too many to look at. */
function fittingTopics(
  sorted: readonly TopicNode[],
  pattern: TopicPattern,
  meter: StepMeter,
): TopicNode[] | undefined {
  const fitting: TopicNode[] = [];
  for (let at = firstFrom(sorted, pattern.prefix); at < sorted.length; at += 1) {
    const topic = sorted[at];
    if (topic === undefined || !topic.name.startsWith(pattern.prefix)) break;
    const fits = patternFits(pattern, topic.name, meter);
    if (fits === undefined) return undefined;
    if (fits) fitting.push(topic);
  }
  return fitting;
}

/** Index of the first topic whose name is not before a text. */
function firstFrom(sorted: readonly TopicNode[], text: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.name ?? "") < text) low = middle + 1;
    else high = middle;
  }
  return low;
}
