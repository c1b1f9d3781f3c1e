import { ANNOTATIONS, COMPUTE_API_VERSION, type MeshSync } from "#api";
import { conditionOf, idText, keyOf, type KubeObject, type ObjectId } from "#base";
import { eachOf, type GitOpsContext } from "./context.ts";

/** How the meshes of a revision are. */
export interface Health {
  /** Mesh objects that are ready for their current generation. */
  readonly ready: number;
  readonly total: number;
  /** The first that are not, in words. */
  readonly sick: readonly string[];
}

/** Kinds that say whether they are ready. */
const KINDS = ["Function", "FunctionMesh", "Sink", "Source"];

/**
 * Why a mesh object is not ready; undefined when it is. A condition about an older generation says nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sickness } from "#gitops";
 * const ready = { type: "Ready", status: "True", reason: "Ready", message: "1/1", observedGeneration: 1 };
 * const object = (generation: number) => ({
 *   apiVersion: "compute.functionmesh.io/v1alpha1", kind: "Function",
 *   metadata: { name: "a", namespace: "shop", generation }, status: { conditions: [ready] },
 * });
 * assertEquals(sickness(object(1)), undefined);
 * assertEquals(sickness(object(2)), "Function shop/a: not looked at yet");
 * ```
 */
export function sickness(object: KubeObject): string | undefined {
  // Nobody looks at what is not managed, so nobody could say that it is ready.
  if (object.metadata.annotations?.[ANNOTATIONS.managed] === "false") return undefined;
  const name = idText({ kind: object.kind, ...keyOf(object) });
  const status = object.status as { readonly conditions?: unknown } | undefined;
  const ready = conditionOf(status?.conditions, "Ready");
  const generation = object.metadata.generation ?? 0;
  if (ready === undefined || (ready.observedGeneration ?? generation) < generation) {
    return `${name}: not looked at yet`;
  }
  return ready.status === "True" ? undefined : `${name}: ${ready.message || ready.reason}`;
}

/** Looks at every mesh object that a sync applied; in caches where there are any. */
export async function healthOf(sync: MeshSync, ctx: GitOpsContext): Promise<Health> {
  const ids = [...ctx.memory.applied(keyOf(sync)).values()].map((applied) => applied.id)
    .filter((id) => id.apiVersion === COMPUTE_API_VERSION && KINDS.includes(id.kind));
  const looked = await eachOf(ids, async (id) => {
    const object = await seen(id, ctx);
    return object === undefined ? `${idText(id)}: not there` : sickness(object);
  });
  const sick = looked.filter((words) => words !== undefined);
  return { ready: ids.length - sick.length, total: ids.length, sick };
}

async function seen(id: ObjectId, ctx: GitOpsContext): Promise<KubeObject | undefined> {
  const cache = ctx.caches[id.kind];
  if (cache?.synced === true) return cache.get(id);
  const type = await ctx.cluster.resourceType(id.apiVersion, id.kind);
  return type === undefined ? undefined : await ctx.cluster.get(type, id, ctx.signal);
}

const SHOWN_MAX = 3;

/** The first causes, the rest counted. */
export function sickText(health: Health): string {
  const shown = health.sick.slice(0, SHOWN_MAX).join("; ");
  const rest = health.sick.length - SHOWN_MAX;
  return rest > 0 ? `${shown}; and ${rest} more` : shown;
}
