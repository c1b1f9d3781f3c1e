import type { JsonObject, KubeObject } from "#base";
import type { ResourceType } from "./resource_type.ts";

/**
 * A freshly parsed object without `metadata.managedFields` (often more than half of it) and with its type, which
 * items of a list lack.
 */
export function strippedObject(answer: unknown, type: ResourceType): KubeObject {
  const { apiVersion = type.apiVersion, kind = type.kind, metadata, ...rest } =
    answer as JsonObject;
  const { managedFields: _dropped, ...kept } = (metadata ?? {}) as JsonObject;
  return { apiVersion, kind, metadata: kept, ...rest } as unknown as KubeObject;
}
