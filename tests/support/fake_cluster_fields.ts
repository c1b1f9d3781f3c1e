/**
 * Field ownership as an API server keeps it (`metadata.managedFields`): who applied or wrote which fields, what an apply
 * conflicts with, and what goes when a manager no longer applies it.
 *
 * A field is a path: elements `f:name`, `k:{…}` (item of a keyed list) and `v:…` (item of a set), one a line.
 */
import { isPlainObject, type JsonObject, type KubeObject, sameJson, timestamp } from "#base";

/** One entry of `managedFields`. */
export interface FieldManager {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly timeMs: number;
  readonly fields: ReadonlySet<string>;
}

/** An object with who owns what of it. */
export interface OwnedObject {
  readonly object: KubeObject;
  readonly managers: readonly FieldManager[];
}

/** A field that somebody else owns with another value. */
export interface OwnershipConflict {
  readonly field: string;
  /** As the server says it: `conflict with "helm"`. */
  readonly words: string;
}

/** Who writes, and by what rules lists are merged. */
export interface FieldWrite {
  readonly manager: string;
  readonly apiVersion: string;
  readonly subresource?: string | undefined;
  readonly mergesLists: boolean;
  readonly nowMs: number;
}

const ITEM = { item: true };
const NO_LEAVES: ReadonlyMap<string, unknown> = new Map();
const SEPARATOR = "\n";

const LIST_KEYS: Readonly<Record<string, readonly string[]>> = {
  conditions: ["type"],
  containers: ["name"],
  env: ["name"],
  imagePullSecrets: ["name"],
  initContainers: ["name"],
  ports: ["port", "containerPort", "protocol"],
  volumeMounts: ["mountPath"],
  volumes: ["name"],
};

/** Members of `metadata` that the server writes alone. */
const UNOWNED: ReadonlySet<string> = new Set([
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generateName",
  "generation",
  "managedFields",
  "name",
  "namespace",
  "resourceVersion",
  "selfLink",
  "uid",
]);

/** How a list is merged: as a whole, as a set, or by the keys of its items. */
function listKeys(member: string, mergesLists: boolean): readonly string[] | "set" | undefined {
  if (member === "finalizers") return "set";
  if (member === "ownerReferences") return ["uid"];
  return mergesLists ? LIST_KEYS[member] : undefined;
}

function itemKey(item: unknown, keys: readonly string[]): string {
  const fields = item as JsonObject;
  const named = keys.filter((key) => fields[key] !== undefined || key === "protocol");
  return `k:${JSON.stringify(Object.fromEntries(named.map((key) => [key, fields[key] ?? "TCP"])))}`;
}

/** Leaves of objects that are stored, which never change. */
const KNOWN_LEAVES = new WeakMap<KubeObject, ReadonlyMap<string, unknown>>();

/** Notes that an object has the leaves of another one: they differ in what nobody owns. */
export function keepLeaves(from: KubeObject, to: KubeObject): void {
  const known = KNOWN_LEAVES.get(from);
  if (known !== undefined) KNOWN_LEAVES.set(to, known);
}

/** Every leaf of an object that somebody can own, by path. */
export function leaves(object: KubeObject, mergesLists: boolean): ReadonlyMap<string, unknown> {
  const known = KNOWN_LEAVES.get(object);
  if (known !== undefined) return known;
  const found = newLeaves(object, mergesLists);
  KNOWN_LEAVES.set(object, found);
  return found;
}

function newLeaves(object: KubeObject, mergesLists: boolean): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [member, value] of Object.entries(object)) {
    if (member === "apiVersion" || member === "kind" || value === undefined) continue;
    if (member !== "metadata") {
      collect(value, { path: `f:${member}`, member, mergesLists, found });
      continue;
    }
    for (const [name, part] of Object.entries(object.metadata)) {
      if (UNOWNED.has(name) || part === undefined) continue;
      const path = `f:metadata${SEPARATOR}f:${name}`;
      collect(part, { path, member: name, mergesLists, found });
    }
  }
  return found;
}

interface Place {
  readonly path: string;
  readonly member: string;
  readonly mergesLists: boolean;
  readonly found: Map<string, unknown>;
}

function collect(value: unknown, place: Place): void {
  const { found, member, path } = place;
  if (Array.isArray(value)) return collectList(value, place);
  if (!isPlainObject(value)) return void found.set(path, value);
  let isEmpty = true;
  for (const name in value) {
    if (value[name] === undefined) continue;
    isEmpty = false;
    collect(value[name], { ...place, path: `${path}${SEPARATOR}f:${name}`, member: name });
  }
  if (isEmpty && member !== "labels" && member !== "annotations") found.set(path, value);
}

