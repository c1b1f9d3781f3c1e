import type { FindingAt } from "./finding.ts";
import type { Flow } from "./flow.ts";
import type { Edge, TopicNode } from "./topology.ts";

/** Components that are one and the same for Pulsar. */
export function nameFindings({ topology }: Flow): FindingAt[] {
  const clusters = new Map(topology.edges.map(({ component, topic }) => [component, topic]));
  const topics = new Map(topology.topics.map(({ cluster, id }) => [id, cluster]));
  const first = new Map<string, string>();
  return topology.components.flatMap(({ id, pulsarName }) => {
    const cluster = topics.get(clusters.get(id) ?? "");
    if (cluster === undefined) return [];
    const key = `${cluster} ${pulsarName}`;
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, id);
      return [];
    }
    return [{
      component: id,
      draft: {
        code: "PulsarNameCollision" as const,
        path: "spec.name",
        message: `is ${pulsarName} in Pulsar, as ${other} is; both have the same subscription, ` +
          "state and metrics",
        remedy: "give one another spec.name",
      },
    }];
  });
}

/**
 * A chain that breaks, as two components of a namespace name the same topic on different clusters: one writes what nobody
 * reads there, the other reads what nobody writes.
 */
export function clusterFindings(flow: Flow): FindingAt[] {
  const { topology, readers, writers } = flow;
  const byName = Map.groupBy(
    topology.topics.filter(({ isPattern }) => !isPattern),
    ({ name }) => name,
  );
  return [...byName.values()].filter((topics) => topics.length > 1).flatMap((topics) => {
    const unread = topics.filter(({ id }) => writers.has(id) && !readers.has(id));
    const unwritten = topics.filter(({ id }) => readers.has(id) && !writers.has(id));
    const written = new Map<string, { readonly edge: Edge; readonly topic: TopicNode }>();
    for (const topic of unread) {
      for (const edge of (writers.get(topic.id) ?? []).filter(({ role }) => role === "output")) {
        written.set(flow.components.get(edge.component)?.namespace ?? "", { edge, topic });
      }
    }
    return unwritten.flatMap((topic) =>
      (readers.get(topic.id) ?? []).flatMap((edge) => brokenChain(flow, { edge, topic, written }))
    );
  });
}

function brokenChain(flow: Flow, { edge, topic, written }: {
  readonly edge: Edge;
  readonly topic: TopicNode;
  readonly written: ReadonlyMap<string, { readonly edge: Edge; readonly topic: TopicNode }>;
}): FindingAt[] {
  const reader = flow.components.get(edge.component);
  const other = written.get(reader?.namespace ?? "");
  const writer = flow.components.get(other?.edge.component ?? "");
  if (reader === undefined || other === undefined || writer === undefined) return [];
  return [{
    component: reader.id,
    draft: {
      code: "PulsarConfigDiffers",
      path: "spec.pulsar.pulsarConfig",
      message: `reads ${topic.label} by ${reader.pulsarConfig}, and ${writer.id} writes it by ` +
        writer.pulsarConfig,
      remedy: "name the same pulsarConfig in both where they are to be a chain",
    },
  }];
}
