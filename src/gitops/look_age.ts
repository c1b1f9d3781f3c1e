import { ANNOTATIONS, durationMs, type MeshSync } from "#api";
import { keyOf } from "#base";
import type { GitOpsContext } from "./context.ts";

/** Longest that one sync goes by what another one of the same repository saw. */
const SHARED_MS_MAX = 5_000;
/** A sync that is younger was made for what its author just pushed. */
const NEW_MS = 60_000;
const INTERVAL_MS = 60_000;

/**
 * How old another sync's look at the same repository may be, in milliseconds: a part of the interval, for a look that time
 * alone brought about; 0 when somebody asked for this one (a new sync, a changed spec, an annotation, a webhook), as what
 * they know of may be newer.
 */
export function sharedLookMs(sync: MeshSync, ctx: GitOpsContext): number {
  const state = ctx.memory.state(keyOf(sync));
  const nowMs = ctx.clock.now();
  const requested = sync.metadata.annotations?.[ANNOTATIONS.requestedAt];
  if (requested !== undefined && requested !== sync.status?.lastHandledReconcileAt) return 0;
  const isByTime = state.lookedFor === undefined
    ? nowMs - Date.parse(sync.metadata.creationTimestamp ?? "") > NEW_MS
    : state.nextLookAtMs > 0 && state.nextLookAtMs <= nowMs;
  if (!isByTime) return 0;
  return Math.min(SHARED_MS_MAX, (durationMs(sync.spec.interval ?? "") ?? INTERVAL_MS) / 10);
}
