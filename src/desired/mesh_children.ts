import { type ComponentKind, COMPUTE_API_VERSION, type FunctionMesh, LABELS, storable } from "#api";
import { isPlainObject, type KubeObject, ownerReference } from "#base";
import { childName, namespaceOf } from "./names.ts";
import { tidyObject } from "./tidy.ts";

/** The lists of a mesh and what their items become, in the order in which the reference operator makes them. */
const LISTS = [
  ["functions", "Function"],
  ["sources", "Source"],
  ["sinks", "Sink"],
] as const satisfies readonly (readonly [string, ComponentKind])[];

/** Longest value of a label. */
const LABEL_MAX = 63;

/**
 * The Functions, Sources and Sinks of a mesh, each named after the mesh and its item, its spec the item as it is
 * (objects.md 6.5). Members that are null are left out, as an API server would.
 *
 * Items without a name, and further items that would get a name that is taken, are left out: `problems()` reports them
 * (W-9, W-15). The others do not suffer.
 */
export function meshChildren(mesh: FunctionMesh): KubeObject[] {
  const taken = new Set<string>();
  return LISTS.flatMap(([list, kind]) => {
    const items: readonly { readonly name?: string }[] = mesh.spec?.[list] ?? [];
    return items.flatMap((item) => {
      const name = isPlainObject(item) ? item.name : undefined;
      const id = `${kind}/${name}`;
      if (typeof name !== "string" || name === "" || taken.has(id)) return [];
      taken.add(id);
      return [child(mesh, { kind, name, spec: item })];
    });
  });
}

function child(
  mesh: FunctionMesh,
  { kind, name, spec }: {
    readonly kind: ComponentKind;
    readonly name: string;
    readonly spec: unknown;
  },
): KubeObject {
  // What a mesh lets through and a component does not know would be refused in an apply.
  return storable(tidyObject({
    apiVersion: COMPUTE_API_VERSION,
    kind,
    metadata: {
      name: childName(mesh, name),
      namespace: namespaceOf(mesh),
      labels: {
        [LABELS.mesh]: mesh.metadata.name.slice(0, LABEL_MAX),
        [LABELS.meshItem]: name.slice(0, LABEL_MAX),
      },
      ownerReferences: [ownerReference(mesh)],
    },
    spec,
  }));
}
