import { assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { component, javaFunction } from "./support/components.ts";
import { assertCross, meanwhile, numbered } from "./support/messages.ts";
import { e2eTest } from "./support/story.ts";

e2eTest("killed", "a killed pod is replaced, and every message gets through", async (story) => {
  const topics = { input: story.topic("in"), output: story.topic("out") };
  const spec = javaFunction(story.image, topics);
  await story.start({ exclaim: component("Function", "exclaim", { spec }) });
  const [killed] = await story.pods("exclaim-function");
  const texts = numbered("message", 100);
  const crossing = meanwhile(assertCross(story, { ...topics, texts, intervalMs: 100 }));
  await story.toolbox.read(topics.output, { count: 10 });
  await story.kubectl("delete", "pod", "exclaim-function-0", "--grace-period=0", "--force");
  const said = await story.untilReady("Function", "exclaim", { pattern: /^False / });
  assertMatch(said, /0\/1 pods ready/);
  await crossing;
  await story.untilReady("Function", "exclaim");
  const [replaced] = await story.pods("exclaim-function");
  assertEquals(replaced?.metadata.uid === killed?.metadata.uid, false);
});

e2eTest(
  "crashed",
  "a container whose process is killed starts again and goes on",
  async (story) => {
    const topics = { input: story.topic("in"), output: story.topic("out") };
    const spec = javaFunction(story.image, topics);
    await story.start({ exclaim: component("Function", "exclaim", { spec }) });
    await assertCross(story, { ...topics, texts: numbered("before", 10) });
    const [before] = await story.pods("exclaim-function");
    await story.cluster.tryKubectl(
      ["exec", "-n", story.namespace, "exclaim-function-0", "--", "bash", "-c", "kill -TERM 1"],
    );
    await eventually(async () => {
      const [pod] = await story.pods("exclaim-function");
      assertEquals(pod?.status.containerStatuses?.[0]?.restartCount, 1);
      return true;
    }, { timeoutMs: 60_000, intervalMs: 250 });
    await assertCross(story, { ...topics, texts: numbered("after", 10) });
    const [after] = await story.pods("exclaim-function");
    assertEquals(after?.metadata.uid, before?.metadata.uid);
    await story.untilReady("Function", "exclaim");
  },
);
