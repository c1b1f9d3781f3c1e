import { assertMatch } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { component, javaFunction } from "./support/components.ts";
import { assertCross, numbered } from "./support/messages.ts";
import { conditionText, e2eTest } from "./support/story.ts";

e2eTest("rollback", "a commit whose function only seems to work goes back", async (story) => {
  const topics = { input: story.topic("in"), output: story.topic("out") };
  const spec = javaFunction(story.image, topics);
  await story.changeSync({ onUnhealthy: "rollback", healthTimeout: "120s", settleTime: "15s" });
  await story.start({ exclaim: component("Function", "exclaim", { spec }) });

  // Its runner is up, and ready for Kubernetes, until it looks for the class.
  const bad = await story.commit({
    exclaim: component("Function", "exclaim", { spec: { ...spec, className: "shop.Missing" } }),
  });
  const said = await eventually(async () => {
    const text = conditionText((await story.meshSync()).status?.conditions, "Ready");
    assertMatch(text, /^False Quarantined: Applied/);
    return text;
  }, { timeoutMs: 600_000, intervalMs: 500 });
  assertMatch(said, new RegExp(`since main@sha1:${bad} was not healthy .*shop\\.Missing`));
  await story.untilReady("Function", "exclaim");
  await assertCross(story, { ...topics, texts: numbered("message", 10) });
});
