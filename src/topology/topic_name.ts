import { parseTopicName, topicText } from "#api";

/** A topic as people write it: its full name, and the partition that a name means. */
export interface FullTopic {
  /** `persistent://tenant/namespace/topic`; a text that is no topic name stays what it is. */
  readonly name: string;
  readonly partition?: number;
}

const PARTITION = "-partition-";

/**
 * The full name of a topic. A partition belongs to its topic.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fullTopic } from "./topic_name.ts";
 * assertEquals(fullTopic("raw"), { name: "persistent://public/default/raw" });
 * assertEquals(fullTopic("a/b/raw-partition-3"), { name: "persistent://a/b/raw", partition: 3 });
 * ```
 */
export function fullTopic(text: string): FullTopic {
  const parsed = parseTopicName(text);
  if (parsed === undefined) return { name: text };
  const at = parsed.topic.lastIndexOf(PARTITION);
  const number = at > 0 ? parsed.topic.slice(at + PARTITION.length) : "";
  if (!/^\d{1,6}$/.test(number)) return { name: topicText(parsed) };
  const name = topicText({ ...parsed, topic: parsed.topic.slice(0, at) });
  return { name, partition: Number(number) };
}

/**
 * The full form of a pattern of topics, of which the last part is a regular expression.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fullPattern } from "./topic_name.ts";
 * assertEquals(fullPattern("orders-.*"), "persistent://public/default/orders-.*");
 * assertEquals(fullPattern("shop/eu/.*"), "persistent://shop/eu/.*");
 * ```
 */
export function fullPattern(text: string): string {
  if (text.includes("://")) return text;
  const parts = text.split("/").length;
  if (parts === 1) return `persistent://public/default/${text}`;
  return parts === 3 ? `persistent://${text}` : text;
}

/**
 * `orders-raw`, or `tenant/namespace/topic` outside Pulsar's default namespace; a pattern as it is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { topicLabel } from "#topology";
 * assertEquals(["persistent://public/default/raw", "shop/eu/raw"].map(topicLabel), ["raw", "shop/eu/raw"]);
 * ```
 */
export function topicLabel(text: string): string {
  const name = parseTopicName(text);
  if (name === undefined) return text;
  const isDefault = name.tenant === "public" && name.namespace === "default";
  return isDefault ? name.topic : `${name.tenant}/${name.namespace}/${name.topic}`;
}

/** What a topic's name says that it holds, besides ordinary messages. */
export type TopicVariant = "deadLetter" | "retry";

/** Pulsar's own names: `<topic>-<subscription>-DLQ` and `<topic>-<subscription>-RETRY`. */
export function variantOf(name: string): TopicVariant | undefined {
  if (name.endsWith("-DLQ")) return "deadLetter";
  return name.endsWith("-RETRY") ? "retry" : undefined;
}
