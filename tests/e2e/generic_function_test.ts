import { assertEquals } from "@std/assert";
import { component, pythonFunction } from "./support/components.ts";
import { assertCross, numbered } from "./support/messages.ts";
import { e2eTest } from "./support/story.ts";

// The runner of the generic runtime is in no public package. The one in the image is a stand-in that takes the same
// command line: it proves the command, the image and the pod, not that runner.
e2eTest(
  "generic",
  "a function of the generic runtime (stand-in) transforms every message",
  async (story) => {
    const [input, output] = [story.topic("in"), story.topic("out")];
    const { python: _python, ...rest } = pythonFunction(story.image, { input, output });
    const spec = {
      ...rest,
      className: "uppercase.Uppercase",
      genericRuntime: { functionFile: "/pulsar/e2e/uppercase.py", language: "python" },
    };
    await story.start({ capitals: component("Function", "capitals", { spec }) });
    const becomes = (text: string) => text.toUpperCase();
    const crossing = { input, output, texts: numbered("message", 10), becomes };
    assertEquals((await assertCross(story, crossing)).length, 10);
  },
);
