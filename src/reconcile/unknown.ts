import {
  afterDelay,
  conditionList,
  type KubeObject,
  mergeConditions,
  type Next,
  timestamp,
} from "#base";
import { conditionsOf, unknownState } from "#plan";
import type { Effects } from "./context.ts";
import type { KindOutage } from "./observe.ts";
import { recordStatus } from "./record.ts";

/** A server that refuses a kind is not about to come back; one that is away for a moment is not worth a word. */
const REFUSAL_MS = 5_000;
const SILENCE_MS = 60_000;
/** Nothing tells when a cache is current again without anything having changed. */
const RECHECK_MS = 2_000;

/**
 * Does nothing about an object of which nothing is known for certain. After a while its status says so, as what it said
 * before may not be true any longer.
 */
export async function recordUnknown(
  object: KubeObject,
  { isRefusal, kind, problem, sinceMs }: KindOutage,
  effects: Effects,
): Promise<Next> {
  const { clock } = effects.ctx;
  const agoMs = clock.monotonicMs() - sinceMs;
  if (agoMs < (isRefusal ? REFUSAL_MS : SILENCE_MS)) return afterDelay(RECHECK_MS);
  const status = (object.status ?? {}) as { readonly conditions?: unknown };
  const said = conditionList(status.conditions).find(({ type }) => type === "Ready");
  // Nothing was said that could be wrong, and nothing else is known.
  if (said === undefined) return afterDelay(RECHECK_MS);
  const message = `Cannot tell: objects of kind ${kind} cannot be read (${problem})`;
  const drafts = conditionsOf(unknownState("CacheBehind", message), said.observedGeneration ?? 0);
  const conditions = mergeConditions(status.conditions, drafts, timestamp(clock.now()));
  await recordStatus(object, {
    status: { ...status, conditions },
    isUrgent: false,
    isOfAnyVersion: true,
  }, effects);
  return afterDelay(RECHECK_MS);
}
