import { ANNOTATIONS, COMPUTE_API_VERSION, type MeshSync } from "#api";
import {
  errorText,
  idOf,
  isAbort,
  keyOf,
  type KubeObject,
  type ObjectId,
  type ObjectKey,
  ownerReference,
  pooled,
  textDigest,
} from "#base";
import { isConflict, isForbidden, isInvalid, isNotFound, type ResourceType } from "#kube";
import { fieldManager, syncLabels, syncSelector } from "#manifests";
import {
  entriesFromText,
  entryId,
  type InventoryEntry,
  inventoryOf,
  inventoryParts,
  isSameInventory,
  mergedInventory,
} from "#plan";
import { CALLS_AT_ONCE, logName, type SyncContext } from "../context.ts";
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
  /** Empty: there were parts once, and there may be some to delete. */
  readonly inventoryParts?: readonly string[];
  readonly inventoryKinds?: readonly string[];
}

/** What looking for an inventory takes. */
export type InventoryContext =
  & Pick<SyncContext, "clientOf" | "cluster" | "proofs" | "signal" | "tenancy">
  & Partial<Pick<SyncContext, "events" | "log">>;

/**
 * What a sync owns: from its status, or the ConfigMaps that the status names. In place of a part that is not there, or is
 * not what was written, the cluster is searched.
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
  const key = keyOf(sync);
  const known = ctx.proofs.parts(key);
  if (known !== undefined && known.names.join() === names.join()) return known.entries;
  const listed = await listParts(sync, ctx).catch((error) => {
    // Who may read, and not list, reads one by one.
    if (isForbidden(error)) return undefined;
    throw error;
  });
  const parts = await pooled(names, CALLS_AT_ONCE, async (name) => {
    const part = listed?.find(({ metadata }) => metadata.name === name) ??
      await ctx.cluster.get(CONFIG_MAP, partKey(name, sync), ctx.signal);
    return entriesOf(name, part, { sync, ctx });
  });
  // Where there are no others none has to be looked for.
  if (listed?.every(({ metadata }) => names.includes(metadata.name)) === true) {
    ctx.proofs.setPass(key, { ...ctx.proofs.pass(key), tidiedParts: names.join() });
  }
  const read = parts.flatMap((part) => part ?? []);
  const isRebuilt = parts.includes(undefined);
  const entries = isRebuilt
    ? mergedInventory(read, await foundInventory(sync, ctx, { entries: read, types }))
    : read;
  ctx.proofs.setParts(key, { names, entries, isRebuilt });
  return entries;
}

/** All parts of inventories of a sync, also those that its status does not name. */
async function listParts(
  sync: MeshSync,
  { cluster, signal }: Pick<InventoryContext, "cluster" | "signal">,
): Promise<KubeObject[]> {
  const { namespace = "" } = sync.metadata;
  const labelSelector = `${PART_LABEL}=${partLabel(sync)}`;
  return await cluster.list(CONFIG_MAP, { namespace, labelSelector, signal });
}

function partKey(name: string, { metadata: { namespace = "" } }: MeshSync): ObjectKey {
  return { namespace, name };
}

