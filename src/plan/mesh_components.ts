import { type FunctionMesh, meshItems } from "#api";
import type { Problem } from "#base";
import type { MeshComponent } from "./mesh_status.ts";

/**
 * The components of a mesh, each with the problems that are its own, and the problems that are the mesh's.
 *
 * @param problems what `problems(mesh)` of the api room found: an item's paths start with its list and number
 */
export function meshComponents(
  mesh: FunctionMesh,
  problems: readonly Problem[],
): { readonly components: readonly MeshComponent[]; readonly rest: readonly Problem[] } {
  const claimed = new Set<Problem>();
  const components = meshItems(mesh).map(({ component, member, name }) => {
    const own = problems.filter((problem) => isAt(problem.path, `spec.${member}`));
    own.forEach((problem) => claimed.add(problem));
    return {
      kind: component.kind,
      name,
      namespace: mesh.metadata.namespace ?? "",
      child: component.metadata.name,
      problems: own,
      live: undefined,
      foreign: undefined,
      failure: undefined,
    };
  });
  return { components, rest: problems.filter((problem) => !claimed.has(problem)) };
}

function isAt(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`);
}
