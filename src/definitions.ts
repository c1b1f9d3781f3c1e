import { customResourceDefinitions } from "#api";
import type { Clock } from "#base";
import { type ClusterClient, installDefinitions, type InstalledDefinition } from "#kube";
import { clearOldConditions } from "#reconcile";

/** The field manager of the definitions. */
const DEFINITIONS_MANAGER = "meshwright-definitions";

/** What was done to have the definitions of our kinds in place. */
export interface DefinitionsInPlace {
  readonly definitions: readonly InstalledDefinition[];
  /** Resources with a status of the reference operator that no definition of ours could describe. */
  readonly clearedStatuses: number;
}

/**
 * Installs the definitions of our kinds and waits for them, in place of those of the reference operator where that was
 * there before.
 *
 * @throws what `installDefinitions` throws
 */
export async function putDefinitionsInPlace(
  cluster: ClusterClient,
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<DefinitionsInPlace> {
  const options = {
    fieldManager: DEFINITIONS_MANAGER,
    clock,
    ...(signal === undefined ? {} : { signal }),
  };
  const clearedStatuses = await clearOldConditions(cluster, options);
  const definitions = await installDefinitions(cluster, customResourceDefinitions(), options);
  return { definitions, clearedStatuses };
}