/** The entries of a part; undefined where it is not there, or is not what this program wrote. */
function entriesOf(
  name: string,
  part: KubeObject | undefined,
  { ctx, sync }: { readonly sync: MeshSync; readonly ctx: InventoryContext },
): readonly InventoryEntry[] | undefined {
  const text = (part?.["data"] as Readonly<Record<string, unknown>> | undefined)?.[MEMBER];
  if (typeof text !== "string" || !isAuthentic(name, text, sync)) return undefined;
  try {
    return entriesFromText(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    ctx.log?.warn("Cannot read a part of an inventory", { sync: logName(sync), part: name });
    return undefined;
  }
}

/** How parts of earlier versions end: their names say nothing of what is in them. */
const UNHASHED_NAME = /-inventory-\d{1,4}$/;

function isAuthentic(name: string, text: string, sync: MeshSync): boolean {
  return name === partName(sync, text) || UNHASHED_NAME.test(name);
}

/**
 * Writes an inventory down: a small one goes in the status as the answer says, a large one in ConfigMaps that belong to the
 * MeshSync, unchanged ones at no cost. What a status names is never written over: a program that ends in between leaves
 * the former inventory whole.
 *
 * @returns members of the status
 */
export async function storeInventory(
  entries: readonly InventoryEntry[],
  sync: MeshSync,
  ctx: InventoryContext,
): Promise<StoredInventory> {
  const key = keyOf(sync);
  const before = ctx.proofs.parts(key);
  const isStored = before?.isRebuilt === false && isSameInventory(entries, before.entries);
  if (isStored) return { inventoryParts: before.names, inventoryKinds: kindsOf(entries) };
  const parts = inventoryParts(entries);
  // Until all is stored it is not known what is.
  ctx.proofs.setParts(key, undefined);
  if (parts === undefined) {
    const wasSplit = sync.status?.inventoryParts !== undefined;
    return { inventory: entries, ...(wasSplit ? { inventoryParts: [] } : {}) };
  }
  const stored = new Set(before === undefined || before.isRebuilt ? [] : before.names);
  const objects = parts.map((text) => partOf(sync, text));
  for (const object of objects) {
    if (!stored.has(object.metadata.name)) await writePart(object, sync, ctx);
  }
  const names = objects.map(({ metadata }) => metadata.name);
  ctx.proofs.setParts(key, { names, entries, isRebuilt: false });
  return { inventoryParts: names, inventoryKinds: kindsOf(entries) };
}

/** Writes a part. One of this name with other content is none of ours, whoever made it, and cannot be changed. */
async function writePart(
  object: KubeObject,
  sync: MeshSync,
  { cluster, signal }: InventoryContext,
): Promise<void> {
  const options = {
    fieldManager: `${fieldManager(keyOf(sync)).slice(0, 118)}-inventory`,
    signal,
  };
  try {
    await cluster.apply(object, options);
  } catch (error) {
    if (!isConflict(error) && !isInvalid(error)) throw error;
    await cluster.remove(idOf(object), { signal });
    await cluster.apply(object, options);
  }
}

/** The kinds of what a sync owns, as its status tells: `apiVersion Kind`, sorted. */
export function ownedKinds({ status }: Pick<MeshSync, "status">): readonly string[] {
  return status?.inventoryKinds ?? kindsOf(status?.inventory ?? []);
}

/** The kinds of an inventory, as `apiVersion Kind`, sorted. */
function kindsOf(entries: readonly InventoryEntry[]): string[] {
  // Of entries of one kind only the first is taken apart.
  const first = new Map(
    entries.map((entry) => [`${kindPart(entry.id)} ${entry.version}`, entry]),
  );
  const ids = [...first.values()].flatMap((entry) => entryId(entry) ?? []);
  return [...new Set(ids.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`))].sort();
}

/** `group_Kind`, as an entry ends. */
function kindPart(id: string): string {
  return id.slice(id.lastIndexOf("_", id.lastIndexOf("_") - 1) + 1);
}

/**
 * Deletes the parts that a status does not name: of former inventories, and of those that never came to be named. Once for
 * each inventory and process; what fails is tried again in the next pass.
 */
export async function dropParts(
  written: MeshSync,
  ctx: Pick<SyncContext, "cluster" | "log" | "proofs" | "signal">,
): Promise<void> {
  const names = written.status?.inventoryParts;
  const key = keyOf(written);
  // Other parts may be written, and named by the next status.
  const known = ctx.proofs.parts(key)?.names ?? names;
  if (names === undefined || names.join() !== known?.join()) return;
  if (ctx.proofs.pass(key).tidiedParts === names.join()) return;
  const { uid } = written.metadata;
  try {
    for (const part of await listParts(written, ctx)) {
      const owners = part.metadata.ownerReferences ?? [];
      const isOurs = owners.some((owner) => owner.uid === uid);
      if (!isOurs || names.includes(part.metadata.name)) continue;
      await ctx.cluster.remove(configMapId(part), { signal: ctx.signal });
    }
    ctx.proofs.setPass(key, { ...ctx.proofs.pass(key), tidiedParts: names.join() });
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    const facts = { sync: logName(written), error: errorText(error) };
    ctx.log.warn("Cannot delete parts of a former inventory", facts);
  }
}

function configMapId({ metadata }: KubeObject): ObjectId {
  const { name, namespace = "" } = metadata;
  return { apiVersion: CONFIG_MAP.apiVersion, kind: CONFIG_MAP.kind, namespace, name };
}

const PART_LABEL = "gitops.functionmesh.io/inventory-of";

function partLabel(sync: MeshSync): string {
  return Object.values(syncLabels(sync))[0] ?? "";
}

/** A name holds 253 characters; 64 are for the hash. */
const SYNC_NAME_LENGTH_MAX = 160;

/** A name of the content, of which no other content, and no other sync, has the same. */
function partName({ metadata: { name, namespace = "" } }: MeshSync, text: string): string {
  const shown = name.slice(0, SYNC_NAME_LENGTH_MAX).replace(/[-.]$/, "x");
  return `meshsync-${shown}-inventory-${textDigest(namespace, name, text)}`;
}

function partOf(sync: MeshSync, text: string): KubeObject {
  return {
    apiVersion: CONFIG_MAP.apiVersion,
    kind: CONFIG_MAP.kind,
    metadata: {
      name: partName(sync, text),
      namespace: sync.metadata.namespace ?? "",
      labels: { [PART_LABEL]: partLabel(sync) },
      ownerReferences: [ownerReference(sync)],
    },
    immutable: true,
    data: { [MEMBER]: text },
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
 * it applied itself, of the kinds that its status names and that it is known to apply. What others derived from them,
 * labels and all, is not.
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
  const told = [...sync.status?.inventoryKinds ?? [], ...kindsOf(options.entries)];
  const known = [...KINDS, ...told.map((kind) => kind.split(" "))];
  for (const [apiVersion = "", kind = ""] of known) {
    if (types.has(`${apiVersion} ${kind}`)) continue;
    const type = await actingClient(sync, ctx).resourceType(apiVersion, kind);
    if (type !== undefined) types.set(`${apiVersion} ${kind}`, type);
  }
  const sorted = [...types].sort(([a], [b]) => a < b ? -1 : 1).map(([, type]) => type);
  const unread: string[] = [];
  const found = await pooled(sorted, CALLS_AT_ONCE, async (type) => {
    const objects = await labelled(type, sync, ctx);
    if (objects === undefined) unread.push(type.kind);
    return objects ?? [];
  });
  const entries = inventoryOf(found.flat().map(idOf));
  const missed = unread.length === 0 ? "" : `; ${unread.sort().join(", ")} may not be listed`;
  const message = "A part of the inventory was lost, or is not what was written; " +
    `${entries.length} objects with the labels of this MeshSync were found, of the kinds ` +
    `${sorted.map(({ kind }) => kind).join(", ")}${missed}`;
  ctx.events?.record(sync, { type: "Warning", reason: "InventoryRebuilt", message });
  ctx.log?.warn("Rebuilt an inventory of which a part was lost", {
    sync: logName(sync),
    objects: entries.length,
  });
  return entries;
}

/** The objects of a kind that a sync applied; undefined where they may not be listed. */
async function labelled(
  type: ResourceType,
  sync: MeshSync,
  ctx: InventoryContext,
): Promise<KubeObject[] | undefined> {
  const own = sync.metadata.namespace ?? "";
  const list = (scope: { readonly namespace?: string }) =>
    actingClient(sync, ctx).list(type, {
      labelSelector: syncSelector(sync),
      ...scope,
      signal: ctx.signal,
    });
  try {
    const objects = await list({}).catch((error) => {
      if (!isForbidden(error) || !type.namespaced) throw error;
      return list({ namespace: own });
    });
    return objects.filter(isApplied);
  } catch (error) {
    if (isAbort(error, ctx.signal) || !(isForbidden(error) || isNotFound(error))) throw error;
    return isForbidden(error) ? undefined : [];
  }
}

/** Whether a sync applied an object, and nobody made it of one that the sync applied. */
function isApplied({ metadata }: KubeObject): boolean {
  const isDerived = (metadata.ownerReferences ?? []).some(({ controller }) => controller === true);
  return metadata.annotations?.[ANNOTATIONS.gitHash] !== undefined && !isDerived;
}
