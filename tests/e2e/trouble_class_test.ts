import { javaFunction } from "./support/components.ts";
import { troubleTest } from "./support/trouble.ts";

troubleTest({
  slug: "class",
  name: "a class that is not in the package",
  spec: (story) => ({
    ...javaFunction(story.image, { input: story.topic("in"), output: story.topic("out") }),
    className: "org.example.Missing",
  }),
  // The runner says why in its log, and ends with code 0.
  shown: /^(terminated (Completed|Error)|waiting CrashLoopBackOff)$/m,
  says: /^False (Completed|CrashLoopBackOff|Error): 0\/1 pods ready: .*org\.example\.Missing/,
});
