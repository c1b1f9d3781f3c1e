import { parseTopicName } from "#api";
import { isPlainObject } from "#base";
import type { Subscription } from "#desired";
import type { TopicNumbers } from "#plan";
import type { BrokerClient } from "../metrics_poll/broker_client.ts";
import { backlogIn } from "../metrics_poll/topic_backlog.ts";

/** Topics of one component that are asked about: with more nothing is known as a whole. */
const TOPICS_MAX = 100;
/** Topics of a namespace that are looked through for a pattern. */
const PATTERN_TOPICS_MAX = 50;
/** Brokers from 3.0 on leave out what may be thousands of clients; older ones do not care. */
const LESS = "?excludePublishers=true&excludeConsumers=true";

/** What a broker says of the topics of a component. */
export interface TopicsAnswer {
  readonly topics: readonly TopicNumbers[];
  /** Why messages would get lost, or nobody would see them, if no pod read. */
  readonly hindrance?: string;
  /** Nobody has subscribed, as far as the broker knows. */
  readonly isUnread?: boolean;
}

/** Asks for a path of the admin API, each only once a round, whoever wants to know. */
export type AskOnce = (path: string) => ReturnType<BrokerClient["get"]>;

/**
 * What waits and what came on the topics of a component, each partition by itself, or in words why that is not known.
 *
 * @throws what `ask` threw: a broker that does not answer
 */
export async function topicsAnswer(
  subscriptions: readonly Subscription[],
  ask: AskOnce,
): Promise<TopicsAnswer | string> {
  if (subscriptions.length === 0) return "it reads no topic";
  if (subscriptions.length > TOPICS_MAX) return `it reads more than ${TOPICS_MAX} topics`;
  const topics: TopicNumbers[] = [];
  let hindrance: string | undefined;
  let isUnread = false;
  for (const subscription of subscriptions) {
    const answer = subscription.isPattern
      ? await patternAnswer(subscription, ask)
      : await topicAnswer(subscription, ask);
    if (typeof answer === "string") return answer;
    topics.push(...answer.topics);
    hindrance ??= answer.hindrance;
    isUnread ||= answer.isUnread === true;
  }
  return {
    topics,
    ...(hindrance === undefined ? {} : { hindrance }),
    ...(isUnread ? { isUnread } : {}),
  };
}

async function topicAnswer(
  { topic, name }: Subscription,
  ask: AskOnce,
): Promise<TopicsAnswer | string> {
  const parsed = parseTopicName(topic);
  if (parsed === undefined) return `${topic} is no name of a topic`;
  if (parsed.domain === "non-persistent") {
    return { topics: [], hindrance: `${topic} is not stored` };
  }
  const path = ["/persistent", parsed.tenant, parsed.namespace, encodeURIComponent(parsed.topic)]
    .join("/");
  const whole = await ask(`${path}/stats${LESS}`);
  if (whole !== undefined) return ofStats([[topic, whole]], { topic, name });
  const parts = await ask(`${path}/partitioned-stats${LESS}&perPartition=true`);
  if (parts === undefined) {
    return { topics: [], hindrance: `there is no topic ${topic} yet`, isUnread: true };
  }
  const partitions = isPlainObject(parts) ? parts["partitions"] : undefined;
  const found = isPlainObject(partitions) ? Object.entries(partitions) : [];
  // A partition that nobody wrote to is not there yet; the whole has the subscription all the same.
  return found.length === 0
    ? ofStats([[topic, parts]], { topic, name })
    : ofStats(found.sort(([a], [b]) => partitionOf(a) - partitionOf(b)), { topic, name });
}

async function patternAnswer(
  { topic, name }: Subscription,
  ask: AskOnce,
): Promise<TopicsAnswer | string> {
  // What the namespace is can be read although the last part is an expression.
  const parsed = parseTopicName(topic);
  if (parsed === undefined) return `${topic} is no pattern of topics`;
  const namespace = `/persistent/${parsed.tenant}/${parsed.namespace}`;
  const names = await ask(namespace);
  if (!Array.isArray(names)) return `there is no namespace of ${topic} yet`;
  if (names.length > PATTERN_TOPICS_MAX) {
    return `the namespace of ${topic} has more than ${PATTERN_TOPICS_MAX} topics`;
  }
  const topics: TopicNumbers[] = [];
  for (const text of names) {
    const found = typeof text === "string" ? parseTopicName(text) : undefined;
    if (found === undefined) continue;
    const stats = await ask(`${namespace}/${encodeURIComponent(found.topic)}/stats${LESS}`);
    const backlog = backlogIn(stats, name);
    if (backlog !== undefined) topics.push(numbersOf(text, stats, backlog));
  }
  return { topics, hindrance: `only a pod finds topics that ${topic} matches from now on` };
}

function ofStats(
  found: readonly (readonly [string, unknown])[],
  { topic, name }: { readonly topic: string; readonly name: string },
): TopicsAnswer {
  const topics = found.flatMap(([part, stats]) => {
    const backlog = backlogIn(stats, name);
    return backlog === undefined ? [] : [numbersOf(part, stats, backlog)];
  });
  return topics.length === found.length
    ? { topics }
    : { topics, hindrance: `${topic} has no subscription ${name} yet`, isUnread: true };
}

function numbersOf(topic: string, stats: unknown, backlog: number): TopicNumbers {
  const arrived = isPlainObject(stats) ? stats["msgInCounter"] : undefined;
  return { topic, backlog, ...(Number.isFinite(arrived) ? { arrived: Number(arrived) } : {}) };
}

/** The number at the end of the name of a partition. */
function partitionOf(topic: string): number {
  return Number(topic.slice(topic.lastIndexOf("-") + 1)) || 0;
}
