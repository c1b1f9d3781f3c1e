import { isPlainObject } from "#base";

/**
 * The backlog of a subscription in the stats of a topic, partitioned or not, as the admin API answers them; undefined
 * where the topic has no such subscription.
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
  if (!isPlainObject(subscriptions) || !Object.hasOwn(subscriptions, subscription)) {
    return undefined;
  }
  const found = subscriptions[subscription];
  const backlog = isPlainObject(found) ? found["msgBacklog"] : undefined;
  // A broker may count an acknowledgement before the message for a moment.
  return typeof backlog === "number" ? Math.max(0, Math.trunc(backlog)) : undefined;
}
