import {
  type Component,
  COMPUTE_API_VERSION,
  type FunctionMesh,
  type Input,
  parseTopicName,
  problems,
  topicText,
} from "#api";
import type { ImportedComponent } from "./imported.ts";

/** A mesh and whom it holds. */
export interface ImportedMesh {
  readonly mesh: FunctionMesh;
  readonly members: readonly ImportedComponent[];
}

const LISTS = { Function: "functions", Source: "sources", Sink: "sinks" } as const;

/**
 * What hangs together by topics, each such group as a mesh; the rest as it is. Topics count as they are written: which
 * topics a pattern will match one day is not known. A component whose name in Pulsar cannot be that of an item stays alone.
 */
export function groupedComponents(
  components: readonly ImportedComponent[],
  name: string | undefined,
): { readonly meshes: readonly ImportedMesh[]; readonly singles: readonly ImportedComponent[] } {
  if (name === undefined) return { meshes: [], singles: components };
  const groups = connected(components).filter((group) => group.length > 1);
  const meshes: ImportedMesh[] = [];
  for (const group of groups) {
    const own = groups.length === 1 ? name : `${name}-${meshes.length + 1}`;
    const members = group.filter((one) => fits(one, own, group));
    if (members.length > 1) meshes.push({ mesh: meshOf(own, members), members });
  }
  const held = new Set(meshes.flatMap(({ members }) => members));
  const singles = components.filter((one) => !held.has(one));
  const grouped = new Set(groups.flat());
  for (const one of singles.filter((one) => grouped.has(one))) {
    one.notes.remark(
      "metadata.name",
      "stays out of the mesh: its name in Pulsar is none for an item of it",
    );
  }
  return { meshes, singles };
}

/** An item's name is its name in Pulsar and a part of the resource's name. */
function fits(one: ImportedComponent, mesh: string, group: readonly ImportedComponent[]): boolean {
  const { kind } = one.resource;
  const isTaken = group.some((other) =>
    other !== one && other.resource.kind === kind && other.id.name === one.id.name
  );
  if (isTaken) return false;
  const named = { ...one.resource, metadata: { name: `${mesh}-${one.id.name}` } };
  return !problems(named).some(({ path }) => path === "metadata.name") &&
    !one.id.name.includes(".");
}

function meshOf(name: string, members: readonly ImportedComponent[]): FunctionMesh {
  const spec = Object.fromEntries(
    Object.entries(LISTS).flatMap(([kind, list]) => {
      const own = members.filter(({ resource }) => resource.kind === kind);
      return own.length === 0 ? [] : [[list, own.map(({ resource }) => resource.spec)]];
    }),
  );
  return { apiVersion: COMPUTE_API_VERSION, kind: "FunctionMesh", metadata: { name }, spec };
}

/** Components that share topics, directly or through others. */
function connected(components: readonly ImportedComponent[]): ImportedComponent[][] {
  const parents = components.map((_, index) => index);
  const rootOf = (index: number): number => {
    let root = index;
    while (parents[root] !== root) root = parents[root] ?? root;
    return root;
  };
  const firstOf = new Map<string, number>();
  for (const [index, { resource }] of components.entries()) {
    for (const topic of topicsOf(resource)) {
      const first = firstOf.get(topic) ?? index;
      firstOf.set(topic, first);
      // The lower number is the root, so that groups come in the order of their first members.
      const [low, high] = [rootOf(first), rootOf(index)].sort((a, b) => a - b);
      if (low !== undefined && high !== undefined) parents[high] = low;
      parents[index] = rootOf(index);
    }
  }
  const groups = Map.groupBy(components, (_, index) => rootOf(index));
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}

function topicsOf({ kind, spec }: Component): string[] {
  const { input, output } = spec as {
    readonly input?: Input;
    readonly output?: { topic?: string };
  };
  const specs = Object.entries(input?.sourceSpecs ?? {}).flatMap(([topic, consumer]) =>
    consumer.isRegexPattern === true ? [] : [topic]
  );
  const named = [
    ...(kind === "Source" ? [] : [...input?.topics ?? [], ...specs]),
    ...(kind === "Sink" || output?.topic === undefined ? [] : [output.topic]),
  ];
  return named.map((topic) => {
    const parsed = parseTopicName(topic);
    return parsed === undefined ? topic : topicText(parsed);
  });
}
