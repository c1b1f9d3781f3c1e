import { assertEquals } from "@std/assert";
import { component, javaFunction } from "./support/components.ts";
import { e2eTest } from "./support/story.ts";

e2eTest("java", "a Java function from a commit transforms every message", async (story) => {
  const [input, output] = [story.topic("in"), story.topic("out")];
  const spec = javaFunction(story.image, { input, output });
  await story.start({ exclaim: component("Function", "exclaim", { spec }) });
  const texts = Array.from({ length: 10 }, (_, index) => `message ${index}`);
  await story.toolbox.produce(input, texts);
  const messages = await story.toolbox.read(output, { count: 10 });
  assertEquals(messages.map(({ text }) => text).sort(), texts.map((text) => `${text}!`));
});
