import type { ObjectId } from "#base";

/** Whether an object is a namespace, with all that is in it. */
export function isNamespace(id: Pick<ObjectId, "apiVersion" | "kind">): boolean {
  return id.apiVersion === "v1" && id.kind === "Namespace";
}
