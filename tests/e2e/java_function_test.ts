import { assertEquals } from "@std/assert";
import { component, javaFunction } from "./support/components.ts";
import { assertCross, numbered } from "./support/messages.ts";
import { e2eTest } from "./support/story.ts";

e2eTest("java", "a Java function from a commit transforms every message", async (story) => {
  const [input, output] = [story.topic("in"), story.topic("out")];
  const spec = javaFunction(story.image, { input, output });
  await story.start({ exclaim: component("Function", "exclaim", { spec }) });
  const messages = await assertCross(story, { input, output, texts: numbered("message", 10) });
  assertEquals(messages.length, 10);
  assertEquals(await story.ready("Function", "exclaim"), "True Ready: 1/1 pods ready");
});
