import type { MeshSync } from "#api";
import { StalledError } from "#base";
import type { ClusterClient } from "#kube";
import type { GitOpsContext } from "./context.ts";

/**
 * The context in which the objects of a sync are read, applied and deleted: with the rights of its ServiceAccount, where
 * it names one, and no others. Its status and inventory are written with the program's own.
 */
export function actingContext(sync: MeshSync, ctx: GitOpsContext): GitOpsContext {
  const { serviceAccountName } = sync.spec;
  if (!serviceAccountName) return ctx;
  if (ctx.clientOf === undefined) {
    throw new StalledError(
      "NoImpersonation",
      `Cannot act as ServiceAccount ${serviceAccountName}: this program was started without a way to`,
    );
  }
  const account = { namespace: sync.metadata.namespace ?? "", name: serviceAccountName };
  return { ...ctx, cluster: ctx.clientOf(account), own: ctx.cluster };
}

/** The client with the program's own rights. */
export function ownClient(ctx: Pick<GitOpsContext, "cluster" | "own">): ClusterClient {
  return ctx.own ?? ctx.cluster;
}
