import type { MeshSync } from "#api";
import { keyOf, keyText, type KubeObject, type ObjectKey } from "#base";
import { dependencyKeys } from "./source/schedule.ts";

/** A MeshSync before and after a change; without one of them it is new, or gone. */
export interface SyncChange {
  readonly before?: KubeObject;
  readonly after?: KubeObject;
}

/**
 * Which MeshSyncs have to look because one of them changed: itself, those that wait for it, and when it is gone all of its
 * namespace, as one of a tenant that was over the budget may be followed now.
 *
 * @param all the MeshSyncs that there are now
 */
export function wokenBy({ after, before }: SyncChange, all: readonly KubeObject[]): ObjectKey[] {
  const sync = after ?? before;
  if (sync === undefined) return [];
  const key = keyOf(sync);
  const isWoken = (other: KubeObject) =>
    dependencyKeys(other as MeshSync).some((one) => keyText(one) === keyText(key)) ||
    (after === undefined && other.metadata.namespace === sync.metadata.namespace);
  const others = all.filter(isWoken).map(keyOf).filter((one) => keyText(one) !== keyText(key));
  return [key, ...others];
}
