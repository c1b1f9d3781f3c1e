import { javaFunction } from "./support/components.ts";
import { troubleTest } from "./support/trouble.ts";

troubleTest({
  slug: "secret",
  name: "a Secret that is missing",
  spec: (story) => ({
    ...javaFunction(story.image, { input: story.topic("in"), output: story.topic("out") }),
    secretsMap: { PASSWORD: { path: "database", key: "password" } },
  }),
  shown: /^waiting CreateContainerConfigError$/m,
  says: /^False CreateContainerConfigError: 0\/1 pods ready: .*secret "database" not found/,
});
