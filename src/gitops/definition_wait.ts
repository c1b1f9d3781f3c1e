import { conditionOf, idOf, type KubeObject } from "#base";
import type { GitOpsContext } from "./context.ts";

const DEFINITION = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
} as const;

/** How long definitions may take before the rest of the revision is tried another time. */
const WAIT_MS = 15_000;
const POLL_MS = 100;

/**
 * Waits until the definitions among some objects are established and their kinds are served, for a bounded time: who
 * needs the kind finds out whether it is there.
 */
export async function whenServed(
  objects: readonly KubeObject[],
  ctx: GitOpsContext,
): Promise<void> {
  const endMs = ctx.clock.now() + WAIT_MS;
  for (const object of objects.filter(({ kind }) => kind === DEFINITION.kind)) {
    while (!await isServed(object, ctx) && ctx.clock.now() < endMs) {
      await ctx.clock.sleep(POLL_MS, ctx.signal);
    }
  }
}

interface DefinitionSpec {
  readonly group?: string;
  readonly names?: { readonly kind?: string };
  readonly versions?: readonly { readonly name?: string; readonly served?: boolean }[];
}

async function isServed(object: KubeObject, ctx: GitOpsContext): Promise<boolean> {
  const spec = (object.spec ?? {}) as DefinitionSpec;
  const [version] = (spec.versions ?? []).filter(({ served }) => served !== false);
  const apiVersion = `${spec.group}/${version?.name}`;
  const type = await ctx.cluster.resourceType(apiVersion, spec.names?.kind ?? "");
  if (type !== undefined) return true;
  const live = await ctx.cluster.get(DEFINITION, idOf(object), ctx.signal);
  const status = live?.status as { readonly conditions?: unknown } | undefined;
  // Refused names never become served.
  return conditionOf(status?.conditions, "NamesAccepted")?.status === "False";
}
