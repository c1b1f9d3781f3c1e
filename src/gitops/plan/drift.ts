import { isPlainObject, type KubeObject } from "#base";
import { differences, withIgnored, withScaledReplicas } from "#plan";

/**
 * Where a live object lacks what Git says; replicas that an autoscaler chose are no difference (W-17, U3), and neither are
 * fields that are left to others.
 *
 * @param ignored JSON pointers
 */
export function driftPaths(
  object: KubeObject,
  live: KubeObject,
  ignored: readonly string[] = [],
  scaling: { readonly isScaled: boolean } = { isScaled: false },
): string[] {
  const wanted = withIgnored(withScaledReplicas(object, live, scaling), live, ignored);
  const { resourceVersion: _lock, ...metadata } = wanted.metadata;
  return differences(live, { ...wanted, metadata });
}

/** The number of replicas that an object has. */
export function replicasOf(object: KubeObject | undefined): number | undefined {
  const replicas = isPlainObject(object?.spec) ? object.spec["replicas"] : undefined;
  return typeof replicas === "number" ? replicas : undefined;
}
