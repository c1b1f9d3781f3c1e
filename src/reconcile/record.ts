import { afterDelay, AWAIT_CHANGE, conditionOf, idOf, type KubeObject, type Next } from "#base";
import { isObjectMissing } from "#kube";
import { conditionEvent, readinessEvent, statusPatch } from "#plan";
import { type CachedKind, type Effects, POLLED, SCALING, STATUS_MANAGER } from "./context.ts";

/** A status, and how urgent it is. */
export interface StatusRecord {
  readonly status: object;
  /** Not to be put off: no later pass may come that would write it. */
  readonly isUrgent: boolean;
  /** Worth an Event although neither readiness nor its reason changed. */
  readonly isNews?: boolean;
  /** It is true of every version of the object. */
  readonly isOfAnyVersion?: boolean;
  /** How long it may wait where it is the first one and tells nothing but that work has begun. */
  readonly beginDelayMs?: number;
}

/**
 * Writes the status of an object if it differs, and a change of readiness as an Event: the last thing of a pass.
 *
 * @param object as it was seen, or as the API server answered the last write to it: the status is for this very version
 * @returns when to look again because the write was put off
 * @throws a conflict where the object has changed since: what would be said is of another version
 */
export async function recordStatus(
  object: KubeObject,
  { status, isUrgent, isNews = false, isOfAnyVersion = false, beginDelayMs = 0 }: StatusRecord,
  { ctx, signal }: Effects,
): Promise<Next> {
  const patch = statusPatch(object.status, status, { keep: [POLLED, SCALING] });
  if (patch === undefined) return AWAIT_CHANGE;
  const { resourceVersion, uid = "" } = object.metadata;
  const delayMs = isBegun(object.status, status)
    ? beginDelayMs
    : readinessOf(object.status) === readinessOf(status)
    ? ctx.pace.delayMs(uid, ctx.clock.monotonicMs())
    : 0;
  if (delayMs > 0 && !isUrgent) return afterDelay(delayMs);
  const metadata = isOfAnyVersion || resourceVersion === undefined ? { uid } : { resourceVersion };
  try {
    const written = await ctx.cluster.patch(idOf(object), { metadata, ...patch }, {
      fieldManager: STATUS_MANAGER,
      subresource: "status",
      signal,
    });
    ctx.pace.wrote(uid, ctx.clock.monotonicMs());
    ctx.caches[object.kind as CachedKind]?.observe(written);
  } catch (error) {
    // It was deleted while we looked: its cache is about to say so.
    if (isObjectMissing(error)) return AWAIT_CHANGE;
    throw error;
  }
  const event = readinessEvent(object.status, status) ??
    (isNews ? conditionEvent(status) : undefined);
  if (event !== undefined) ctx.events.record(object, event);
  return AWAIT_CHANGE;
}

/** Reasons of pods that are on their way, or wait for a node. */
const BEGUN: readonly string[] = ["Progressing", "Unschedulable"];

/** Whether nothing was said yet, and nothing is to be said but that work has begun. */
function isBegun(before: unknown, after: unknown): boolean {
  const ready = readyOf(after);
  return isNew(before) && ready?.status === "False" && BEGUN.includes(ready.reason ?? "");
}

/** Whether a status says nothing yet. */
export function isNew(status: unknown): boolean {
  return readyOf(status) === undefined;
}

function readyOf(status: unknown) {
  return conditionOf((status as { conditions?: unknown } | undefined)?.conditions, "Ready");
}

/** What a reader waits for: whether it is ready, and for which generation that is said. */
function readinessOf(status: unknown): string {
  const ready = readyOf(status);
  return `${ready?.status} ${ready?.observedGeneration}`;
}
