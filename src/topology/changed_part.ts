import { type KubeObject, sameJson } from "#base";
import { clustersIn } from "./clusters.ts";
import { componentNode, type ComponentSource, componentSources } from "./component_node.ts";
import type { Change } from "./diagram.ts";
import type { Finding } from "./finding.ts";
import { findings } from "./findings.ts";
import { type Topology, topology } from "./topology.ts";

/** Objects before and after a change; absent: they were not there, or will not be. */
export interface ChangedObject {
  readonly before?: KubeObject | undefined;
  readonly after?: KubeObject | undefined;
}

/** The part of a topology that changes. */
export interface ChangedPart {
  /** What changes, the topics that it uses or used, and who else uses them. */
  readonly topology: Topology;
  readonly changes: ReadonlyMap<string, Change>;
  /** Warnings that were not true before. */
  readonly added: readonly Finding[];
}

/** What of a topology changes, with what is next to it. Objects that stay belong to its surroundings. */
export function changedPart(objects: readonly ChangedObject[]): ChangedPart {
  const [old, next] = (["before", "after"] as const).map((side) => {
    const present = objects.flatMap((change) => change[side] ?? []);
    // Numbers and states are of what was; a picture of a change is of what is meant.
    const bare = present.map(({ status: _status, ...object }) => ({ object }));
    return { sources: sourcesById(componentSources(bare)), clusters: clustersIn(present) };
  });
  if (old === undefined || next === undefined) throw new RangeError("There are two sides");
  const changes = changesBetween(old.sources, next.sources);
  const gone = [...old.sources].filter(([id]) => changes.get(id) === "removed");
  const clusters = new Map([...old.clusters, ...next.clusters]);
  const all = [...next.sources.values(), ...gone.map(([, source]) => source)];
  const before = topology([...old.sources.values()], { clusters: old.clusters });
  const after = topology([...next.sources.values()], { clusters: next.clusters });
  const known = new Set(findings(before).map(textOf));
  return {
    topology: part(topology(all, { clusters }), new Set(changes.keys())),
    changes,
    added: findings(after).filter((finding) =>
      finding.severity === "warning" && !known.has(textOf(finding))
    ),
  };
}

function sourcesById(sources: readonly ComponentSource[]): Map<string, ComponentSource> {
  return new Map(sources.map((source) => [componentNode(source).id, source]));
}

function changesBetween(
  old: ReadonlyMap<string, ComponentSource>,
  next: ReadonlyMap<string, ComponentSource>,
): Map<string, Change> {
  const changes = new Map<string, Change>();
  for (const [id, { component }] of next) {
    const former = old.get(id)?.component;
    if (former === undefined) changes.set(id, "added");
    else if (!sameJson(former.spec, component.spec)) changes.set(id, "changed");
  }
  for (const id of old.keys()) if (!next.has(id)) changes.set(id, "removed");
  return changes;
}

/** Components, their topics, and the other components of these topics, by patterns too. */
function part(whole: Topology, ids: ReadonlySet<string>): Topology {
  const own = new Set(
    whole.edges.filter(({ component }) => ids.has(component)).map((e) => e.topic),
  );
  const near = whole.matches.flatMap(({ pattern, topic }) =>
    own.has(pattern) ? [topic] : own.has(topic) ? [pattern] : []
  );
  const topics = new Set([...own, ...near]);
  const edges = whole.edges.filter(({ topic }) => topics.has(topic));
  const components = new Set([...ids, ...edges.map(({ component }) => component)]);
  return {
    ...whole,
    components: whole.components.filter(({ id }) => components.has(id)),
    topics: whole.topics.filter(({ id }) => topics.has(id)),
    edges,
    matches: whole.matches.filter(({ pattern, topic }) => topics.has(pattern) && topics.has(topic)),
  };
}

function textOf({ code, kind, message, name, namespace, path }: Finding): string {
  return JSON.stringify([code, kind, namespace, name, path, message]);
}
