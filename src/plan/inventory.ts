import { groupOf, type ObjectId, perObject } from "#base";

/** One object that a MeshSync owns, as its status holds it. */
export interface InventoryEntry {
  /** `namespace_name_group_Kind`: the version is not part of it, as an object is the same in all of them. */
  readonly id: string;
  readonly version?: string;
  /** `namespace/name` of the MeshSync whose labels it carried when it was announced to be taken over; absent once it is. */
  readonly from?: string;
  /** Git holds it no longer, and it is not gone yet: it is not wanted, only looked after until then. */
  readonly left?: boolean;
}

/**
 * How an object stands in an inventory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { entryId, inventoryEntry } from "#plan";
 * const id = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web_1" };
 * assertEquals(inventoryEntry(id), { id: "shop_web_1_apps_Deployment", version: "v1" });
 * assertEquals(entryId(inventoryEntry(id)), id);
 * ```
 */
export function inventoryEntry(id: ObjectId): InventoryEntry {
  const version = id.apiVersion.slice(id.apiVersion.indexOf("/") + 1);
  return { id: entryKey(id), version };
}

/** What an object is known by whatever the version: the same for `apps/v1beta1` and `apps/v1`. */
export const entryKey: (id: ObjectId) => string = perObject((id) =>
  `${id.namespace}_${id.name}_${groupOf(id.apiVersion)}_${id.kind}`
);

/** The object of an entry; undefined when its text is not of this form. Names may hold `_`, the other parts do not. */
export function entryId(entry: InventoryEntry): ObjectId | undefined {
  const parts = entry.id.split("_");
  if (parts.length < 4) return undefined;
  const [namespace = ""] = parts;
  const [group = "", kind = ""] = parts.slice(-2);
  const name = parts.slice(1, -2).join("_");
  if (name === "" || kind === "") return undefined;
  const version = entry.version ?? "v1";
  return { apiVersion: group === "" ? version : `${group}/${version}`, kind, namespace, name };
}

/** The inventory of these objects: sorted, each object once; of two versions the one whose name comes last. */
export function inventoryOf(ids: readonly ObjectId[]): InventoryEntry[] {
  const entries = new Map<string, InventoryEntry>();
  for (const one of ids) {
    const entry = inventoryEntry(one);
    const { version = "" } = entries.get(entry.id) ?? {};
    if ((entry.version ?? "") >= version) entries.set(entry.id, entry);
  }
  return [...entries.values()].sort((a, b) => a.id < b.id ? -1 : 1);
}

/** Whether two inventories hold the same, in the same order. */
export function isSameInventory(
  one: readonly InventoryEntry[],
  other: readonly InventoryEntry[],
): boolean {
  return one.length === other.length && one.every(({ from, id, left, version }, index) => {
    const entry = other[index];
    return entry?.id === id && entry.version === version && entry.from === from &&
      entry.left === left;
  });
}

/** Entries of what Git holds no longer. */
export function leftEntries(entries: readonly InventoryEntry[]): InventoryEntry[] {
  return entries.map((entry) => ({ ...entry, left: true }));
}

/** Entries of what is wanted, whatever was said of them before. */
export function wantedEntries(entries: readonly InventoryEntry[]): InventoryEntry[] {
  return entries.map(({ left: _left, ...entry }) => entry);
}

/** What was owned and is no longer wanted, by object and not by version or place in Git: candidates for pruning. */
export function staleEntries(
  before: readonly InventoryEntry[],
  after: readonly InventoryEntry[],
): InventoryEntry[] {
  const wanted = new Set(after.map((entry) => entry.id));
  return before.filter((entry) => !wanted.has(entry.id));
}

/**
 * Two inventories in one; of an object in both the entry of the first is taken. Used to keep what could not be pruned,
 * and to note what is about to be created, so that nothing is ever owned without being written down.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mergedInventory, staleEntries } from "#plan";
 * const [a, b] = [{ id: "x_a__ConfigMap" }, { id: "x_b__ConfigMap" }];
 * assertEquals(staleEntries([a, b], [b]), [a]);
 * assertEquals(mergedInventory([b], [a, b]), [a, b]);
 * ```
 */
export function mergedInventory(
  first: readonly InventoryEntry[],
  second: readonly InventoryEntry[],
): InventoryEntry[] {
  const entries = new Map([...second, ...first].map((entry) => [entry.id, entry]));
  return [...entries.values()].sort((a, b) => a.id < b.id ? -1 : 1);
}

/** More entries than this, or more text, and an inventory leaves the status: an object holds 1.5 MB at most in etcd. */
const STATUS_ENTRIES_MAX = 1_500;
const STATUS_LENGTH_MAX = 400_000;
/** Text in one part: ConfigMaps hold 1 MiB at most. */
const PART_LENGTH_MAX = 400_000;

/**
 * An inventory in parts that an object can hold, as one JSON object a line; undefined when it is small enough for a
 * status.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { entriesFromText, inventoryParts } from "#plan";
 * assertEquals(inventoryParts([{ id: "x_a__ConfigMap" }]), undefined);
 * const many = Array.from({ length: 20_000 }, (_, index) => ({ id: `x_a${index}__ConfigMap`, version: "v1" }));
 * const parts = inventoryParts(many) ?? [];
 * assertEquals(parts.length, 3);
 * assertEquals(parts.flatMap(entriesFromText), many);
 * ```
 */
export function inventoryParts(entries: readonly InventoryEntry[]): string[] | undefined {
  const lines = entries.map(({ from, id, left, version }) =>
    JSON.stringify({ id, version, from, left })
  );
  const length = lines.reduce((sum, line) => sum + line.length + 1, 0);
  if (entries.length <= STATUS_ENTRIES_MAX && length <= STATUS_LENGTH_MAX) return undefined;
  const parts: string[][] = [];
  let room = 0;
  for (const line of lines) {
    if (line.length + 1 > room) {
      parts.push([]);
      room = PART_LENGTH_MAX;
    }
    parts.at(-1)?.push(line);
    room -= line.length + 1;
  }
  return parts.map((part) => part.join("\n"));
}

/** The entries of one part. */
export function entriesFromText(text: string): InventoryEntry[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}
