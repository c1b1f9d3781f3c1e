import type { FindingAt } from "./finding.ts";
import type { Flow } from "./flow.ts";
import type { Edge } from "./topology.ts";

/**
 * Components that share a subscription on a topic, by its name or by a pattern: each gets only a part of the messages; and
 * where one of them asks for an order, either the broker refuses the other or the order is lost.
 */
export function subscriptionFindings(flow: Flow): FindingAt[] {
  const groups = new Map<string, Edge[]>();
  for (const [topic, edges] of flow.readers) {
    for (const edge of edges) {
      const key = `${topic} ${edge.subscription}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [edge]);
      else group.push(edge);
    }
  }
  const direct = [...groups.values()].flatMap((group) => groupFindings(flow, group));
  return [...direct, ...patternFindings(flow, groups)];
}

function groupFindings(flow: Flow, group: readonly Edge[]): FindingAt[] {
  const [first, ...others] = group;
  if (first === undefined) return [];
  return others.filter(({ component }) => component !== first.component)
    .map((edge) => sharedFinding(flow, { edge, first, topic: edge.topic }));
}

/** A topic that one component names and the pattern of another fits. */
function patternFindings(flow: Flow, groups: ReadonlyMap<string, readonly Edge[]>): FindingAt[] {
  const told = new Set<string>();
  return flow.topology.matches.flatMap(({ pattern, topic }) => {
    return (flow.readers.get(topic) ?? []).flatMap((edge) => {
      const other = groups.get(`${pattern} ${edge.subscription}`)?.find(({ component }) =>
        component !== edge.component
      );
      const key = `${edge.component} ${edge.path}`;
      if (other === undefined || told.has(key)) return [];
      told.add(key);
      return [sharedFinding(flow, { edge, first: other, topic })];
    });
  });
}

function sharedFinding(flow: Flow, { edge, first, topic }: {
  readonly edge: Edge;
  readonly first: Edge;
  readonly topic: string;
}): FindingAt {
  const label = flow.topics.get(topic)?.label ?? "";
  const where = `${first.component} on ${label}: ${edge.subscription}`;
  const types = [edge.subscriptionType, first.subscriptionType];
  const isOrdered = types.some((type) => type !== "Shared");
  const remedy = "give each a spec.subscriptionName of its own, or make them one component with " +
    "more replicas";
  if (!isOrdered) {
    const message = `shares its subscription with ${where}; each gets only a part of the messages`;
    return {
      component: edge.component,
      draft: { code: "SharedSubscription", path: edge.path, message, remedy },
    };
  }
  const [own, other] = types;
  const message = own === other
    ? `asks for an order (${own}) on a subscription that it shares with ${where}`
    : `reads as ${own} a subscription that is ${other} for ${where}; a broker refuses one of them`;
  return {
    component: edge.component,
    draft: { code: "OrderingOnSharedSubscription", path: edge.path, message, remedy },
  };
}
