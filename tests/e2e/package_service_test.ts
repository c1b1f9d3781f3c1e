import { component, javaFunction, javaOf } from "./support/components.ts";
import { EXAMPLES_JAR } from "./support/components.ts";
import { assertCross, numbered } from "./support/messages.ts";
import { e2eTest } from "./support/story.ts";

e2eTest("packages", "a Java function runs a package of the package service", async (story) => {
  const name = `${story.namespace}`;
  await story.toolbox.upload(`function/public/default/${name}/v1`, EXAMPLES_JAR);
  const [input, output] = [story.topic("in"), story.topic("out")];
  const spec = {
    ...javaFunction(story.image, { input, output }),
    java: javaOf("/pulsar/tmp/function.jar", {
      jarLocation: `function://public/default/${name}@v1`,
    }),
  };
  await story.start({ exclaim: component("Function", "exclaim", { spec }) });
  await assertCross(story, { input, output, texts: numbered("message", 10) });
});
