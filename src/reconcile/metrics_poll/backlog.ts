import { parseTopicName, type SubscriptionBacklog } from "#api";
import type { Subscription } from "#desired";
import type { BrokerClient } from "./broker_client.ts";
import { CallProblem } from "./call_problem.ts";
import type { BacklogAnswer } from "./runtime_status.ts";
import { backlogIn } from "./topic_backlog.ts";

/** Topics of one component that are asked about. */
const TOPICS_MAX = 100;
/** Topics of a namespace that are looked through for a pattern. */
const PATTERN_TOPICS_MAX = 50;

/**
 * The backlogs of a component's subscriptions, one topic after the other. What can be had is answered, with the first
 * problem.
 *
 * A pattern is not matched here: it is an expression for Java, of a user's making. Whatever topic of its namespace has
 * the subscription belongs to it.
 */
export async function backlogOf(
  subscriptions: readonly Subscription[],
  broker: Pick<BrokerClient, "get">,
): Promise<BacklogAnswer> {
  const found: SubscriptionBacklog[] = [];
  const problems: string[] = [];
  if (subscriptions.length > TOPICS_MAX) {
    problems.push(`only the first ${TOPICS_MAX} of ${subscriptions.length} topics are asked about`);
  }
  for (const subscription of subscriptions.slice(0, TOPICS_MAX)) {
    const backlog = await backlogOrProblem(subscription, broker);
    if (typeof backlog === "string") problems.push(`${subscription.topic}: ${backlog}`);
    else found.push({ topic: subscription.topic, name: subscription.name, backlog });
  }
  const [problem] = problems;
  return { subscriptions: found, ...(problem === undefined ? {} : { problem }) };
}

async function backlogOrProblem(
  subscription: Subscription,
  broker: Pick<BrokerClient, "get">,
): Promise<number | string> {
  try {
    return subscription.isPattern
      ? await patternBacklog(subscription, broker)
      : await topicBacklog(subscription, broker);
  } catch (error) {
    // Nobody there: the other topics would wait for the same.
    if (!(error instanceof CallProblem) || error.isSilence) throw error;
    return error.message;
  }
}

async function topicBacklog(
  { topic, name }: Subscription,
  broker: Pick<BrokerClient, "get">,
): Promise<number | string> {
  const parsed = parseTopicName(topic);
  if (parsed === undefined) return "no name of a topic";
  if (parsed.domain === "non-persistent") return "a topic that is not stored has no backlog";
  const path = ["/persistent", parsed.tenant, parsed.namespace, encodeURIComponent(parsed.topic)]
    .join("/");
  const stats = await statsAt(path, broker);
  if (stats === undefined) return "there is no such topic yet";
  return backlogIn(stats, name) ?? `it has no subscription ${name} yet`;
}

async function patternBacklog(
  { topic, name }: Subscription,
  broker: Pick<BrokerClient, "get">,
): Promise<number | string> {
  // What the namespace is can be read although the last part is an expression.
  const parsed = parseTopicName(topic);
  if (parsed === undefined) return "no pattern of topics";
  const namespace = `/persistent/${parsed.tenant}/${parsed.namespace}`;
  const topics = await broker.get(namespace);
  if (!Array.isArray(topics)) return "there is no such namespace yet";
  if (topics.length > PATTERN_TOPICS_MAX) {
    return `not asked, as the namespace has more than ${PATTERN_TOPICS_MAX} topics`;
  }
  let backlog: number | undefined;
  for (const text of topics) {
    const found = typeof text === "string" ? parseTopicName(text) : undefined;
    if (found === undefined) continue;
    const stats = await broker.get(`${namespace}/${encodeURIComponent(found.topic)}/stats${LESS}`);
    const here = backlogIn(stats, name);
    if (here !== undefined) backlog = (backlog ?? 0) + here;
  }
  return backlog ?? `no topic has a subscription ${name} yet`;
}

/** Brokers from 3.0 on leave out what may be thousands of clients; older ones do not care. */
const LESS = "?excludePublishers=true&excludeConsumers=true";

async function statsAt(path: string, broker: Pick<BrokerClient, "get">): Promise<unknown> {
  return await broker.get(`${path}/stats${LESS}`) ??
    await broker.get(`${path}/partitioned-stats${LESS}&perPartition=false`);
}
