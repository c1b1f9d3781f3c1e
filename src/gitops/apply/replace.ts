import type { KubeObject } from "#base";
import type { ClusterClient } from "#kube";
import type { SyncContext } from "../context.ts";
import type { TargetObject } from "../manifests/target.ts";

/** With whose rights an object is deleted. */
interface ReplaceScope {
  readonly acting: ClusterClient;
  readonly ctx: Pick<SyncContext, "clock" | "signal">;
}

/** How long what is deleted to be made anew may take to be gone before that is tried another time. */
const REPLACED_WAIT_MS = 60_000;
const REPLACED_POLL_MS = 250;

/**
 * Deletes an object with all that it owns, and waits until it is gone. A program that dies in between finds the object
 * absent, or still being deleted, and goes on from there.
 *
 * @throws {Error} where finalizers keep it for longer
 */
export async function removeReplaced(
  { id, type }: TargetObject,
  { metadata: { uid } }: KubeObject,
  { acting, ctx: { clock, signal } }: ReplaceScope,
): Promise<void> {
  if (type === undefined) return;
  const options = { propagation: "Foreground", signal } as const;
  await acting.remove(id, uid === undefined ? options : { ...options, uid });
  const endMs = clock.monotonicMs() + REPLACED_WAIT_MS;
  while (true) {
    const live = await acting.get(type, id, signal);
    if (live === undefined || live.metadata.uid !== uid) return;
    if (clock.monotonicMs() >= endMs) {
      const { finalizers = [] } = live.metadata;
      throw new Error(
        `is deleted to be made anew, and not gone yet: finalizers ${finalizers.join(", ")} hold it`,
      );
    }
    await clock.sleep(REPLACED_POLL_MS, signal);
  }
}
