import { assertMatch } from "@std/assert";
import { component, javaFunction, type Spec } from "./support/components.ts";
import { assertCross, numbered } from "./support/messages.ts";
import { e2eTest, type Story } from "./support/story.ts";
import { tokenSecret, WITH_TOKEN } from "./support/token.ts";
import { Toolbox } from "./support/toolbox.ts";

function withToken(
  story: Story,
  topics: { readonly input: string; readonly output: string },
): Spec {
  return {
    ...javaFunction(story.image, topics),
    pulsar: WITH_TOKEN,
  };
}

e2eTest("token", "a function with a token works where the broker asks for one", async (story) => {
  const { secureBroker } = story.setting;
  const topics = { input: story.topic("in"), output: story.topic("out") };
  await story.cluster.apply([tokenSecret(story, secureBroker.functionsToken)]);
  await story.start({
    pulsar: story.pulsarConfig(secureBroker),
    exclaim: component("Function", "exclaim", { spec: withToken(story, topics) }),
  });
  await using toolbox = new Toolbox(story.setting, {
    ...secureBroker,
    token: secureBroker.adminToken,
  });
  await assertCross({ toolbox }, { ...topics, texts: numbered("message", 10) });
});

e2eTest(
  "stranger",
  "a function whose role may not read its topic says that it fails",
  async (story) => {
    const { secureBroker } = story.setting;
    const topics = { input: story.topic("in"), output: story.topic("out") };
    await story.cluster.apply([tokenSecret(story, secureBroker.strangerToken)]);
    await story.commit({
      pulsar: story.pulsarConfig(secureBroker),
      exclaim: component("Function", "exclaim", { spec: withToken(story, topics) }),
    });
    const said = await story.untilReady("Function", "exclaim", {
      pattern: /^False .* (CrashLoop|ended with|keeps failing).*[Aa]uthoriz/,
    });
    assertMatch(said, /Pod exclaim-function-0, container pulsar-function/);
    await story.record("token without rights");
  },
);
