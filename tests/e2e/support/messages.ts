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
    ...how.schema === undefined ? {} : { schema: how.schema },
  });
  const seen = new Set(messages.map(({ text }) => text));
  assertEquals(wanted.filter((text) => !seen.has(text)), [], `lost on the way to ${output}`);
  return messages;
}