function collectList(list: readonly unknown[], place: Place): void {
  const { found, member, mergesLists, path } = place;
  const keys = listKeys(member, mergesLists);
  if (keys === undefined || list.length === 0) return void found.set(path, list);
  for (const item of list) {
    if (keys === "set") {
      found.set(`${path}${SEPARATOR}v:${JSON.stringify(item)}`, ITEM);
      continue;
    }
    const own = `${path}${SEPARATOR}${itemKey(item, keys)}`;
    found.set(own, ITEM);
    collect(item, { ...place, path: own, member: "" });
  }
}

/** An object with the fields of another one put over it. */
function merged(live: unknown, config: unknown, member: string, mergesLists: boolean): unknown {
  if (config === undefined) return live;
  if (isPlainObject(config) && isPlainObject(live)) {
    const result: Record<string, unknown> = { ...live };
    for (const [name, value] of Object.entries(config)) {
      result[name] = merged(live[name], value, name, mergesLists);
    }
    return result;
  }
  if (!Array.isArray(config) || !Array.isArray(live)) return config;
  const keys = listKeys(member, mergesLists);
  if (keys === undefined) return config;
  if (keys === "set") return [...live, ...config.filter((item) => !live.includes(item))];
  const byKey = new Map<string, unknown>(live.map((item) => [itemKey(item, keys), item]));
  for (const item of config) {
    const key = itemKey(item, keys);
    byKey.set(key, merged(byKey.get(key), item, "", mergesLists));
  }
  return [...byKey.values()];
}

/** A value without what a path leads to. */
function without(value: unknown, path: readonly string[], member: string): unknown {
  const [first = "", ...rest] = path;
  if (Array.isArray(value)) {
    const isIt = (item: unknown) =>
      first.startsWith("v:")
        ? `v:${JSON.stringify(item)}` === first
        : itemKey(item, (listKeys(member, true) ?? []) as readonly string[]) === first;
    return rest.length === 0
      ? value.filter((item) => !isIt(item))
      : value.map((item) => isIt(item) ? without(item, rest, "") : item);
  }
  const name = first.slice(2);
  if (!isPlainObject(value) || !(name in value)) return value;
  if (rest.length > 0) return { ...value, [name]: without(value[name], rest, name) };
  const { [name]: _gone, ...kept } = value;
  return kept;
}

/** The paths themselves and those of everything that holds them. */
function withHolders(paths: Iterable<string>): Set<string> {
  const all = new Set<string>();
  for (const path of paths) {
    for (let text = path; text !== "" && !all.has(text);) {
      all.add(text);
      const cut = text.lastIndexOf(SEPARATOR);
      text = cut < 0 ? "" : text.slice(0, cut);
    }
  }
  all.delete("f:metadata");
  return all;
}

/** A server-side apply: the object after it, and what stands against it. */
export function appliedObject(
  before: OwnedObject | undefined,
  config: KubeObject,
  write: FieldWrite & { readonly force: boolean },
): { readonly after: OwnedObject; readonly conflicts: readonly OwnershipConflict[] } {
  const { manager, mergesLists, force } = write;
  const wanted = leaves(config, mergesLists);
  const managers = before?.managers ?? [];
  const own = managers.find((one) =>
    one.manager === manager && one.operation === "Apply" && one.subresource === write.subresource
  );
  const others = managers.filter((one) => one !== own);
  const live = before === undefined ? NO_LEAVES : leaves(before.object, mergesLists);
  const changed = [...wanted].filter(([path, value]) => !isSame(live.get(path), value))
    .map(([path]) => path);
  const conflicts = force ? [] : conflictsOf(changed, others);
  let object = merged(before?.object ?? {}, config, "", mergesLists) as KubeObject;
  const dropped = own === undefined ? [] : droppedPaths(own.fields, { wanted, others });
  for (const path of dropped) {
    object = without(object, path.split(SEPARATOR), "") as KubeObject;
  }
  const fields = new Set(wanted.keys());
  const isKept = own !== undefined && sameSet(own.fields, fields);
  const next = isKept ? own : entryOf("Apply", fields, write);
  const left = others.map((one) => withoutFields(one, [...changed, ...dropped]));
  const entries = [...left.filter((one) => one.fields.size > 0), next];
  const isUnchanged = before !== undefined && isKept && changed.length === 0 &&
    dropped.length === 0;
  return { after: isUnchanged ? before : { object, managers: entries }, conflicts };
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || sameJson(a, b);
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false;
  for (const one of a) if (!b.has(one)) return false;
  return true;
}

