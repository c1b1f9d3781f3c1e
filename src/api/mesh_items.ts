import type { Component } from "./component.ts";
import type { FunctionMesh, MeshSpec } from "./mesh.ts";
import { COMPUTE_API_VERSION } from "./resources.ts";

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
  const spec: MeshSpec = mesh.spec ?? {};
  return [
    ...(spec.functions ?? []).map((item, index) => ({
      member: `functions[${index}]`,
      name: item.name ?? "",
      component: { ...childOf(mesh, item.name), kind: "Function", spec: item } as const,
    })),
    ...(spec.sources ?? []).map((item, index) => ({
      member: `sources[${index}]`,
      name: item.name ?? "",
      component: { ...childOf(mesh, item.name), kind: "Source", spec: item } as const,
    })),
    ...(spec.sinks ?? []).map((item, index) => ({
      member: `sinks[${index}]`,
      name: item.name ?? "",
      component: { ...childOf(mesh, item.name), kind: "Sink", spec: item } as const,
    })),
  ];
}

function childOf(mesh: FunctionMesh, item: string | undefined) {
  const namespace = mesh.metadata.namespace;
  const name = `${mesh.metadata.name}-${item ?? ""}`;
  return {
    apiVersion: COMPUTE_API_VERSION,
    metadata: namespace === undefined ? { name } : { name, namespace },
  };
}
