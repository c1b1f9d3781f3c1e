import { COMPUTE_API_VERSION, type MeshSync } from "#api";
import { errorText, idOf, idText, isAbort, type KubeObject } from "#base";
import { isForbidden, isNotFound, type ResourceType } from "#kube";
import { entryId, type InventoryEntry, inventoryOf } from "#plan";
import { ownClient } from "./account.ts";
import { eachOf } from "./context.ts";
import type { InventoryContext } from "./inventory_store.ts";
import { HASH_ANNOTATION, syncLabels } from "./manifests/target.ts";

/** Kinds that are looked for whatever is left of an inventory: ours, and what meshes need. */
const KINDS: readonly (readonly [apiVersion: string, kind: string])[] = [
  [COMPUTE_API_VERSION, "BackendConfig"],
  [COMPUTE_API_VERSION, "Function"],
  [COMPUTE_API_VERSION, "FunctionMesh"],
  [COMPUTE_API_VERSION, "Sink"],
  [COMPUTE_API_VERSION, "Source"],
  ["v1", "ConfigMap"],
  ["v1", "Secret"],
];

/**
 * What a sync owns as far as the cluster shows it, for an inventory of which a part is lost: objects with its labels that
 * it applied itself, of the kinds that it is known to apply. What others derived from them, labels and all, is not.
 *
 * @param options.left what is left of the inventory
 * @param options.types more kinds: those of the revision at hand
 */
export async function foundInventory(
  sync: MeshSync,
  ctx: InventoryContext,
  options: { readonly left: readonly InventoryEntry[]; readonly types: readonly ResourceType[] },
): Promise<InventoryEntry[]> {
  const types = new Map(options.types.map((type) => [`${type.apiVersion} ${type.kind}`, type]));
  const ids = options.left.flatMap((entry) => entryId(entry) ?? []);
  const known = [...KINDS, ...ids.map(({ apiVersion, kind }) => [apiVersion, kind] as const)];
  for (const [apiVersion, kind] of known) {
    if (types.has(`${apiVersion} ${kind}`)) continue;
    const type = await ownClient(ctx).resourceType(apiVersion, kind);
    if (type !== undefined) types.set(`${apiVersion} ${kind}`, type);
  }
  const sorted = [...types].sort(([a], [b]) => a < b ? -1 : 1).map(([, type]) => type);
  const found = await eachOf(sorted, (type) => labelled(type, sync, ctx));
  const entries = inventoryOf(found.flat().map(idOf));
  const message =
    `A part of the inventory was lost; ${entries.length} objects with the labels of ` +
    `this MeshSync were found, of the kinds ${sorted.map(({ kind }) => kind).join(", ")}`;
  ctx.events?.record(sync, { type: "Warning", reason: "InventoryRebuilt", message });
  ctx.log?.warn("Rebuilt an inventory of which a part was lost", {
    sync: idText(idOf(sync)),
    objects: entries.length,
  });
  return entries;
}

async function labelled(
  type: ResourceType,
  sync: MeshSync,
  ctx: InventoryContext,
): Promise<KubeObject[]> {
  const labelSelector = Object.entries(syncLabels(sync)).map((pair) => pair.join("=")).join(",");
  const own = sync.metadata.namespace ?? "";
  const list = (scope: { readonly namespace?: string }) =>
    ownClient(ctx).list(type, { labelSelector, ...scope, signal: ctx.signal });
  try {
    const objects = await list({}).catch((error) => {
      if (!isForbidden(error) || !type.namespaced) throw error;
      return list({ namespace: own });
    });
    return objects.filter(isApplied);
  } catch (error) {
    if (isAbort(error, ctx.signal) || !(isForbidden(error) || isNotFound(error))) throw error;
    ctx.log?.warn("Cannot look for the objects of a sync", {
      kind: type.kind,
      error: errorText(error),
    });
    return [];
  }
}

/** Whether a sync applied an object, and nobody made it of one that the sync applied. */
function isApplied({ metadata }: KubeObject): boolean {
  const isDerived = (metadata.ownerReferences ?? []).some(({ controller }) => controller === true);
  return metadata.annotations?.[HASH_ANNOTATION] !== undefined && !isDerived;
}
