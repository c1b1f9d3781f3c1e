import { type MeshResourceType, RESOURCES } from "#api";
import { groupOf } from "#base";

/** The webhook of one of our kinds. */
export interface Webhook {
  readonly resource: MeshResourceType;
  /** Where the API server posts its reviews; for Function, Source and Sink as in the reference. */
  readonly path: string;
  /** `vfunction.compute.functionmesh.io`: shown to whoever is refused. */
  readonly name: string;
}

/** One webhook a kind: the mesh (W-41), its configuration and its GitOps source as well. */
export const WEBHOOKS: readonly Webhook[] = RESOURCES.map((resource) => {
  const { apiVersion, singular } = resource;
  return {
    resource,
    path: `/validate-${apiVersion.replaceAll(/[./]/g, "-")}-${singular}`,
    name: `v${singular}.${groupOf(apiVersion)}`,
  };
});

/**
 * The webhook that is served at a path.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { webhookAt } from "#admission";
 * const webhook = webhookAt("/validate-compute-functionmesh-io-v1alpha1-function");
 * assertEquals([webhook?.resource.kind, webhook?.name], ["Function", "vfunction.compute.functionmesh.io"]);
 * ```
 */
export function webhookAt(path: string): Webhook | undefined {
  return WEBHOOKS.find((webhook) => webhook.path === path);
}
