import type { Problem } from "#base";
import { componentProblems, componentWarnings } from "./component_rules.ts";
import type { FunctionMesh } from "./mesh.ts";
import { type MeshItem, meshItems } from "./mesh_items.ts";
import { dnsProblems } from "./name_rules.ts";
import { at, quoted, type RuleOptions } from "./rule.ts";

/**
 * A mesh as a whole (W-41): every item named (W-15) and named once in its kind (W-9), and each like the resource that
 * it becomes, with the length of the name it will have.
 */
export function meshProblems(mesh: FunctionMesh, options: RuleOptions): Problem[] {
  const items = meshItems(mesh);
  const name = mesh.metadata.name;
  return [
    ...(name ? dnsProblems(name, "metadata.name") : [missingName()]),
    ...items.flatMap((item, index) => {
      const duplicate = items.slice(0, index).find((other) => sameChild(other, item));
      return [
        ...identityProblems(item, duplicate),
        ...componentProblems(item.component, options)
          .filter((problem) => item.name !== "" || problem.path !== "metadata.name")
          .map((problem) => inMesh(problem, item)),
      ];
    }),
  ];
}

/** Warnings of the components of a mesh. */
export function meshWarnings(mesh: FunctionMesh): Problem[] {
  return meshItems(mesh).flatMap((item) =>
    componentWarnings(item.component).map((problem) => inMesh(problem, item))
  );
}

function identityProblems(item: MeshItem, duplicate: MeshItem | undefined): Problem[] {
  const member = `${item.member}.name`;
  if (item.name === "") return [at(member, "is missing; name the component")];
  if (duplicate === undefined) return [];
  const message = `${quoted(item.name)} is the name of ${duplicate.member} as well; choose another`;
  return [at(member, message)];
}

function sameChild(a: MeshItem, b: MeshItem): boolean {
  return a.name !== "" && a.name === b.name && a.component.kind === b.component.kind;
}

/** The path of a component's problem, seen from its mesh. */
function inMesh(problem: Problem, item: MeshItem): Problem {
  const child = item.component.metadata.name;
  if (problem.path.startsWith("metadata.")) {
    const path = `spec.${item.member}.name`;
    return { path, message: `${problem.message} (the resource is called ${child})` };
  }
  return { ...problem, path: problem.path.replace(/^spec/, `spec.${item.member}`) };
}

function missingName(): Problem {
  return { path: "metadata.name", message: "is missing; give the mesh a name" };
}
