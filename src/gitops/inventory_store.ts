import type { MeshSync } from "#api";
import { keyOf, type KubeObject, ownerReference } from "#base";
import type { ResourceType } from "#kube";
import { entriesFromText, type InventoryEntry, inventoryParts, mergedInventory } from "#plan";
import { ownClient } from "./account.ts";
import type { GitOpsContext } from "./context.ts";
import { foundInventory } from "./lost_inventory.ts";
import { fieldManager, syncLabels } from "./manifests/target.ts";

const CONFIG_MAP = {
  apiVersion: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
} as const;

/** The member of a ConfigMap's data that holds entries, one JSON object a line. */
const MEMBER = "entries";

/** Where an inventory is: what the status holds of it. */
export interface StoredInventory {
  readonly inventory?: readonly InventoryEntry[];
  readonly inventoryParts?: readonly string[];
}

/** What looking for an inventory takes. */
export type InventoryContext =
  & Pick<GitOpsContext, "cluster" | "memory" | "own" | "signal">
  & Partial<Pick<GitOpsContext, "events" | "log">>;

/**
 * What a sync owns: from memory, its status, or the ConfigMaps that the status names. In place of a part that somebody
 * deleted the cluster is searched.
 *
 * @param types kinds to search for besides those that are known anyway
 */
export async function loadInventory(
  sync: MeshSync,
  ctx: InventoryContext,
  types: readonly ResourceType[] = [],
): Promise<readonly InventoryEntry[]> {
  const names = sync.status?.inventoryParts ?? [];
  if (names.length === 0) return sync.status?.inventory ?? [];
  const known = ctx.memory.inventory(keyOf(sync));
  if (known !== undefined) return known;
  const left: InventoryEntry[] = [];
  let isLost = false;
  for (const name of names) {
    const key = { namespace: sync.metadata.namespace ?? "", name };
    const part = await ownClient(ctx).get(CONFIG_MAP, key, ctx.signal);
    const data = part?.["data"] as Readonly<Record<string, string>> | undefined;
    if (data?.[MEMBER] === undefined) isLost = true;
    else left.push(...entriesFromText(data[MEMBER]));
  }
  // Not remembered: only what is stored is, and this has to be stored anew.
  if (isLost) return mergedInventory(left, await foundInventory(sync, ctx, { left, types }));
  ctx.memory.setInventory(keyOf(sync), left);
  return left;
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
  ctx: GitOpsContext,
): Promise<StoredInventory> {
  const before = ctx.memory.inventory(keyOf(sync));
  const oldNames = sync.status?.inventoryParts ?? [];
  ctx.memory.setInventory(keyOf(sync), entries);
  const parts = inventoryParts(entries);
  if (parts === undefined) return { inventory: entries };
  const oldParts = oldNames.length > 0 && before !== undefined ? inventoryParts(before) ?? [] : [];
  const names: string[] = [];
  for (const [index, text] of parts.entries()) {
    const object = partOf(sync, { index, text });
    names.push(object.metadata.name);
    if (oldParts[index] === text && oldNames[index] === object.metadata.name) continue;
    await ownClient(ctx).apply(object, {
      fieldManager: `${fieldManager(keyOf(sync)).slice(0, 118)}-inventory`,
      signal: ctx.signal,
    });
  }
  return { inventoryParts: names };
}

/** Deletes the parts that a status named before it was written anew, and does not name any longer. */
export async function dropParts(
  before: MeshSync,
  written: MeshSync,
  ctx: GitOpsContext,
): Promise<void> {
  const kept = new Set(written.status?.inventoryParts);
  for (const name of before.status?.inventoryParts ?? []) {
    if (kept.has(name)) continue;
    const key = { namespace: before.metadata.namespace ?? "", name };
    await ownClient(ctx).remove({ apiVersion: "v1", kind: "ConfigMap", ...key }, {
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
