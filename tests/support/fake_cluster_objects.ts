/** Objects as a fake API server takes, patches and compares them. */
import { isPlainObject, type Json, type JsonObject, type KubeObject } from "#base";
import type { Flaw } from "./fake_cluster_answers.ts";
import type { OwnedObject } from "./fake_cluster_fields.ts";
import type { FakeKind } from "./fake_cluster_kinds.ts";

/** The place of an object in a list. */
export function listName(object: KubeObject): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

/** A body as it arrives: members that are undefined are not sent. */
export function stored<T>(value: T): T {
  if (Array.isArray(value)) return value.map(stored) as T;
  if (!isPlainObject(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const name in value) {
    if (value[name] !== undefined) copy[name] = stored(value[name]);
  }
  return copy as T;
}

/** What of an apply counts at an endpoint: the status only at its own. */
export function ownPart(config: KubeObject, { kind, subresource }: {
  readonly kind: FakeKind;
  readonly subresource: string;
}): KubeObject {
  if (subresource === "status") {
    const { apiVersion, metadata, status } = config;
    return { apiVersion, kind: config.kind, metadata, status };
  }
  return kind.hasStatus ? withoutMember(config, "status") : config;
}

/** An object without one of its members. */
export function withoutMember<T extends object>(object: T, member: string): T {
  if (!(member in object)) return object;
  const { [member]: _left, ...rest } = object as Record<string, unknown>;
  return rest as T;
}

/** RFC 7386. */
export function patched(target: Json | undefined, patch: Json): Json {
  if (!isPlainObject(patch)) return patch;
  const result: JsonObject = isPlainObject(target) ? { ...target as JsonObject } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) delete result[name];
    else result[name] = patched(result[name], value as Json);
  }
  return result;
}

/** What only the server writes stays as it was. */
export function withServerFields(object: KubeObject, live: KubeObject["metadata"]): KubeObject {
  const { uid, generation, creationTimestamp, deletionTimestamp, name, namespace } = live;
  const kept = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(generation === undefined ? {} : { generation }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  };
  const { managedFields: _managed, ...metadata } = object.metadata as unknown as JsonObject;
  return { ...object, metadata: { ...metadata, ...kept } as unknown as KubeObject["metadata"] };
}

/** An object about to be stored, with what the server counts. */
export function withGeneration(object: KubeObject, before: KubeObject, kind: FakeKind): KubeObject {
  const { resourceVersion, uid, generation, creationTimestamp } = before.metadata;
  const metadata = {
    ...object.metadata,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(uid === undefined ? {} : { uid }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(generation === undefined ? {} : { generation }),
  };
  const isNew = kind.hasGeneration && !sameContent(object, before);
  return {
    ...object,
    metadata: isNew ? { ...metadata, generation: (generation ?? 0) + 1 } : metadata,
  };
}

/** Whether two versions of an object differ in nothing but metadata and status. */
function sameContent(a: KubeObject, b: KubeObject): boolean {
  const { metadata: _a, status: _sa, ...left } = a;
  const { metadata: _b, status: _sb, ...right } = b;
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Whether there is nothing to store. */
export function isUnchanged(after: OwnedObject, before: OwnedObject | undefined): boolean {
  return before !== undefined && after.managers === before.managers &&
    JSON.stringify(after.object) === JSON.stringify(before.object);
}

/** Finalizers that come too late. */
export function finalizerFlaws(after: KubeObject, before: KubeObject | undefined): Flaw[] {
  if (before?.metadata.deletionTimestamp === undefined) return [];
  const known = before.metadata.finalizers ?? [];
  const added = (after.metadata.finalizers ?? []).filter((name) => !known.includes(name));
  if (added.length === 0) return [];
  const list = added.map((name) => `"${name}"`).join(", ");
  return [{
    field: "metadata.finalizers",
    reason: "FieldValueForbidden",
    words: "Forbidden: no new finalizers can be added if the object is being deleted, found new " +
      `finalizers []string{${list}}`,
  }];
}

/** What may not be changed in a ConfigMap that says so. */
export function immutableFlaws(after: KubeObject, before: KubeObject | undefined): Flaw[] {
  if (before?.["immutable"] !== true) return [];
  const flaws: Flaw[] = [];
  if (after["immutable"] !== true) {
    flaws.push({
      field: "immutable",
      reason: "FieldValueForbidden",
      words: "Forbidden: field is immutable when `immutable` is set",
    });
  }
  if (JSON.stringify(after["data"]) !== JSON.stringify(before["data"])) {
    flaws.push({
      field: "data",
      reason: "FieldValueForbidden",
      words: "Forbidden: field is immutable when `immutable` is set",
    });
  }
  return flaws;
}
