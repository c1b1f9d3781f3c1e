import { assertEquals } from "@std/assert";
import { component, goFunction } from "./support/components.ts";
import { assertCross, numbered } from "./support/messages.ts";
import { e2eTest } from "./support/story.ts";

// The library of Go functions cannot be had everywhere. The program is a stand-in on the Go client: it proves the
// command line and its JSON, not the library.
e2eTest("go", "a Go function (stand-in) from a commit transforms every message", async (story) => {
  const [input, output] = [story.topic("in"), story.topic("out")];
  const spec = goFunction(story.image, { input, output });
  await story.start({ exclaim: component("Function", "exclaim", { spec }) });
  const crossing = { input, output, texts: numbered("message", 10), schema: "bytes" } as const;
  const messages = await assertCross(story, crossing);
  assertEquals(messages.length, 10);
});
