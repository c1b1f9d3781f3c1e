import { ANNOTATIONS, type MeshSync } from "#api";
import { keyOf, keyText } from "#base";
import { type ClusterClient, isAlreadyExists } from "#kube";
import type { SyncContext } from "../context.ts";

/** The field manager of what says who created a namespace: no apply of Git takes it off again. */
const CREATION_MANAGER = "meshwright-creation";

/**
 * Creates a namespace with the mark that this sync did: only then may the sync delete it. Created, not applied, so that the
 * mark is never on one that somebody else made meanwhile.
 */
export async function createNamespace(
  name: string,
  { acting, ctx, sync }: {
    readonly acting: ClusterClient;
    readonly ctx: Pick<SyncContext, "signal">;
    readonly sync: MeshSync;
  },
): Promise<void> {
  const annotations = { [ANNOTATIONS.createdBy]: keyText(keyOf(sync)) };
  const object = { apiVersion: "v1", kind: "Namespace", metadata: { name, annotations } };
  try {
    await acting.create(object, { fieldManager: CREATION_MANAGER, signal: ctx.signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
