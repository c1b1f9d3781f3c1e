/** A JSON value, as an API server sends and takes it. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

/** A JSON object. Absent members are `undefined` when read. */
export type JsonObject = { [member: string]: Json };

/** A reference from a child to the object it belongs to. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** The part of `metadata` that this program reads or writes. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string | null;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** Any Kubernetes object, as raw JSON. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly [member: string]: unknown;
}

/** Where an object of a known kind is. Cluster-scoped objects have the namespace `""`. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** Which object, among all kinds. */
export interface ObjectId extends ObjectKey {
  readonly apiVersion: string;
  readonly kind: string;
}

/** The key of an object within its kind. */
export function keyOf(object: { readonly metadata: ObjectMeta }): ObjectKey {
  return { namespace: object.metadata.namespace ?? "", name: object.metadata.name };
}

/** The identity of an object among all kinds. */
export function idOf(object: KubeObject): ObjectId {
  return { apiVersion: object.apiVersion, kind: object.kind, ...keyOf(object) };
}

/** `namespace/name`, or `name` for a cluster-scoped object.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { keyText } from "#base";
 * assertEquals(keyText({ namespace: "shop", name: "orders" }), "shop/orders");
 * assertEquals(keyText({ namespace: "", name: "shop" }), "shop");
 * ```
 */
export function keyText(key: ObjectKey): string {
  return key.namespace === "" ? key.name : `${key.namespace}/${key.name}`;
}

/** The inverse of {@linkcode keyText}. */
export function keyFromText(text: string): ObjectKey {
  const slash = text.indexOf("/");
  return slash < 0
    ? { namespace: "", name: text }
    : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** `Kind namespace/name`: how messages name an object. */
export function idText(id: { readonly kind: string } & ObjectKey): string {
  return `${id.kind} ${keyText(id)}`;
}

/** The API group of an `apiVersion`; the core group is `""`. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? "" : apiVersion.slice(0, slash);
}

/** The controller owner reference to put on a child of `owner`. Without a uid (rendering without a cluster) it is "". */
export function ownerReference(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The reference to the object that controls this one, if any. */
export function controllerOf(
  object: { readonly metadata: ObjectMeta },
): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** Whether an object is a namespace, with all that is in it. */
export function isNamespace(id: Pick<ObjectId, "apiVersion" | "kind">): boolean {
  return id.apiVersion === "v1" && id.kind === "Namespace";
}
