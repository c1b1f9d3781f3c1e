import { ANNOTATIONS, COMPUTE_API_VERSION, type MeshSync } from "#api";
import { conditionOf, idText, keyOf, keyText, type KubeObject, type ObjectId } from "#base";
import { entryKey, hasHealth, objectHealth } from "#plan";
import { eachOf, type GitOpsContext } from "./context.ts";
import { syncLabels } from "./manifests/target.ts";

/** An object that is not as it should be. */
export interface Sick {
  /** As in the inventory. */
  readonly key: string;
  /** `Kind namespace/name: what is wrong`. */
  readonly words: string;
}

/** How the objects of a revision are. */
export interface Health {
  /** Objects with a health of their own that are ready for their current generation. */
  readonly ready: number;
  readonly total: number;
  readonly sick: readonly Sick[];
  /** When the last of the meshes became ready, in milliseconds since 1970; 0 without any that are ready. */
  readonly readySinceMs: number;
}

/** Our kinds that say whether they are ready; their changes are watched. */
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

/**
 * How everything is that a sync applied and that has a health: meshes by their own `Ready`, in caches where there are
 * any; ordinary kinds by the rules of kstatus.
 *
 * # Guarantees
 * Ordinary kinds cost one list a kind, by the sync's labels, and none where a cache follows them: after a revision was applied, every look until they are
 * healthy, and then with each look at the remote. No object is read by itself, except meshes where no cache is.
 *
 * @param options.isDue whether this pass looked at the remote
 */
export async function healthOf(
  sync: MeshSync,
  ctx: GitOpsContext,
  { isDue }: { readonly isDue: boolean },
): Promise<Health> {
  const applied = [...ctx.memory.applied(keyOf(sync)).values()].map(({ id }) => id);
  const meshes = applied.filter(isMesh);
  const live = await eachOf(meshes, async (id) => ({ id, object: await seen(id, ctx) }));
  const looked = live.map(({ id, object }) =>
    sickOf(id, object === undefined ? `${idText(id)}: not there` : sickness(object))
  );
  const ordinary = applied.filter((id) => !isMesh(id) && hasHealth(id) && !isSelf(id, sync));
  const others = await ordinaryHealth(ordinary, { sync, ctx, isDue });
  const sick = [...looked.flat(), ...others.sick];
  const total = meshes.length + others.total;
  const readySinceMs = Math.max(0, ...live.map(({ object }) => readySince(object)));
  return { ready: total - sick.length, total, sick, readySinceMs };
}

function readySince(object: KubeObject | undefined): number {
  const status = object?.status as { readonly conditions?: unknown } | undefined;
  const ready = conditionOf(status?.conditions, "Ready");
  return ready?.status === "True" ? Date.parse(ready.lastTransitionTime) || 0 : 0;
}

function isMesh(id: ObjectId): boolean {
  return id.apiVersion === COMPUTE_API_VERSION && KINDS.includes(id.kind);
}

/** A sync that is part of its own folder would wait for itself. */
function isSelf(id: ObjectId, sync: MeshSync): boolean {
  return id.kind === "MeshSync" && keyText(id) === keyText(keyOf(sync));
}

function sickOf(id: ObjectId, words: string | undefined): Sick[] {
  return words === undefined ? [] : [{ key: entryKey(id), words }];
}

async function seen(id: ObjectId, ctx: GitOpsContext): Promise<KubeObject | undefined> {
  const cache = ctx.caches[id.kind];
  if (cache?.synced === true) return cache.get(id);
  const type = await ctx.cluster.resourceType(id.apiVersion, id.kind);
  return type === undefined ? undefined : await ctx.cluster.get(type, id, ctx.signal);
}

interface Look {
  readonly sync: MeshSync;
  readonly ctx: GitOpsContext;
  readonly isDue: boolean;
}

async function ordinaryHealth(
  ids: readonly ObjectId[],
  look: Look,
): Promise<Omit<Health, "readySinceMs">> {
  const { ctx, isDue } = look;
  const key = keyOf(look.sync);
  if (ids.length === 0) return { ready: 0, total: 0, sick: [] };
  const { appliedKey = "", ordinary } = ctx.memory.state(key);
  const isKnown = ordinary?.appliedKey === appliedKey && ordinary.sick.length === 0;
  if (isKnown && !isDue) return { ready: ids.length, total: ids.length, sick: [] };
  const byKind = Map.groupBy(ids, (id) => `${id.apiVersion} ${id.kind}`);
  const found = await eachOf([...byKind.values()], (group) => groupSickness(group, look));
  const sick = found.flat();
  ctx.memory.setState(key, { ...ctx.memory.state(key), ordinary: { appliedKey, sick } });
  return { ready: ids.length - sick.length, total: ids.length, sick };
}

/** What is sick among the objects of one kind: from the cache that follows it, or by one list. */
async function groupSickness(ids: readonly ObjectId[], { sync, ctx }: Look): Promise<Sick[]> {
  const [first] = ids;
  if (first === undefined) return [];
  const type = await ctx.cluster.resourceType(first.apiVersion, first.kind);
  const cache = type === undefined ? undefined : ctx.followed?.(type);
  if (type === undefined || cache !== undefined) {
    return ids.flatMap((id) => sickOf(id, ordinarySickness(id, cache?.get(id))));
  }
  const namespaces = new Set(ids.map((id) => id.namespace));
  const labelSelector = Object.entries(syncLabels(sync)).map((pair) => pair.join("=")).join(",");
  const objects = await ctx.cluster.list(type, {
    labelSelector,
    // One namespace where they share one.
    ...(namespaces.size === 1 && first.namespace !== "" ? { namespace: first.namespace } : {}),
    signal: ctx.signal,
  });
  const live = new Map(objects.map((object) => [keyText(keyOf(object)), object]));
  return ids.flatMap((id) => sickOf(id, ordinarySickness(id, live.get(keyText(id)))));
}

function ordinarySickness(id: ObjectId, live: KubeObject | undefined): string | undefined {
  if (live === undefined) return `${idText(id)}: not there`;
  const { state, message } = objectHealth(live);
  return state === "current" ? undefined : `${idText(id)}: ${message}`;
}

const SHOWN_MAX = 3;

/** The first causes, the rest counted. */
export function sickText(sick: readonly Sick[]): string {
  const shown = sick.slice(0, SHOWN_MAX).map(({ words }) => words).join("; ");
  const rest = sick.length - SHOWN_MAX;
  return rest > 0 ? `${shown}; and ${rest} more` : shown;
}
