import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { component, pythonFunction } from "./support/components.ts";
import { assertCross, consumerCount, numbered } from "./support/messages.ts";
import { e2eTest, type Story } from "./support/story.ts";

async function untilScaled(story: Story, input: string, count: number): Promise<void> {
  await eventually(async () => {
    assertEquals((await story.pods("exclaim-function")).length, count);
    assertEquals(await consumerCount(story, input), count);
    assertEquals(
      await story.ready("Function", "exclaim"),
      `True Ready: ${count}/${count} pods ready`,
    );
    return true;
  }, { timeoutMs: 90_000, intervalMs: 500 });
}

e2eTest("scale", "kubectl scale of a Function starts and stops instances", async (story) => {
  const topics = { input: story.topic("in"), output: story.topic("out") };
  // A number that Git declares would be put right; one that it leaves out is whoever's who scales.
  const { replicas: _replicas, ...spec } = pythonFunction(story.image, topics);
  await story.start({ exclaim: component("Function", "exclaim", { spec }) });
  await assertCross(story, { ...topics, texts: numbered("by one", 10) });
  await story.kubectl("scale", "function/exclaim", "--replicas=3");
  await untilScaled(story, topics.input, 3);
  await assertCross(story, { ...topics, texts: numbered("by three", 30) });
  await story.kubectl("scale", "function/exclaim", "--replicas=1");
  await untilScaled(story, topics.input, 1);
  await assertCross(story, { ...topics, texts: numbered("by one again", 10) });
});

e2eTest("zero", "a function of no instance keeps its messages until it has one", async (story) => {
  const topics = { input: story.topic("in"), output: story.topic("out") };
  const spec = pythonFunction(story.image, topics);
  await story.start({ exclaim: component("Function", "exclaim", { spec }) });
  await assertCross(story, { ...topics, texts: numbered("before", 5) });
  const stopped = component("Function", "exclaim", { spec: { ...spec, replicas: 0 } });
  await story.untilHealthy(await story.commit({ exclaim: stopped }));
  await eventually(async () => (await story.pods("exclaim-function")).length === 0, {
    timeoutMs: 60_000,
    intervalMs: 250,
  });
  const kept = numbered("kept", 5);
  await story.toolbox.produce(topics.input, kept);
  await story.untilHealthy(
    await story.commit({ exclaim: component("Function", "exclaim", { spec }) }),
  );
  const messages = await story.toolbox.read(topics.output, {
    texts: kept.map((text) => `${text}!`),
  });
  assertEquals(
    messages.map(({ text }) => text).filter((text) => text.startsWith("kept")).length,
    5,
  );
});
