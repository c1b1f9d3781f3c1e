import { assertEquals, assertNotEquals } from "@std/assert";
import { component, EXAMPLES_JAR, javaFunction, javaOf } from "./support/components.ts";
import { deduplicatedNamespace, meanwhile, numbered } from "./support/messages.ts";
import { e2eTest } from "./support/story.ts";

e2eTest("rolling", "a rolling update loses no message and doubles none", async (story) => {
  const namespace = await deduplicatedNamespace(story);
  const [input, output] = [story.topic("in", { namespace }), story.topic("out", { namespace })];
  const spec = {
    ...javaFunction(story.image, { input, output }),
    processingGuarantee: "effectively_once",
  };
  await story.start({ exclaim: component("Function", "exclaim", { spec }) });
  const [before] = await story.pods("exclaim-function");
  const texts = numbered("message", 300);
  const sending = meanwhile(story.toolbox.produce(input, texts, { intervalMs: 100 }));
  await story.toolbox.read(output, { count: 20 });
  const java = javaOf(EXAMPLES_JAR, { log: { level: "warn" } });
  await story.untilHealthy(
    await story.commit({ exclaim: component("Function", "exclaim", { spec: { ...spec, java } }) }),
  );
  const [after] = await story.pods("exclaim-function");
  assertNotEquals(after?.metadata.uid, before?.metadata.uid);
  await sending;
  const wanted = texts.map((text) => `${text}!`);
  // One more than there should be, with a while for it to come.
  await story.toolbox.read(output, { texts: wanted });
  const messages = await story.toolbox.read(output, { count: 301, timeoutMs: 3_000 });
  assertEquals(messages.map(({ text }) => text), wanted);
});
