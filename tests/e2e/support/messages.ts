import { assertEquals } from "@std/assert";
import type { Story } from "./story.ts";
import type { Message, ProduceOptions } from "./toolbox.ts";

/** `LABEL 0`, `LABEL 1`, … */
export function numbered(label: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${label} ${index}`);
}

/** What a function does to a text, from one topic to another. */
export interface Crossing extends ProduceOptions {
  readonly input: string;
  readonly output: string;
  readonly texts: readonly string[];
  /** Default: an exclamation mark at the end. */
  readonly becomes?: (text: string) => string;
  readonly timeoutMs?: number;
}

/** Sends texts and fails unless each comes out as it should. */
export async function assertCross(
  { toolbox }: Pick<Story, "toolbox">,
  crossing: Crossing,
): Promise<readonly Message[]> {
  const { input, output, texts, becomes = (text) => `${text}!`, timeoutMs, ...how } = crossing;
  await toolbox.produce(input, texts, how);
  const wanted = texts.map(becomes);
  const messages = await toolbox.read(output, {
    texts: wanted,
    ...timeoutMs === undefined ? {} : { timeoutMs },
  });
  const seen = new Set(messages.map(({ text }) => text));
  assertEquals(wanted.filter((text) => !seen.has(text)), [], `lost on the way to ${output}`);
  return messages;
}

/** How many instances read a topic, as the broker knows them. */
export async function consumerCount(
  { toolbox }: Pick<Story, "toolbox">,
  topic: string,
): Promise<number> {
  const { status, text } = await toolbox.admin("GET", `${adminPath(topic)}/stats`);
  // A topic that nobody has asked for yet.
  if (status === 404) return 0;
  assertEquals(status, 200, text);
  const { subscriptions } = JSON.parse(text) as {
    readonly subscriptions: Readonly<Record<string, { readonly consumers: readonly unknown[] }>>;
  };
  return Object.values(subscriptions).reduce((sum, { consumers }) => sum + consumers.length, 0);
}

/** Makes a namespace in Pulsar, called after the story's own, whose broker drops what a producer sent before. */
export async function deduplicatedNamespace(
  { namespace, toolbox }: Pick<Story, "namespace" | "toolbox">,
): Promise<string> {
  const name = `public/${namespace}`;
  for (const [method, path, body] of [["PUT", "", {}], ["POST", "/deduplication", true]] as const) {
    const answer = await toolbox.admin(method, `/admin/v2/namespaces/${name}${path}`, body);
    assertEquals(answer.status, 204, answer.text);
  }
  return name;
}

/** Where the broker's admin interface has a topic. */
export function adminPath(topic: string): string {
  return `/admin/v2/${topic.replace("://", "/")}`;
}

/**
 * Work that goes on beside a test, which awaits it later. Should the test fail before, then its failure is what counts,
 * not that of the work which ends with it.
 */
export function meanwhile<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}
