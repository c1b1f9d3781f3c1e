import { shortText } from "#base";
import { type Finding, type FindingAt, findingAt } from "./finding.ts";
import { clusterFindings, nameFindings } from "./findings_of_names.ts";
import { type Flow, flowOf, readersOf, readTopics } from "./flow.ts";
import { cycles, shortestCycle } from "./cycles.ts";
import { subscriptionFindings } from "./findings_of_subscriptions.ts";
import { typeFindings } from "./findings_of_types.ts";
import type { Edge, Topology } from "./topology.ts";
import { inOneGo, type Turns } from "./turns.ts";

/**
 * What is wrong between components, or may be, in the order of the components. Takes time in proportion to their number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { componentSources, findings, topology } from "#topology";
 * const component = (name: string, spec: unknown) => ({
 *   object: { apiVersion: "compute.functionmesh.io/v1alpha1", kind: "Function", metadata: { name }, spec },
 * });
 * const ring = topology(componentSources([
 *   component("ping", { input: { topics: ["a"] }, output: { topic: "b" } }),
 *   component("pong", { input: { topics: ["b"] }, output: { topic: "a" } }),
 * ]));
 * assertEquals(findings(ring).map(({ code, name }) => [code, name]), [["EndlessCycle", "ping"]]);
 * ```
 */
export function findings(topology: Topology): Finding[] {
  return inOneGo(findingsInTurns(topology));
}

/** Each looks at all components: some tens of milliseconds of thousands. */
const RULES: readonly ((flow: Flow) => FindingAt[])[] = [
  nameFindings,
  ownOutputFindings,
  cycleFindings,
  subscriptionFindings,
  typeFindings,
  clusterFindings,
  deadLetterFindings,
  openEndFindings,
];

/** So many components get what was found of them in one go. */
const COMPONENTS_A_TURN = 500;

/** As {@linkcode findings}, one rule at a time. */
export function* findingsInTurns(topology: Topology): Turns<Finding[]> {
  const flow = flowOf(topology);
  const found: FindingAt[] = [];
  for (const rule of RULES) {
    yield;
    for (const one of rule(flow)) found.push(one);
  }
  yield;
  const byComponent = Map.groupBy(found, ({ component }) => component);
  const placed = topology.collisions.map(collisionFinding(topology));
  for (const [index, { id }] of topology.components.entries()) {
    if (index % COMPONENTS_A_TURN === COMPONENTS_A_TURN - 1) yield;
    const source = topology.sources.get(id);
    if (source === undefined) continue;
    for (const { draft } of byComponent.get(id) ?? []) placed.push(findingAt(source, draft));
  }
  return placed;
}

function collisionFinding({ sources }: Topology) {
  return ({ first, source }: Topology["collisions"][number]): Finding => {
    const other = sources.get(first);
    const holder = other?.mesh === undefined
      ? "a resource of its own"
      : `FunctionMesh ${other.mesh}`;
    return findingAt(source, {
      code: "ResourceNameCollision",
      path: source.mesh === undefined || source.origin?.base === "spec"
        ? "metadata.name"
        : "spec.name",
      message: `${first} is made by ${holder} as well`,
      remedy: "only one of them can have it: rename one",
    });
  };
}

const ROLE_WORDS = {
  input: "input",
  output: "output",
  deadLetter: "dead letters",
  log: "log",
  lateData: "late messages",
} as const satisfies Record<Edge["role"], string>;

/** A component that gets again what it wrote. */
function ownOutputFindings(flow: Flow): FindingAt[] {
  const found: FindingAt[] = [];
  for (const [component, edges] of flow.byComponent) {
    const read = new Set(readTopics(flow, component));
    const direct = new Set(edges.filter(({ role }) => role === "input").map(({ topic }) => topic));
    for (const { isImplied, path, role, topic } of edges) {
      if (role === "input" || isImplied === true || !read.has(topic)) continue;
      const label = flow.topics.get(topic)?.label ?? "";
      const what = `sends its ${ROLE_WORDS[role]} to ${label}, which`;
      found.push({
        component,
        draft: direct.has(topic)
          ? {
            code: "ReadsOwnOutput",
            path,
            message: `${what} it reads as input as well`,
            remedy: "messages go round for ever: choose another topic",
          }
          : {
            code: "PatternReadsOwnOutput",
            path,
            message: `${what} fits its own topic pattern`,
            remedy: "messages go round for ever: choose another topic, or a narrower pattern",
          },
      });
    }
  }
  return found;
}

