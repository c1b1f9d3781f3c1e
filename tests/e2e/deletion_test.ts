import { assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { component, pythonFunction } from "./support/components.ts";
import { adminPath, assertCross, numbered } from "./support/messages.ts";
import { e2eTest } from "./support/story.ts";

e2eTest("deleted", "a function that leaves Git takes its subscription along", async (story) => {
  const topics = { input: story.topic("in"), output: story.topic("out") };
  const spec = {
    ...pythonFunction(story.image, topics),
    subscriptionName: story.namespace,
    cleanupSubscription: true,
    // The clean-up asks the broker by a program in Java.
    resources: {
      requests: { cpu: "10m", memory: "256Mi" },
      limits: { memory: "384Mi" },
    },
  };
  await story.start({ exclaim: component("Function", "exclaim", { spec }) });
  await assertCross(story, { ...topics, texts: numbered("message", 5) });
  const path = `${adminPath(topics.input)}/subscriptions`;
  assertMatch((await story.toolbox.admin("GET", path)).text, new RegExp(story.namespace));
  const commit = await story.commit({ exclaim: undefined });
  await eventually(async () => {
    assertEquals(await story.find("Function", "exclaim"), undefined);
    assertEquals((await story.pods("exclaim-function")).length, 0);
    return true;
  }, { timeoutMs: 120_000, intervalMs: 500 });
  await story.untilHealthy(commit);
  assertEquals(JSON.parse((await story.toolbox.admin("GET", path)).text), []);
});
