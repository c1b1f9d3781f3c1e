import { COMPONENT_KINDS } from "#api";
import { controllerOf, idOf, idText, type KubeObject, type ObjectId } from "#base";
import type { Snapshot } from "./component_row.ts";

/**
 * How many of each kind, sorted by kind.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { kindsText } from "./object_list.ts";
 * assertEquals(kindsText([{ kind: "Pod" }, { kind: "FunctionMesh" }, { kind: "Pod" }]), "1 FunctionMesh, 2 Pods");
 * ```
 */
export function kindsText(things: readonly { readonly kind: string }[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of things) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([kind, count]) => `${count} ${count === 1 ? kind : `${kind}${plural(kind)}`}`)
    .join(", ");
}

/** A line for each mesh and each component among the objects: what was made from it. */
export function objectLines(snapshot: Snapshot, ids: readonly ObjectId[]): readonly string[] {
  const meant = new Set(ids.map(idText));
  const heads = ["FunctionMesh", ...COMPONENT_KINDS].flatMap((kind) =>
    (snapshot[kind] ?? []).filter((object) => meant.has(idText(idOf(object))))
  );
  const width = Math.max(0, ...heads.map(({ metadata }) => metadata.name.length));
  return heads.map((head) => {
    const made = kindsText(descendants(head, snapshot));
    const { kind, metadata } = head;
    return `${kind.padEnd("FunctionMesh".length)}  ${metadata.name.padEnd(width)}  ${made}`;
  });
}

/** What an object controls, and what that controls; of a mesh only its components, which have lines of their own. */
function descendants(head: KubeObject, snapshot: Snapshot): KubeObject[] {
  const children = Object.values(snapshot).flat().filter((object) =>
    controllerOf(object)?.uid === head.metadata.uid
  );
  if (head.kind === "FunctionMesh") return children;
  return children.flatMap((child) => [child, ...descendants(child, snapshot)]);
}

function plural(kind: string): string {
  return /(s|sh|x)$/.test(kind) ? "es" : "s";
}
