import { ANNOTATIONS, type MeshSync } from "#api";
import { errorText, idOf, keyOf, type KubeObject, type ObjectId } from "#base";
import { ApiError, type ClusterClient, isConflict, isKindMissing, isNotFound } from "#kube";
import {
  applyStages,
  conflictText,
  entryId,
  fieldConflicts,
  inventoryOf,
  staleEntries,
} from "#plan";
import { eachOf } from "./context.ts";
import { loadInventory } from "./inventory_store.ts";
import type { Manifest } from "./manifests/manifest.ts";
import { SyncMemory } from "./memory.ts";
import {
  belongsTo,
  definedKinds,
  fieldManager,
  kindKey,
  type Kinds,
  targetObject,
} from "./manifests/target.ts";
import { withoutValues } from "./manifests/variables.ts";

/** One object before and after manifests would be applied. */
export interface Preview {
  readonly id: ObjectId;
  /** Absent: it would be created. */
  readonly before: KubeObject | undefined;
  /** As a server-side dry run answered; absent: it would be deleted. */
  readonly after: KubeObject | undefined;
  /** What somebody should know about it. */
  readonly note?: string;
  /** Values in it that nothing may repeat. */
  readonly secrets?: readonly string[];
}

/** Where and as whom manifests would be applied. */
export interface PreviewOptions {
  readonly cluster: ClusterClient;
  /** Apply as this MeshSync would, and show what it would delete. */
  readonly sync?: MeshSync;
  /** Namespace of objects that name none, without a sync. */
  readonly namespace: string;
  readonly signal: AbortSignal;
}

/** Whoever previews without a sync. */
const PREVIEW_MANAGER = "meshwright-diff";

/**
 * What applying manifests would change, asked of the API server by dry runs: nothing is written. In the order of
 * applying, deletions last.
 *
 * @throws {ApiError} when the API server refuses an object
 */
export async function previewed(
  manifests: readonly Manifest[],
  options: PreviewOptions,
): Promise<Preview[]> {
  const kinds = await kindsOf(manifests, options.cluster);
  const targets = manifests.map((manifest) => ({
    object: targetFor(manifest, kinds, options),
    secrets: manifest.secrets ?? [],
  }));
  const objects = targets.map((target) => target.object);
  const ordered = applyStages(targets, (target) => idOf(target.object)).flat();
  const changed = await eachOf(ordered, (target) => discreet(target, options));
  const gone = objects.length === 0 ? [] : await pruned(objects, options);
  return [...changed, ...gone];
}

async function kindsOf(manifests: readonly Manifest[], cluster: ClusterClient): Promise<Kinds> {
  const served = new Map<string, NonNullable<ReturnType<Kinds["served"]["get"]>>>();
  for (const { object } of manifests) {
    if (served.has(kindKey(object))) continue;
    const type = await cluster.resourceType(object.apiVersion, object.kind);
    if (type !== undefined) served.set(kindKey(object), type);
  }
  return { served, defined: definedKinds(manifests) };
}

function targetFor(manifest: Manifest, kinds: Kinds, options: PreviewOptions): KubeObject {
  if (options.sync !== undefined) return targetObject(manifest, options.sync, kinds).object;
  const { object } = manifest;
  const isNamespaced = kinds.served.get(kindKey(object))?.namespaced ??
    kinds.defined.get(kindKey(object)) ?? true;
  if (!isNamespaced) return object;
  const namespace = object.metadata.namespace ?? options.namespace;
  return { ...object, metadata: { ...object.metadata, namespace } };
}

/** What is to be applied. */
interface Target {
  readonly object: KubeObject;
  readonly secrets: readonly string[];
}

/** A preview that names its secrets, or an error that repeats none. */
async function discreet({ object, secrets }: Target, options: PreviewOptions): Promise<Preview> {
  if (secrets.length === 0) return await previewOf(object, options);
  try {
    return { ...await previewOf(object, options), secrets };
  } catch (error) {
    const text = errorText(error);
    const cleaned = withoutValues(text, secrets);
    if (cleaned === text) throw error;
    // Without its cause, which holds the words of the server, and in them the value.
    throw new Error(cleaned);
  }
}

async function previewOf(object: KubeObject, options: PreviewOptions): Promise<Preview> {
  const { cluster, signal, sync } = options;
  const id = idOf(object);
  const type = await cluster.resourceType(id.apiVersion, id.kind);
  if (type === undefined) {
    return { id, before: undefined, after: object, note: "its kind is not served yet" };
  }
  const before = await cluster.get(type, id, signal);
  const manager = sync === undefined ? PREVIEW_MANAGER : fieldManager(keyOf(sync));
  const ask = (force: boolean) =>
    cluster.apply(object, { fieldManager: manager, dryRun: true, force, signal });
  try {
    return { id, before, after: await ask(sync === undefined || sync.spec.force === true) };
  } catch (error) {
    if (before === undefined && (isNotFound(error) || isKindMissing(error))) {
      return { id, before, after: object, note: "its namespace does not exist yet" };
    }
    const conflicts = error instanceof ApiError && isConflict(error)
      ? fieldConflicts(error.causes)
      : [];
    if (conflicts.length === 0) throw error;
    return { id, before, after: await ask(true), note: conflictText(conflicts, manager) };
  }
}

/** What the sync owns and the manifests do not hold. */
async function pruned(objects: readonly KubeObject[], options: PreviewOptions): Promise<Preview[]> {
  const { cluster, signal, sync } = options;
  if (sync === undefined || sync.spec.prune === false) return [];
  const inventory = await loadInventory(sync, { cluster, signal, memory: new SyncMemory() });
  const stale = staleEntries(inventory, inventoryOf(objects.map(idOf)));
  const ids = stale.flatMap((entry) => entryId(entry) ?? []);
  const found = await eachOf(ids, async (id) => {
    const type = await cluster.resourceType(id.apiVersion, id.kind);
    const before = type === undefined ? undefined : await cluster.get(type, id, signal);
    const isOurs = before !== undefined && belongsTo(sync, before) &&
      before.metadata.annotations?.[ANNOTATIONS.prune] !== "disabled";
    return isOurs ? [{ id, before, after: undefined }] : [];
  });
  return found.flat();
}
