import { pythonFunction } from "./support/components.ts";
import { troubleTest } from "./support/trouble.ts";

troubleTest({
  slug: "package",
  name: "a package that is not where it should be",
  spec: (story) => ({
    ...pythonFunction(story.image, { input: story.topic("in"), output: story.topic("out") }),
    imageHasGet: true,
    python: {
      py: "/pulsar/tmp/function.py",
      pyLocation: `${story.setting.toolboxUrl}/files/none/function.py`,
    },
  }),
  shown: /^(terminated Error|waiting CrashLoopBackOff)$/m,
  says: /^False (CrashLoopBackOff|Error): 0\/1 pods ready: .*404/,
});
