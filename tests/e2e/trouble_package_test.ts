import { javaFunction, javaOf, pythonFunction } from "./support/components.ts";
import { troubleTest } from "./support/trouble.ts";

troubleTest({
  slug: "package",
  name: "a package that the web server does not have",
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

troubleTest({
  slug: "unknown",
  name: "a package that the package service does not have",
  spec: (story) => ({
    ...javaFunction(story.image, { input: story.topic("in"), output: story.topic("out") }),
    java: javaOf("/pulsar/tmp/function.jar", { jarLocation: "function://public/default/none@v1" }),
  }),
  shown: /^(terminated Error|waiting CrashLoopBackOff)$/m,
  says: /^False (CrashLoopBackOff|Error): 0\/1 pods ready: .*(404|not found|not exist)/i,
});
