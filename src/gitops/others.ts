import { type MeshSync, resourceOf } from "#api";
import { keyOf, keyText, type KubeObject, type ObjectId, sameJson } from "#base";
import { entryKey } from "#plan";
import { ownClient } from "./account.ts";
import type { GitOpsContext } from "./context.ts";
import { loadInventory } from "./inventory_store.ts";
import { fieldManager, formerFieldManagers } from "./manifests/target.ts";

/** The MeshSyncs besides this one, sorted as the server or the cache has them. */
export async function otherSyncs(sync: KubeObject, ctx: GitOpsContext): Promise<MeshSync[]> {
  const all = ctx.syncs.list?.() ??
    await ownClient(ctx).list(resourceOf("MeshSync"), { signal: ctx.signal });
  return (all as readonly MeshSync[]).filter((other) =>
    keyText(keyOf(other)) !== keyText(keyOf(sync))
  );
}

/** The objects that other MeshSyncs own or are about to, by `entryKey`, with who that is. */
export async function claims(
  others: readonly MeshSync[],
  ctx: GitOpsContext,
): Promise<Map<string, MeshSync>> {
  const claimed = new Map<string, MeshSync>();
  for (const other of others) {
    if (other.metadata.deletionTimestamp !== undefined) continue;
    for (const { id } of await loadInventory(other, ctx)) claimed.set(id, other);
  }
  return claimed;
}

/**
 * The field managers, of MeshSyncs, that let an object go: the sync is gone, or its inventory does not hold the object any
 * longer. What they held may be taken over: the object moved.
 */
export async function goneManagers(
  id: ObjectId,
  managers: readonly string[],
  scope: { readonly sync: MeshSync; readonly ctx: GitOpsContext },
): Promise<Set<string>> {
  const others = await otherSyncs(scope.sync, scope.ctx);
  const holders = new Set<string>();
  for (const other of others) {
    const theirs = [fieldManager(keyOf(other)), ...formerFieldManagers(keyOf(other))];
    const isAsked = theirs.some((manager) => managers.includes(manager));
    if (!isAsked || other.metadata.deletionTimestamp !== undefined) continue;
    const inventory = await loadInventory(other, scope.ctx);
    if (inventory.some((entry) => entry.id === entryKey(id))) {
      theirs.forEach((manager) => holders.add(manager));
    }
  }
  return new Set(managers.filter((manager) => !holders.has(manager)));
}

/** MeshSyncs that follow the same branch or tag of the same repository, and are not suspended. */
export function siblings(sync: MeshSync, others: readonly MeshSync[]): MeshSync[] {
  return others.filter((other) =>
    other.spec.url === sync.spec.url && sameJson(other.spec.ref ?? {}, sync.spec.ref ?? {}) &&
    other.spec.suspend !== true && other.metadata.deletionTimestamp === undefined
  );
}
