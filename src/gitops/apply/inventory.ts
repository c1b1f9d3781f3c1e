import { COMPUTE_API_VERSION, type MeshSync } from "#api";
import { errorText, idOf, isAbort, keyOf, type KubeObject, ownerReference, pooled } from "#base";
import { isForbidden, isNotFound, type ResourceType } from "#kube";
import {
  entriesFromText,
  entryId,
  type InventoryEntry,
  inventoryOf,
  inventoryParts,
  mergedInventory,
} from "#plan";
import { CALLS_AT_ONCE, logName, type SyncContext } from "../context.ts";
import { fieldManager, HASH_ANNOTATION, syncLabels } from "../manifests/target.ts";
import { actingClient } from "../tenancy.ts";

const CONFIG_MAP = {
  apiVersion: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
} as const;

/** The member of a ConfigMap's data that holds entries, one JSON object a line. */
const MEMBER = "entries";

/** Where an inventory is: members of the status. */
export interface StoredInventory {
  readonly inventory?: readonly InventoryEntry[];
  readonly inventoryParts?: readonly string[];
}

/** What looking for an inventory takes. */
export type InventoryContext =
  & Pick<SyncContext, "clientOf" | "cluster" | "proofs" | "signal" | "tenancy">
  & Partial<Pick<SyncContext, "events" | "log">>;

/**
 * What a sync owns: from its status, or the ConfigMaps that the status names. In place of a part that somebody deleted the
 * cluster is searched.
 *
 * @param types kinds to search for besides those that are known anyway
 * @throws {SyntaxError} where a part holds something else than an inventory
 */
export async function loadInventory(
  sync: MeshSync,
  ctx: InventoryContext,
  types: readonly ResourceType[] = [],
): Promise<readonly InventoryEntry[]> {
  const names = sync.status?.inventoryParts ?? [];
  if (names.length === 0) return sync.status?.inventory ?? [];
  const known = ctx.proofs.parts(keyOf(sync));
  if (known !== undefined && known.names.join() === names.join()) return known.entries;
  const entries: InventoryEntry[] = [];
  let isLost = false;
  for (const name of names) {
    const key = { namespace: sync.metadata.namespace ?? "", name };
    const part = await ctx.cluster.get(CONFIG_MAP, key, ctx.signal);
    const data = part?.["data"] as Readonly<Record<string, string>> | undefined;
    if (data?.[MEMBER] === undefined) isLost = true;
    else entries.push(...entriesFromText(data[MEMBER]));
  }
  // Not remembered: only what is stored is, and this has to be stored anew.
  if (isLost) return mergedInventory(entries, await foundInventory(sync, ctx, { entries, types }));
  ctx.proofs.setParts(keyOf(sync), { names, entries });
  return entries;
}

/**
 * Writes an inventory down: a small one goes in the status as the answer says, a large one in ConfigMaps that belong to the
 * MeshSync, unchanged ones at no cost.
 *
 * @returns members of the status
 */
export async function storeInventory(
  entries: readonly InventoryEntry[],
  sync: MeshSync,
  ctx: InventoryContext,
): Promise<StoredInventory> {
  const parts = inventoryParts(entries);
  const key = keyOf(sync);
  const before = ctx.proofs.parts(key);
  // Until all is stored it is not known what is.
  ctx.proofs.setParts(key, undefined);
  if (parts === undefined) return { inventory: entries };
  const oldParts = before === undefined ? [] : inventoryParts(before.entries) ?? [];
  const names: string[] = [];
  for (const [index, text] of parts.entries()) {
    const object = partOf(sync, { index, text });
    names.push(object.metadata.name);
    if (oldParts[index] === text && before?.names[index] === object.metadata.name) continue;
    await ctx.cluster.apply(object, {
      fieldManager: `${fieldManager(key).slice(0, 118)}-inventory`,
      signal: ctx.signal,
    });
  }
  ctx.proofs.setParts(key, { names, entries });
  return { inventoryParts: names };
}

/** Deletes the parts that a status named before it was written anew, and does not name any longer. */
export async function dropParts(
  before: MeshSync,
  written: MeshSync,
  ctx: Pick<SyncContext, "cluster" | "signal">,
): Promise<void> {
  const kept = new Set(written.status?.inventoryParts);
  for (const name of before.status?.inventoryParts ?? []) {
    if (kept.has(name)) continue;
    const key = { namespace: before.metadata.namespace ?? "", name };
    await ctx.cluster.remove({ apiVersion: "v1", kind: "ConfigMap", ...key }, {
      signal: ctx.signal,
    });
  }
}

function partOf(
  sync: MeshSync,
  part: { readonly index: number; readonly text: string },
): KubeObject {
  const { name, namespace = "" } = sync.metadata;
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: `meshsync-${name.slice(0, 200)}-inventory-${part.index}`,
      namespace,
      labels: { "gitops.functionmesh.io/inventory-of": Object.values(syncLabels(sync))[0] ?? "" },
      ownerReferences: [ownerReference(sync)],
    },
    data: { [MEMBER]: part.text },
  };
}

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
 * @param options.entries what is left of the inventory
 * @param options.types more kinds: those of the revision at hand
 */
async function foundInventory(
  sync: MeshSync,
  ctx: InventoryContext,
  options: { readonly entries: readonly InventoryEntry[]; readonly types: readonly ResourceType[] },
): Promise<InventoryEntry[]> {
  const types = new Map(options.types.map((type) => [`${type.apiVersion} ${type.kind}`, type]));
  const ids = options.entries.flatMap((entry) => entryId(entry) ?? []);
  const known = [...KINDS, ...ids.map(({ apiVersion, kind }) => [apiVersion, kind] as const)];
  for (const [apiVersion, kind] of known) {
    if (types.has(`${apiVersion} ${kind}`)) continue;
    const type = await actingClient(sync, ctx).resourceType(apiVersion, kind);
    if (type !== undefined) types.set(`${apiVersion} ${kind}`, type);
  }
  const sorted = [...types].sort(([a], [b]) => a < b ? -1 : 1).map(([, type]) => type);
  const found = await pooled(sorted, CALLS_AT_ONCE, (type) => labelled(type, sync, ctx));
  const entries = inventoryOf(found.flat().map(idOf));
  const message =
    `A part of the inventory was lost; ${entries.length} objects with the labels of ` +
    `this MeshSync were found, of the kinds ${sorted.map(({ kind }) => kind).join(", ")}`;
  ctx.events?.record(sync, { type: "Warning", reason: "InventoryRebuilt", message });
  ctx.log?.warn("Rebuilt an inventory of which a part was lost", {
    sync: logName(sync),
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
    actingClient(sync, ctx).list(type, { labelSelector, ...scope, signal: ctx.signal });
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
