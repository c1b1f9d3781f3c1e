import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import {
  component,
  javaFunction,
  javaOf,
  OWN_JAR,
  personSource,
  printSink,
  pythonFunction,
  type Spec,
} from "./support/components.ts";
import { e2eTest } from "./support/story.ts";

e2eTest("mesh", "messages cross a mesh from its source to its sink", async (story) => {
  const { image, toolbox } = story;
  const [made, copied, marked] = [
    story.topic("made"),
    story.topic("copied"),
    story.topic("marked"),
  ];
  const bytes = "[B";
  const identity: Spec = {
    ...javaFunction(image, { input: made, output: copied }),
    className: "meshwright.e2e.Identity",
    java: javaOf(OWN_JAR),
    input: { topics: [made], typeClassName: bytes },
    output: { topic: copied, typeClassName: bytes },
  };
  // Its consumer wants texts; Python writes bytes unless told.
  const mark = pythonFunction(image, { input: copied, output: marked });
  const textual = { ...mark, output: { topic: marked, sinkSchemaType: "string" } };
  const mesh: Spec = {
    sources: [{ name: "people", ...personSource(image, { output: made }) }],
    functions: [
      { name: "copy", ...identity },
      { name: "mark", ...textual },
    ],
    sinks: [{ name: "print", ...printSink(image, { input: marked }) }],
  };
  await story.start({ mesh: component("FunctionMesh", "orders", { spec: mesh }) });
  assertEquals(await story.ready("FunctionMesh", "orders"), "True Ready: 4/4 components ready");
  const ends = await toolbox.read(marked, { count: 5 });
  assertEquals(ends.length >= 5, true, `${ends.length} messages`);
  const starts = await toolbox.read(made, { count: ends.length });
  const sent = new Set(starts.map(({ text }) => `${text}!`));
  assertEquals(ends.filter(({ text }) => !sent.has(text)), []);
  const wanted = ends.slice(0, 5).map(({ text }) => text);
  await eventually(async () => {
    const log = await story.kubectl("logs", "orders-print-sink-0");
    assertEquals(wanted.filter((text) => !log.includes(text)), []);
    return true;
  }, { timeoutMs: 60_000, intervalMs: 1_000 });
});
