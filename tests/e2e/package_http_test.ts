import { component, pythonFunction } from "./support/components.ts";
import { assertCross, numbered } from "./support/messages.ts";
import { e2eTest } from "./support/story.ts";

e2eTest("http", "a Python function runs a package from a web server", async (story) => {
  const { image, namespace, setting, toolbox } = story;
  const source = "/pulsar/examples/python-examples/exclamation_function.py";
  await toolbox.publish(source, `${namespace}/exclamation_function.py`);
  const [input, output] = [story.topic("in"), story.topic("out")];
  const spec = {
    ...pythonFunction(image, { input, output }),
    imageHasGet: true,
    python: {
      py: "/pulsar/tmp/exclamation_function.py",
      pyLocation: `${setting.toolboxUrl}/files/${namespace}/exclamation_function.py`,
    },
  };
  await story.start({ exclaim: component("Function", "exclaim", { spec }) });
  await assertCross(story, { input, output, texts: numbered("message", 10) });
});
