import { isPlainObject } from "#base";
import { CallProblem } from "./call_problem.ts";

/**
 * The backlog of a subscription in the stats of a topic, partitioned or not, as the admin API answers them; undefined
 * where the topic has no such subscription. What a topic's stats never look like is nothing to go by: somebody else may
 * answer there.
 *
 * @throws {CallProblem} where these are no stats
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { backlogIn } from "./topic_backlog.ts";
 * const stats = { subscriptions: { "public/default/orders": { msgBacklog: 3 } } };
 * assertEquals(backlogIn(stats, "public/default/orders"), 3);
 * assertEquals(backlogIn(stats, "other"), undefined);
 * ```
 */
export function backlogIn(stats: unknown, subscription: string): number | undefined {
  const subscriptions = isPlainObject(stats) ? stats["subscriptions"] : undefined;
  if (!isPlainObject(subscriptions)) throw noStats();
  if (!Object.hasOwn(subscriptions, subscription)) return undefined;
  const found = subscriptions[subscription];
  const backlog = isPlainObject(found) ? found["msgBacklog"] : undefined;
  if (typeof backlog !== "number" || !Number.isSafeInteger(Math.trunc(backlog))) throw noStats();
  // A broker may count an acknowledgement before the message for a moment.
  return Math.max(0, Math.trunc(backlog));
}

function noStats(): CallProblem {
  return new CallProblem("it answers what are no stats of a topic", { isSilence: false });
}
