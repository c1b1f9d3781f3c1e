import { afterDelay, AWAIT_CHANGE, conditionOf, idOf, type KubeObject, type Next } from "#base";
import { isNotFound } from "#kube";
import { readinessEvent, statusPatch } from "#plan";
import { type CachedKind, type ReconcileContext, STATUS_MANAGER, SURVEYED } from "./context.ts";

/** Less than this lies between two writes of an object's status only when its readiness changes. */
const STATUS_PACE_MS = 500;

/**
 * Remembers when the status of which object was written, so that a pod that goes through five states in half a second
 * does not cost five writes.
 */
export class StatusPace {
  /** By uid, the oldest first. */
  readonly #writtenMs = new Map<string, number>();

  /** Objects that are remembered: those of the last moments. */
  get size(): number {
    return this.#writtenMs.size;
  }

  /** How long to wait with the next write; 0 for not at all. */
  delayMs(uid: string, nowMs: number): number {
    const writtenMs = this.#writtenMs.get(uid);
    return writtenMs === undefined ? 0 : Math.max(0, writtenMs + STATUS_PACE_MS - nowMs);
  }

  /** A status was written. What no longer delays anything is forgotten. */
  wrote(uid: string, nowMs: number): void {
    for (const [other, writtenMs] of this.#writtenMs) {
      if (writtenMs + STATUS_PACE_MS > nowMs) break;
      this.#writtenMs.delete(other);
    }
    this.#writtenMs.delete(uid);
    this.#writtenMs.set(uid, nowMs);
  }
}

/** A status, and how urgent it is. */
export interface Report {
  readonly status: object;
  /** Not to be put off: no later pass may come that would write it. */
  readonly urgent: boolean;
}

/**
 * Writes the status of an object if it differs, and tells a change of readiness as an Event.
 *
 * @returns when to look again because the write was put off
 */
export async function report(
  object: KubeObject,
  { status, urgent }: Report,
  { ctx, signal }: { readonly ctx: ReconcileContext; readonly signal: AbortSignal },
): Promise<Next> {
  const patch = statusPatch(object.status, status, { keep: [SURVEYED] });
  if (patch === undefined) return AWAIT_CHANGE;
  const uid = object.metadata.uid ?? "";
  const delayMs = ctx.pace.delayMs(uid, ctx.clock.monotonicMs());
  if (delayMs > 0 && !urgent && readinessOf(object.status) === readinessOf(status)) {
    return afterDelay(delayMs);
  }
  try {
    const written = await ctx.cluster.patch(idOf(object), patch, {
      fieldManager: STATUS_MANAGER,
      subresource: "status",
      signal,
    });
    ctx.pace.wrote(uid, ctx.clock.monotonicMs());
    ctx.caches[object.kind as CachedKind]?.observe(written);
  } catch (error) {
    // It was deleted while we looked: its cache is about to say so.
    if (isNotFound(error)) return AWAIT_CHANGE;
    throw error;
  }
  const event = readinessEvent(object.status, status);
  if (event !== undefined) ctx.events.record(object, event);
  return AWAIT_CHANGE;
}

/** What a reader waits for: whether it is ready, and for which generation that is said. */
function readinessOf(status: unknown): string {
  const ready = conditionOf((status as { conditions?: unknown } | undefined)?.conditions, "Ready");
  return `${ready?.status} ${ready?.observedGeneration}`;
}