const MEMBERS_SHOWN_MAX = 6;

/** Components that feed each other. */
function cycleFindings(flow: Flow): FindingAt[] {
  return cycles(flow).flatMap((group) => {
    const inside = new Set(group);
    const members = flow.topology.components.length > group.length * 4
      ? group.filter((node) => flow.components.has(node))
      : flow.topology.components.map(({ id }) => id).filter((id) => inside.has(id));
    const first = [...members].sort()[0];
    // A component that feeds itself is told of as that.
    if (first === undefined || members.length < 2) return [];
    const way = shortestCycle(flow, first, group).filter((node) => flow.components.has(node));
    const names = way.map((id) => flow.components.get(id)?.name ?? "");
    const shown = names.slice(0, MEMBERS_SHOWN_MAX);
    const rest = names.length > shown.length ? [`${names.length - shown.length} more`] : [];
    const edge = flow.byComponent.get(first)?.find(({ role, topic }) =>
      role !== "input" && inside.has(topic)
    );
    return [{
      component: first,
      draft: {
        code: "EndlessCycle" as const,
        path: edge?.path ?? "spec.output.topic",
        message: `feeds itself: ${[...shown, ...rest, names[0] ?? ""].join(" -> ")}`,
        remedy: "unless one of them drops messages they go round for ever: write to another topic",
      },
    }];
  });
}

function deadLetterFindings({ topology }: Flow): FindingAt[] {
  return topology.edges.flatMap(({ component, isImplied, path, role }) => {
    if (role !== "deadLetter" || isImplied === true) return [];
    const spec = topology.sources.get(component)?.component.spec as
      | { readonly maxMessageRetry?: unknown }
      | undefined;
    const retries = spec?.maxMessageRetry;
    if (typeof retries === "number" && retries > 0) return [];
    return [{
      component,
      draft: {
        code: "DeadLetterWithoutRetries" as const,
        path,
        message: "no message ever reaches its dead-letter topic, as it is tried again without end",
        remedy: "give maxMessageRetry a number above 0, or remove deadLetterTopic",
      },
    }];
  });
}

/** Topics at which a mesh begins and ends, as far as can be seen. */
function openEndFindings(flow: Flow): FindingAt[] {
  const { topology, writers } = flow;
  const unclear = new Set(topology.unclear);
  const draft = (edge: Edge, code: "InputUnwritten" | "OutputUnread"): FindingAt => {
    const label = shortText(flow.topics.get(edge.topic)?.label ?? "", 200);
    return {
      component: edge.component,
      draft: {
        code,
        path: edge.path,
        message: code === "InputUnwritten"
          ? `no component here writes to ${label}`
          : `no component here reads ${label}`,
        remedy: "nothing is wrong where something else does",
      },
    };
  };
  return topology.edges.flatMap((edge) => {
    const topic = flow.topics.get(edge.topic);
    if (topic === undefined) return [];
    if (edge.role === "output") {
      const isRead = unclear.has(topic.cluster) || readersOf(flow, topic.id).length > 0;
      return isRead ? [] : [draft(edge, "OutputUnread")];
    }
    if (edge.role !== "input") return [];
    const isUnclear = topic.isPattern && unclear.has(topic.cluster);
    const places = [topic.id, ...flow.topicsOf.get(topic.id) ?? []];
    const isWritten = isUnclear || places.some((place) => writers.has(place));
    return isWritten ? [] : [draft(edge, "InputUnwritten")];
  });
}
