/** How an API server says no, in its own words. */
import { groupOf, type JsonObject } from "#base";
import type { FakeKind } from "./fake_cluster_kinds.ts";
import type { OwnershipConflict } from "./fake_cluster_fields.ts";

/** An answer that is no success. */
export interface Refusal {
  readonly status: number;
  readonly body: unknown;
}

/** Thrown inside the fake server; becomes an `ApiError` at its door. */
export class RefusedRequest extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(`refused with ${refusal.status}`);
    this.refusal = refusal;
  }
}

/** A Kubernetes Status. */
export function statusRefusal(
  code: number,
  reason: string,
  message: string,
  details: JsonObject = {},
): Refusal {
  const body = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    details,
    code,
  };
  return { status: code, body };
}

/** `configmaps`, or `functions.compute.functionmesh.io`. */
export function resourceText(kind: FakeKind): string {
  const group = groupOf(kind.apiVersion);
  return group === "" ? kind.plural : `${kind.plural}.${group}`;
}

function about(kind: FakeKind, name: string): JsonObject {
  const group = groupOf(kind.apiVersion);
  return { name, kind: kind.plural, ...(group === "" ? {} : { group }) };
}

/** The object is not there. */
export function objectNotFound(kind: FakeKind, name: string): Refusal {
  const message = `${resourceText(kind)} "${name}" not found`;
  return statusRefusal(404, "NotFound", message, about(kind, name));
}

/** The kind is not served. */
export function pathNotFound(): Refusal {
  return statusRefusal(404, "NotFound", "the server could not find the requested resource", {});
}

/** The namespace is not there. */
export function namespaceNotFound(name: string): Refusal {
  return statusRefusal(404, "NotFound", `namespaces "${name}" not found`, {
    name,
    kind: "namespaces",
  });
}

/** The namespace is being deleted. */
export function namespaceTerminating(kind: FakeKind, name: string, namespace: string): Refusal {
  const message = `${resourceText(kind)} "${name}" is forbidden: unable to create new content in ` +
    `namespace ${namespace} because it is being terminated`;
  const causes = [{
    reason: "NamespaceTerminating",
    message: `namespace ${namespace} is being terminated`,
    field: "metadata.namespace",
  }];
  return statusRefusal(403, "Forbidden", message, { ...about(kind, name), causes });
}

/** The object is there already. */
export function alreadyExists(kind: FakeKind, name: string, isDeleting: boolean): Refusal {
  const prefix = isDeleting ? "object is being deleted: " : "";
  const message = `${prefix}${resourceText(kind)} "${name}" already exists`;
  return statusRefusal(409, "AlreadyExists", message, about(kind, name));
}

/** The object was changed meanwhile. */
export function modified(kind: FakeKind, name: string): Refusal {
  const message = `Operation cannot be fulfilled on ${resourceText(kind)} "${name}": the object ` +
    "has been modified; please apply your changes to the latest version and try again";
  return statusRefusal(409, "Conflict", message, about(kind, name));
}

/** The object is another one of the same name. */
export function otherUid(kind: FakeKind, name: string, uids: readonly [string, string]): Refusal {
  const message = `Operation cannot be fulfilled on ${resourceText(kind)} "${name}": the UID in ` +
    `the precondition (${uids[0]}) does not match the UID in record (${uids[1]}). The object ` +
    "might have been deleted and then recreated";
  return statusRefusal(409, "Conflict", message, about(kind, name));
}

/** Other managers own fields. */
export function fieldConflict(conflicts: readonly OwnershipConflict[]): Refusal {
  const count = `${conflicts.length} conflict${conflicts.length === 1 ? "" : "s"}`;
  const [first] = conflicts;
  const text = conflicts.length === 1
    ? `${first?.words}: ${first?.field}`
    : [...Map.groupBy(conflicts, ({ words }) => words)].map(([words, fields]) =>
      `${words.replace("conflict with", "conflicts with")}:\n${
        fields.map(({ field }) => `- ${field}`).join("\n")
      }`
    ).join("\n");
  const causes = conflicts.map(({ field, words }) => ({
    reason: "FieldManagerConflict",
    message: words,
    field,
  }));
  return statusRefusal(409, "Conflict", `Apply failed with ${count}: ${text}`, { causes });
}

/** One thing that is wrong with an object. */
export interface Flaw {
  readonly field: string;
  readonly reason: "FieldValueInvalid" | "FieldValueForbidden" | "FieldValueRequired";
  /** `Forbidden: …`, `Invalid value: …` */
  readonly words: string;
}

/** The object cannot be taken as it is. */
export function invalid(kind: FakeKind, name: string, flaws: readonly Flaw[]): Refusal {
  const group = groupOf(kind.apiVersion);
  const title = group === "" ? kind.kind : `${kind.kind}.${group}`;
  const texts = flaws.map(({ field, words }) => `${field}: ${words}`);
  const text = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const causes = flaws.map(({ field, reason, words }) => ({ reason, message: words, field }));
  return statusRefusal(422, "Invalid", `${title} "${name}" is invalid: ${text}`, {
    ...about(kind, name),
    kind: kind.kind,
    causes,
  });
}

/** The user may not do this. */
export function forbidden(
  user: string,
  verb: string,
  { kind, name, namespace }: {
    readonly kind: FakeKind;
    readonly name: string;
    readonly namespace: string;
  },
): Refusal {
  const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const title = name === "" ? resourceText(kind) : `${resourceText(kind)} "${name}"`;
  const message = `${title} is forbidden: User "${user}" cannot ${verb} resource ` +
    `"${kind.plural}" in API group "${groupOf(kind.apiVersion)}" ${where}`;
  return statusRefusal(403, "Forbidden", message, about(kind, name));
}
