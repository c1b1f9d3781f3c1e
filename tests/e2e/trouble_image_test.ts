import { javaFunction } from "./support/components.ts";
import { troubleTest } from "./support/trouble.ts";

const IMAGE = "localhost/meshwright-e2e-nowhere:1";

troubleTest({
  slug: "image",
  name: "an image that does not exist",
  spec: (story) => javaFunction(IMAGE, { input: story.topic("in"), output: story.topic("out") }),
  shown: /^waiting (ErrImagePull|ImagePullBackOff)$/m,
  says:
    /^False (ErrImagePull|ImagePullBackOff): 0\/1 pods ready: .*localhost\/meshwright-e2e-nowhere:1/,
});
