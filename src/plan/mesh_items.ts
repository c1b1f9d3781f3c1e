import { childName } from "#desired";
import { isPlainObject, type KubeObject, type Problem } from "#base";
import type { MeshItem } from "./mesh_status.ts";

/** The lists of a mesh, in the order in which they are shown. */
const LISTS = [
  { member: "functions", kind: "Function" },
  { member: "sources", kind: "Source" },
  { member: "sinks", kind: "Sink" },
] as const;

/**
 * The items of a mesh, each with the problems that are its own, and the problems that are the mesh's.
 *
 * @param problems what `problems(mesh)` of the api room found: an item's paths start with its list and number
 */
export function meshItems(
  mesh: KubeObject,
  problems: readonly Problem[],
): { readonly items: readonly MeshItem[]; readonly rest: readonly Problem[] } {
  const spec = isPlainObject(mesh.spec) ? mesh.spec : {};
  const claimed = new Set<Problem>();
  const items = LISTS.flatMap(({ member, kind }) => {
    const list = spec[member];
    return (Array.isArray(list) ? list : []).map((item, index) => {
      const own = problems.filter((problem) => isAt(problem.path, `spec.${member}[${index}]`));
      own.forEach((problem) => claimed.add(problem));
      return meshItem(mesh, { kind, item, problems: own });
    });
  });
  return { items, rest: problems.filter((problem) => !claimed.has(problem)) };
}

function meshItem(
  mesh: KubeObject,
  { kind, item, problems }: {
    readonly kind: string;
    readonly item: unknown;
    readonly problems: readonly Problem[];
  },
): MeshItem {
  const name = isPlainObject(item) && typeof item["name"] === "string" ? item["name"] : "";
  return {
    kind,
    name,
    namespace: mesh.metadata.namespace ?? "",
    child: childName(mesh, name),
    problems,
    live: undefined,
    foreign: undefined,
    failure: undefined,
  };
}

function isAt(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`);
}
