import { isPlainObject } from "#base";
import type { Resources } from "./component_spec.ts";

type Quantities = NonNullable<Resources["requests"]>;

/** What a pod asks for where its resource says nothing: as the reference meant to, W-22. */
const CPU = "1";
const MEMORY = "1Gi";

/**
 * `resources` with real defaults (W-22): the reference's own never take effect, so that it demands memory twice.
 *
 * - The memory request is the limit, 1 GiB without one; the memory limit is the request.
 * - The CPU request is the limit, one CPU without one, but only where `requests` names neither CPU nor memory: the
 *   reference leaves it out beside a memory request.
 * - There is never a CPU limit that nobody asked for: the reference leaves it out too.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type SinkResource, withDefaults } from "#api";
 * const sink: SinkResource = {
 *   apiVersion: "compute.functionmesh.io/v1alpha1", kind: "Sink", metadata: { name: "store" }, spec: {},
 * };
 * assertEquals(withDefaults(sink).spec.resources, {
 *   requests: { cpu: "1", memory: "1Gi" },
 *   limits: { memory: "1Gi" },
 * });
 * ```
 */
export function resourceDefaults(resources: Resources | undefined): Resources {
  const known: Resources = isPlainObject(resources) ? resources : {};
  const requests = quantities(known.requests);
  const limits = quantities(known.limits);
  const memory = requests["memory"] ?? limits["memory"] ?? MEMORY;
  const isSilent = (requests["cpu"] ?? requests["memory"] ?? undefined) === undefined;
  return {
    ...known,
    requests: {
      ...requests,
      ...(isSilent ? { cpu: limits["cpu"] ?? CPU } : {}),
      memory,
    },
    limits: { ...limits, memory: limits["memory"] ?? memory },
  };
}

function quantities(side: Quantities | undefined): Quantities {
  return isPlainObject(side) ? side : {};
}
