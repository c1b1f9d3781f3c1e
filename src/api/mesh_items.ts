import { isPlainObject } from "#base";
import type { Component, ComponentKind } from "./component.ts";
import type { FunctionMesh } from "./mesh.ts";
import { COMPUTE_API_VERSION } from "./resources.ts";

/** The lists of a mesh and what their items become, in the order in which the reference operator makes them. */
const LISTS = [
  ["functions", "Function"],
  ["sources", "Source"],
  ["sinks", "Sink"],
] as const satisfies readonly (readonly [string, ComponentKind])[];

/** A component of a mesh, and where the mesh defines it. */
export interface MeshItem {
  /** `functions[2]`. */
  readonly member: string;
  /** Name in the mesh; empty when it has none. */
  readonly name: string;
  /** The resource it becomes: `<mesh>-<item>`, spec as it is. Without owner and labels. */
  readonly component: Component;
}

/**
 * The components of a mesh in the order of its lists (functions, sources, sinks), each as the resource it becomes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { meshItems } from "#api";
 * const items = meshItems({
 *   apiVersion: "compute.functionmesh.io/v1alpha1", kind: "FunctionMesh", metadata: { name: "shop", namespace: "a" },
 *   spec: { sinks: [{ name: "store" }] },
 * });
 * assertEquals(items.map((item) => [item.member, item.component.metadata.name]), [["sinks[0]", "shop-store"]]);
 * ```
 */
export function meshItems(mesh: FunctionMesh): MeshItem[] {
  const spec: Readonly<Record<string, unknown>> = isPlainObject(mesh.spec) ? mesh.spec : {};
  return LISTS.flatMap(([list, kind]) => {
    const items = spec[list];
    return (Array.isArray(items) ? items : []).map((item: unknown, index) => {
      const name = isPlainObject(item) && typeof item["name"] === "string" ? item["name"] : "";
      const component = {
        ...childOf(mesh, name),
        kind,
        spec: scaled(item, kind, spec),
      } as Component;
      return { member: `${list}[${index}]`, name, component };
    });
  });
}

/** What stands once for all counts where a component that reads topics says nothing of its own. */
function scaled(
  item: unknown,
  kind: ComponentKind,
  { backlogScaling }: Readonly<Record<string, unknown>>,
): unknown {
  if (backlogScaling === undefined || kind === "Source" || !isPlainObject(item)) return item;
  return { backlogScaling, ...item };
}

function childOf(mesh: FunctionMesh, item: string) {
  const namespace = mesh.metadata.namespace;
  const name = `${mesh.metadata.name}-${item}`;
  return {
    apiVersion: COMPUTE_API_VERSION,
    metadata: namespace === undefined ? { name } : { name, namespace },
  };
}
