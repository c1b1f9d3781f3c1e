import { type FunctionMesh, meshItems } from "#api";
import { idOf, idText, keyOf, type KubeObject, type Problem } from "#base";
import type { ForeignChild, MeshComponent, MeshFinding } from "#plan";
import { findingText, ownWarnings, warningsBetween } from "#topology";
import { type CachedKind, cacheOf, type ReconcileContext } from "./context.ts";

/** What a pass knows of a mesh when it says what is odd. */
interface SeenMesh {
  readonly mesh: FunctionMesh;
  readonly components: readonly MeshComponent[];
  readonly problems: readonly Problem[];
  /** Children that somebody else has. */
  readonly foreign: readonly ForeignChild[];
}

/**
 * What is odd between the items of a mesh, and between them and components of others. It follows from specs alone, so that it
 * is written once, however often it is looked at.
 */
export function meshFindings(
  seen: SeenMesh,
  ctx: Pick<ReconcileContext, "caches" | "neighbours">,
): MeshFinding[] {
  const { components, mesh, problems } = seen;
  const told = [...problems, ...components.flatMap((component) => component.problems)];
  const between = warningsBetween(mesh, othersOf(seen, ctx));
  const said = [...ownWarnings(mesh, told), ...between].map((finding) => {
    return { code: finding.code, path: finding.path, message: findingText(finding) };
  });
  return [...said, ...takenNames(seen)];
}

/** Components of others that have what an item has, as the caches hold them. */
function othersOf(
  { components, mesh }: SeenMesh,
  { caches, neighbours }: Pick<ReconcileContext, "caches" | "neighbours">,
): KubeObject[] {
  const children = components.flatMap(({ live }) => live === undefined ? [] : [idOf(live)]);
  return neighbours.of(keyOf(mesh), children).flatMap((id) =>
    cacheOf(caches, id.kind as CachedKind).get(id) ?? []
  );
}

/** Items whose name another mesh has taken already. */
function takenNames({ foreign, mesh }: SeenMesh): MeshFinding[] {
  const holders = new Map(
    foreign.filter(({ holder }) => holder.startsWith("FunctionMesh "))
      .map(({ holder, id }) => [idText(id), holder]),
  );
  return meshItems(mesh).flatMap(({ component, member }) => {
    const text = idText(idOf(component));
    const holder = holders.get(text);
    return holder === undefined ? [] : [{
      code: "ResourceNameCollision",
      path: `spec.${member}.name`,
      message: `${text} is made by ${holder} as well; only one of them can have it: rename one ` +
        "(ResourceNameCollision)",
    }];
  });
}
