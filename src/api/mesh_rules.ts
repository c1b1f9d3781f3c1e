import type { Problem } from "#base";
import { componentProblems, componentWarnings } from "./component_rules.ts";
import { backlogScalingOf, scalingTerms } from "./backlog_scaling.ts";
import type { FunctionMesh } from "./mesh.ts";
import { type MeshItem, meshItems } from "./mesh_items.ts";
import { dnsProblems } from "./name_rules.ts";
import { at, quoted, type RuleOptions, when } from "./rule.ts";

/**
 * A mesh as a whole (W-41): every item named (W-15) and named once in its kind (W-9), and each like the resource that
 * it becomes, with the length of the name it will have.
 */
export function meshProblems(mesh: FunctionMesh, options: RuleOptions): Problem[] {
  const items = meshItems(mesh);
  const name = mesh.metadata.name;
  return [
    ...budgetProblems(mesh, items),
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

/** A budget has to be enough for what each has at least. */
function budgetProblems({ spec }: FunctionMesh, items: readonly MeshItem[]): Problem[] {
  const total = spec.maxReplicasTotal;
  if (total === undefined) return [];
  const scaled = items.filter(({ component }) => backlogScalingOf(component) !== undefined);
  const least = scaled.reduce(
    (sum, { component }) => sum + (scalingTerms(component)?.minReplicas ?? 0),
    0,
  );
  return [
    ...when(
      scaled.length === 0,
      at("maxReplicasTotal", "has no effect without backlogScaling; add that, or remove it"),
    ),
    ...when(
      least > total,
      at("maxReplicasTotal", `${total} is less than all minReplicas (${least}); raise it`),
    ),
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
