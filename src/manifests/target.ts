import { ANNOTATIONS, LABELS, type MeshSync, resourceOf } from "#api";
import {
  contentHash,
  idOf,
  isPlainObject,
  type KubeObject,
  type ObjectId,
  type ObjectKey,
} from "#base";
import type { ResourceType } from "#kube";
import { withDeclaredReplicas } from "#plan";
import { authored, withoutNulls, withStoredData } from "./exported.ts";
import type { Manifest } from "./manifest.ts";

/** An object as it is to be applied, with the place that says so. */
export interface TargetObject extends Manifest {
  readonly id: ObjectId;
  readonly hash: string;
  /** Absent while the API server does not serve the kind. */
  readonly type: ResourceType | undefined;
}

/** Kinds in files, by `apiVersion` and kind. */
export function kindKey(of: { readonly apiVersion: string; readonly kind: string }): string {
  return `${of.apiVersion} ${of.kind}`;
}

/** What is known of the kinds in a revision. */
export interface Kinds {
  /** Served by the API server. */
  readonly served: ReadonlyMap<string, ResourceType>;
  /** Scope of the kinds that the revision itself defines. */
  readonly defined: ReadonlyMap<string, boolean>;
}

/** Scope (whether namespaced) of the kinds that definitions in a revision bring. */
export function definedKinds(manifests: readonly Manifest[]): Map<string, boolean> {
  const kinds = new Map<string, boolean>();
  for (const { object } of manifests) {
    if (object.kind !== "CustomResourceDefinition") continue;
    const spec = object.spec as {
      readonly group?: string;
      readonly scope?: string;
      readonly names?: { readonly kind?: string };
      readonly versions?: readonly { readonly name?: string }[];
    } | undefined;
    for (const version of spec?.versions ?? []) {
      const apiVersion = `${spec?.group}/${version.name}`;
      kinds.set(
        kindKey({ apiVersion, kind: spec?.names?.kind ?? "" }),
        spec?.scope === "Namespaced",
      );
    }
  }
  return kinds;
}

/** What of an object is applied, whoever applies it: what its author meant, where the API server stores it. */
export function authoredObject(object: KubeObject): KubeObject {
  return withStoredData(authored(withoutNulls(object)));
}

/**
 * A manifest as it is to be applied for a sync: in its namespace (the sync's target namespace wins, then the manifest's,
 * then the sync's own), without what only servers and controllers write, with the common labels and the sync's own, and the
 * hash of all this. Labels go on the objects, not into pod templates and selectors: those do not bear changing.
 */
export function targetObject(manifest: Manifest, sync: MeshSync, kinds: Kinds): TargetObject {
  const object = authoredObject(manifest.object);
  const defined = kinds.defined.get(kindKey(object));
  const served = kinds.served.get(kindKey(object));
  const isNamespaced = defined ?? served?.namespaced ?? true;
  // A definition that is made anew with another scope serves its kind anew.
  const type = served?.namespaced === isNamespaced ? served : undefined;
  const { namespace: declared, ...metadata } = object.metadata;
  const own = sync.metadata.namespace ?? "default";
  const namespace = isNamespaced ? sync.spec.targetNamespace || declared || own : undefined;
  const placed = {
    ...object,
    metadata: {
      ...metadata,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...metadata.labels, ...sync.spec.commonLabels, ...syncLabels(sync) },
    },
  };
  const bare = withDeclaredReplicas(withInheritedAccount(placed, sync));
  const hash = contentHash(bare);
  const annotations = { ...bare.metadata.annotations, [ANNOTATIONS.gitHash]: hash };
  const final = { ...bare, metadata: { ...bare.metadata, annotations } };
  return { ...manifest, object: final, id: idOf(final), hash, type };
}

/**
 * An object as it is written: with the file that says it. Where it stands in the repository is no part of what it is: an
 * object is never written because its file was renamed.
 */
export function withFile({ file, object }: Pick<TargetObject, "file" | "object">): KubeObject {
  if (file === "") return object;
  const annotations = { ...object.metadata.annotations, [ANNOTATIONS.file]: file };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** Labels of what a sync applies. A label holds 63 characters at most; names may be longer and are cut off. */
export function syncLabels(sync: KubeObject): Record<string, string> {
  return {
    [LABELS.syncName]: labelValue(sync.metadata.name),
    [LABELS.syncNamespace]: labelValue(sync.metadata.namespace ?? ""),
  };
}

/** The selector of what a sync applies. */
export function syncSelector(sync: KubeObject): string {
  return Object.entries(syncLabels(sync)).map((pair) => pair.join("=")).join(",");
}

const LABEL_LENGTH_MAX = 63;

function labelValue(name: string): string {
  if (name.length <= LABEL_LENGTH_MAX) return name;
  return `${name.slice(0, LABEL_LENGTH_MAX - 9)}-${contentHash(name).slice(0, 8)}`;
}

/** Whether a sync applied an object last. */
export function belongsTo(sync: KubeObject, object: KubeObject): boolean {
  return Object.entries(syncLabels(sync)).every(([name, value]) =>
    object.metadata.labels?.[name] === value
  );
}

/** The MeshSync that an object's labels name, as far as labels hold names. */
export function holderOf({ metadata: { labels = {} } }: KubeObject): ObjectKey {
  return { namespace: labels[LABELS.syncNamespace] ?? "", name: labels[LABELS.syncName] ?? "" };
}

const MANAGER_LENGTH_MAX = 128;

/**
 * The field manager of a sync, of which no other has the same: neither a namespace nor a name holds a `/`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fieldManager } from "#manifests";
 * assertEquals(fieldManager({ namespace: "shop", name: "bootstrap" }), "meshwright-sync/shop/bootstrap");
 * assertEquals(fieldManager({ namespace: "shop", name: "x".repeat(200) }).length, 128);
 * ```
 */
export function fieldManager(key: { readonly namespace: string; readonly name: string }): string {
  const full = `meshwright-sync/${key.namespace}/${key.name}`;
  if (full.length <= MANAGER_LENGTH_MAX) return full;
  return `${full.slice(0, MANAGER_LENGTH_MAX - 17)}/${contentHash(full)}`;
}

/**
 * Field managers under which earlier versions applied for a sync. What they hold is its own: a conflict with them is no
 * conflict. Another sync can have had the same one (`a-b/c` and `a/b-c` did), so labels decide whose an object is.
 */
export function formerFieldManagers(
  key: { readonly namespace: string; readonly name: string },
): string[] {
  const full = `meshwright-sync-${key.namespace}-${key.name}`;
  if (full.length <= MANAGER_LENGTH_MAX) return [full];
  return [`${full.slice(0, MANAGER_LENGTH_MAX - 17)}-${contentHash(full)}`];
}

/** Whether an object is a MeshSync: one from Git is bound like the one that applies it. */
export function isNestedSync({ apiVersion, kind }: KubeObject): boolean {
  const type = resourceOf("MeshSync");
  return apiVersion === type.apiVersion && kind === type.kind;
}

/**
 * A MeshSync from Git with the account of the one that applies it, where that names one and this does not; any other object
 * as it is.
 */
function withInheritedAccount(object: KubeObject, sync: MeshSync): KubeObject {
  const { serviceAccountName } = sync.spec;
  const spec = isPlainObject(object.spec) ? object.spec : {};
  const isHeir = isNestedSync(object) && object.metadata.namespace === sync.metadata.namespace &&
    !spec["serviceAccountName"];
  if (!serviceAccountName || !isHeir) return object;
  return { ...object, spec: { ...spec, serviceAccountName } };
}
