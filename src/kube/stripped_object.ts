import type { JsonObject, KubeObject } from "#base";
import type { ResourceType } from "./resource_type.ts";
import { SharedTexts } from "./shared_texts.ts";

const texts = new SharedTexts();
/** What these hold is secret, and not kept anywhere else. */
const PRIVATE_KINDS: readonly string[] = ["Secret"];

/**
 * A freshly parsed object without `metadata.managedFields` (often more than half of it) and with its type, which
 * items of a list lack. Its texts share their memory with equal ones of other objects.
 */
export function strippedObject(answer: unknown, type: ResourceType): KubeObject {
  const { apiVersion = type.apiVersion, kind = type.kind, metadata, ...rest } =
    answer as JsonObject;
  const { managedFields: _dropped, ...kept } = (metadata ?? {}) as JsonObject;
  const object = { apiVersion, kind, metadata: kept, ...rest } as unknown as KubeObject;
  if (!PRIVATE_KINDS.includes(object.kind)) texts.share(object);
  return object;
}
