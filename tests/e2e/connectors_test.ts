import { assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { component, personSource, printSink } from "./support/components.ts";
import { numbered } from "./support/messages.ts";
import { e2eTest } from "./support/story.ts";

e2eTest("source", "a source connector writes messages to its topic", async (story) => {
  const output = story.topic("people");
  const spec = personSource(story.image, { output });
  await story.start({ people: component("Source", "people", { spec }) });
  const messages = await story.toolbox.read(output, { count: 5 });
  assertEquals(messages.length >= 5, true, `${messages.length} messages`);
  for (const { text } of messages) assertMatch(text, /@/);
});

e2eTest("sink", "a sink connector takes every message from its topic", async (story) => {
  const input = story.topic("texts");
  const spec = printSink(story.image, { input });
  await story.start({ print: component("Sink", "print", { spec }) });
  const texts = numbered("printed", 10);
  await story.toolbox.produce(input, texts);
  await eventually(async () => {
    const log = await story.kubectl("logs", "print-sink-0");
    assertEquals(texts.filter((text) => !log.includes(text)), []);
    return true;
  }, { timeoutMs: 180_000, intervalMs: 500 });
});
