import { type FunctionMesh, LABELS, type MeshItem, meshItems, storable } from "#api";
import { type KubeObject, ownerReference } from "#base";
import { childName, namespaceOf } from "./names.ts";
import { tidyObject } from "./tidy.ts";

/** Longest value of a label. */
const LABEL_MAX = 63;

/**
 * The Functions, Sources and Sinks of a mesh, each named after the mesh and its item, its spec the item as it is
 * . Members that are null are left out, as an API server would.
 *
 * Items without a name, and further items that would get a name that is taken, are left out: `problems()` reports them
 * (W-9, W-15). The others do not suffer.
 */
export function meshChildren(mesh: FunctionMesh): KubeObject[] {
  const taken = new Set<string>();
  return meshItems(mesh).flatMap((item) => {
    const id = `${item.component.kind}/${item.name}`;
    if (item.name === "" || taken.has(id)) return [];
    taken.add(id);
    return [child(mesh, item)];
  });
}

function child(mesh: FunctionMesh, { name, component }: MeshItem): KubeObject {
  // What a mesh lets through and a component does not know would be refused in an apply.
  return storable(tidyObject({
    apiVersion: component.apiVersion,
    kind: component.kind,
    metadata: {
      name: childName(mesh, name),
      namespace: namespaceOf(mesh),
      labels: {
        [LABELS.mesh]: mesh.metadata.name.slice(0, LABEL_MAX),
        [LABELS.meshItem]: name.slice(0, LABEL_MAX),
      },
      ownerReferences: [ownerReference(mesh)],
    },
    spec: component.spec,
  }));
}