/** What a manager applied before, applies no longer, and nobody else owns; outermost first. */
function droppedPaths(
  before: ReadonlySet<string>,
  { wanted, others }: {
    readonly wanted: ReadonlyMap<string, unknown>;
    readonly others: readonly FieldManager[];
  },
): string[] {
  let isLess = false;
  for (const path of before) {
    if (!wanted.has(path)) {
      isLess = true;
      break;
    }
  }
  if (!isLess) return [];
  const kept = withHolders([...wanted.keys(), ...others.flatMap((one) => [...one.fields])]);
  return [...withHolders(before)].filter((path) => !kept.has(path))
    .sort((a, b) => a.length - b.length);
}

function withoutFields(one: FieldManager, paths: readonly string[]): FieldManager {
  if (!paths.some((path) => one.fields.has(path))) return one;
  const gone = new Set(paths);
  return { ...one, fields: new Set([...one.fields].filter((path) => !gone.has(path))) };
}

function entryOf(
  operation: FieldManager["operation"],
  fields: ReadonlySet<string>,
  { apiVersion, manager, nowMs, subresource }: FieldWrite,
): FieldManager {
  const entry = { manager, operation, apiVersion, timeMs: nowMs, fields };
  return subresource === undefined ? entry : { ...entry, subresource };
}

function conflictsOf(
  changed: readonly string[],
  others: readonly FieldManager[],
): OwnershipConflict[] {
  return others.flatMap((one) =>
    changed.filter((path) => one.fields.has(path)).map((path) => ({
      field: pathText(path),
      words: conflictWords(one),
    }))
  ).sort((a, b) => a.words === b.words ? (a.field < b.field ? -1 : 1) : a.words < b.words ? -1 : 1);
}

function conflictWords({ apiVersion, manager, operation, subresource }: FieldManager): string {
  const part = subresource === undefined ? "" : ` with subresource "${subresource}"`;
  return `conflict with "${manager}"${part}${operation === "Update" ? ` using ${apiVersion}` : ""}`;
}

/** A path as messages write it: `.spec.containers[name="a"].image`. */
function pathText(path: string): string {
  return path.split(SEPARATOR).map((element) => {
    const text = element.slice(2);
    if (element.startsWith("f:")) return `.${text}`;
    if (element.startsWith("v:")) return `[=${text}]`;
    const keys = Object.entries(JSON.parse(text) as JsonObject);
    return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}]`;
  }).join("");
}

/** Any other write: who wrote owns what it changed, and nobody else does any longer. */
export function updatedObject(
  before: OwnedObject | undefined,
  object: KubeObject,
  write: FieldWrite,
): OwnedObject {
  const { manager, mergesLists, subresource } = write;
  const live = before === undefined ? NO_LEAVES : leaves(before.object, mergesLists);
  const now = leaves(object, mergesLists);
  const changed = [...now].filter(([path, value]) =>
    !live.has(path) || !isSame(live.get(path), value)
  )
    .map(([path]) => path);
  const gone = [...live.keys()].filter((path) => !now.has(path));
  const managers = before?.managers ?? [];
  if (changed.length === 0 && gone.length === 0) return { object, managers };
  const own = managers.find((one) =>
    one.manager === manager && one.operation === "Update" && one.subresource === subresource
  );
  // A Scale leaves a zero out: the server does not see then who chose it.
  const noted = subresource === "scale" ? changed.filter((path) => now.get(path) !== 0) : changed;
  const fields = new Set([...own?.fields ?? [], ...noted]);
  const next = entryOf("Update", fields, write);
  const entries = [
    ...managers.filter((one) => one !== own).map((one) =>
      withoutFields(one, [...changed, ...gone])
    ),
    withoutFields(next, gone),
  ].filter((one) => one.fields.size > 0);
  return { object, managers: entries };
}

/** An entry as the server sends it. */
export class ManagedFieldsEntry {
  readonly fieldsType = "FieldsV1";
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly subresource: string | undefined;
  readonly #entry: FieldManager;
  constructor(entry: FieldManager) {
    this.#entry = entry;
    this.manager = entry.manager;
    this.operation = entry.operation;
    this.apiVersion = entry.apiVersion;
    this.subresource = entry.subresource;
  }

  get time(): string {
    return timestamp(this.#entry.timeMs);
  }

  /** Built only when somebody looks. */
  get fieldsV1(): JsonObject {
    const tree: JsonObject = {};
    for (const path of this.#entry.fields) {
      let node = tree;
      for (const element of path.split(SEPARATOR)) node = (node[element] ??= {}) as JsonObject;
      if (/(?:^|\n)[kv]:[^\n]*$/.test(path)) node["."] = {};
    }
    return tree;
  }
}
