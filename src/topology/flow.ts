import type { ComponentNode } from "./component_node.ts";
import type { Edge, TopicNode, Topology } from "./topology.ts";

/** A topology with its edges by topic and by component. */
export interface Flow {
  readonly topology: Topology;
  readonly components: ReadonlyMap<string, ComponentNode>;
  readonly topics: ReadonlyMap<string, TopicNode>;
  readonly readers: ReadonlyMap<string, readonly Edge[]>;
  readonly writers: ReadonlyMap<string, readonly Edge[]>;
  readonly byComponent: ReadonlyMap<string, readonly Edge[]>;
  /** Patterns that fit a topic. */
  readonly patternsOf: ReadonlyMap<string, readonly string[]>;
  /** Topics that a pattern fits. */
  readonly topicsOf: ReadonlyMap<string, readonly string[]>;
}

/** Indexes of a topology. */
export function flowOf(topology: Topology): Flow {
  const { components, edges, matches, topics } = topology;
  const isReading = ({ role }: Edge) => role === "input";
  return {
    topology,
    components: new Map(components.map((component) => [component.id, component])),
    topics: new Map(topics.map((topic) => [topic.id, topic])),
    readers: Map.groupBy(edges.filter(isReading), ({ topic }) => topic),
    writers: Map.groupBy(edges.filter((edge) => !isReading(edge)), ({ topic }) => topic),
    byComponent: Map.groupBy(edges, ({ component }) => component),
    patternsOf: listed(matches.map(({ pattern, topic }) => [topic, pattern])),
    topicsOf: listed(matches.map(({ pattern, topic }) => [pattern, topic])),
  };
}

function listed(pairs: readonly (readonly [string, string])[]): Map<string, string[]> {
  const lists = new Map<string, string[]>();
  for (const [key, value] of pairs) {
    const list = lists.get(key);
    if (list === undefined) lists.set(key, [value]);
    else list.push(value);
  }
  return lists;
}

/** Ids of the topics that a component reads, those that its patterns fit included. */
export function readTopics(flow: Flow, component: string): string[] {
  return (flow.byComponent.get(component) ?? []).filter(({ role }) => role === "input")
    .flatMap(({ topic }) => [topic, ...flow.topicsOf.get(topic) ?? []]);
}

/** Ids of the components that read a topic, by its name or by a pattern. */
export function readersOf(flow: Flow, topic: string): string[] {
  const places = [topic, ...flow.patternsOf.get(topic) ?? []];
  const edges = places.flatMap((place) => flow.readers.get(place) ?? []);
  return [...new Set(edges.map(({ component }) => component))];
}

/**
 * Where messages of a node go next: of a component its topics, of a topic its patterns and readers. Dead letters are left out:
 * what brings them back to where they failed is meant to.
 */
export function successors(flow: Flow, node: string): string[] {
  if (flow.components.has(node)) {
    return (flow.byComponent.get(node) ?? []).filter(({ role }) =>
      role !== "input" && role !== "deadLetter"
    )
      .map(({ topic }) => topic);
  }
  return [
    ...flow.patternsOf.get(node) ?? [],
    ...(flow.readers.get(node) ?? []).map(({ component }) => component),
  ];
}

/** All components that wait for what a component writes, the nearest first. */
export function downstream(flow: Flow, component: string): string[] {
  const seen = new Set([component]);
  // A set that is gone through takes what is added meanwhile.
  for (const node of seen) for (const next of successors(flow, node)) seen.add(next);
  return [...seen].filter((node) => node !== component && flow.components.has(node));
}
