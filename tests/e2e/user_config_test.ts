import { component, javaFunction, javaOf, OWN_JAR, pythonFunction } from "./support/components.ts";
import { assertCross, numbered } from "./support/messages.ts";
import { e2eTest, type Story } from "./support/story.ts";

/** A value that a shell, a JSON text and a naive quoting would each get wrong in a way of its own. */
const SUFFIX = `it's "5 $HOME" \\ \`ls\` ä`;
const PASSWORD = `p'w"$(id)\\`;

const GIVEN = {
  funcConfig: { suffix: SUFFIX },
  secretsMap: { password: { path: "database", key: "password" } },
};

/** What both functions answer: their configuration and their secret, as they got them. */
function becomes(text: string): string {
  return `${text}|${SUFFIX}|${PASSWORD}`;
}

async function withSecret(story: Story): Promise<void> {
  await story.cluster.apply([{
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "database", namespace: story.namespace },
    stringData: { password: PASSWORD },
  }]);
}

e2eTest(
  "config",
  "a Java function gets its configuration and its secret as they were written",
  async (story) => {
    const topics = { input: story.topic("in"), output: story.topic("out") };
    await withSecret(story);
    const spec = {
      ...javaFunction(story.image, topics),
      className: "meshwright.e2e.UserConfigEcho",
      java: javaOf(OWN_JAR),
      ...GIVEN,
    };
    await story.start({ echo: component("Function", "echo", { spec }) });
    await assertCross(story, { ...topics, texts: numbered("message", 3), becomes });
  },
);

e2eTest(
  "pyconfig",
  "a Python function gets its configuration and its secret as they were written",
  async (story) => {
    const topics = { input: story.topic("in"), output: story.topic("out") };
    await withSecret(story);
    const spec = {
      ...pythonFunction(story.image, topics),
      className: "user_config_echo.UserConfigEcho",
      python: { py: "/pulsar/e2e/user_config_echo.py" },
      ...GIVEN,
    };
    await story.start({ echo: component("Function", "echo", { spec }) });
    await assertCross(story, { ...topics, texts: numbered("message", 3), becomes });
  },
);
