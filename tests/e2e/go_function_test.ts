import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { component, goFunction } from "./support/components.ts";
import { assertCross, consumerCount, numbered } from "./support/messages.ts";
import { e2eTest } from "./support/story.ts";

// The library of Go functions cannot be had everywhere. The program is a stand-in on the Go client: it proves the
// command line and its JSON, not the library.
e2eTest("go", "a Go function (stand-in) from a commit transforms every message", async (story) => {
  const [input, output] = [story.topic("in"), story.topic("out")];
  const spec = goFunction(story.image, { input, output });
  await story.start({ exclaim: component("Function", "exclaim", { spec }) });
  // Its configuration holds no position: it gets what is sent from its start on.
  await eventually(async () => await consumerCount(story, input) === 1, { timeoutMs: 180_000 });
  const messages = await assertCross(story, { input, output, texts: numbered("message", 10) });
  assertEquals(messages.length, 10);
});
