import { assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { component, javaFunction, PULSAR_CONFIG, type Spec } from "./support/components.ts";
import { assertCross, numbered } from "./support/messages.ts";
import { e2eTest, type Story } from "./support/story.ts";
import { Toolbox } from "./support/toolbox.ts";

/** The Secret that a component names in `pulsar.authSecret`. */
function tokenSecret(story: Story, token: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "pulsar-token", namespace: story.namespace },
    stringData: {
      clientAuthenticationPlugin: "org.apache.pulsar.client.impl.auth.AuthenticationToken",
      clientAuthenticationParameters: `token:${token}`,
    },
  };
}

function withToken(
  story: Story,
  topics: { readonly input: string; readonly output: string },
): Spec {
  return {
    ...javaFunction(story.image, topics),
    pulsar: { pulsarConfig: PULSAR_CONFIG, authSecret: "pulsar-token" },
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
