/** A Pulsar topic, in full. */
export interface TopicName {
  readonly domain: "persistent" | "non-persistent";
  readonly tenant: string;
  readonly namespace: string;
  /** What comes after the namespace; may hold slashes. */
  readonly topic: string;
}

const PART = /^[-=:.A-Za-z0-9_]+$/;

/**
 * The topic that a text names, or undefined when it is none. Short forms stand for `persistent://public/default/…`
 * (one part) and `persistent://…` (three parts); what the last part holds is free.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseTopicName } from "#api";
 * assertEquals(parseTopicName("orders"),
 *   { domain: "persistent", tenant: "public", namespace: "default", topic: "orders" });
 * assertEquals(parseTopicName("shop/orders"), undefined);
 * ```
 */
export function parseTopicName(text: string): TopicName | undefined {
  const full = text.includes("://") ? text : fullForm(text);
  if (full === undefined) return undefined;
  const separator = full.indexOf("://");
  const domain = full.slice(0, separator);
  if (domain !== "persistent" && domain !== "non-persistent") return undefined;
  const [tenant = "", namespace = "", ...rest] = full.slice(separator + 3).split("/");
  const topic = rest.join("/");
  if (!PART.test(tenant) || !PART.test(namespace) || topic === "") return undefined;
  return { domain, tenant, namespace, topic };
}

/** The full form of a topic, `persistent://tenant/namespace/topic`. */
export function topicText(topic: TopicName): string {
  return `${topic.domain}://${topic.tenant}/${topic.namespace}/${topic.topic}`;
}

function fullForm(text: string): string | undefined {
  const parts = text.split("/").length;
  if (text !== "" && parts === 1) return `persistent://public/default/${text}`;
  return parts === 3 ? `persistent://${text}` : undefined;
}
