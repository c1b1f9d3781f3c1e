import { assert, assertEquals } from "@std/assert";
import { component, javaFunction } from "./support/components.ts";
import { arrivals, arrivalsText, startLoad } from "./support/load.ts";
import { adminPath, deduplicatedNamespace } from "./support/messages.ts";
import { e2eTest, type Story } from "./support/story.ts";

const KILLS = 3;
/** So many results come between two kills. */
const BETWEEN = 50;
const PATIENCE = { timeoutMs: 900_000 };

/** How many entries a topic's ledgers have: a batch is one. */
async function entryCount({ toolbox }: Story, topic: string): Promise<number> {
  const { status, text } = await toolbox.admin("GET", `${adminPath(topic)}/internalStats`);
  assertEquals(status, 200, text);
  return JSON.parse(text).entriesAddedCounter;
}

e2eTest(
  "once",
  "an effectively-once function that sends one message at a time loses none though it is killed, and doubles none",
  async (story) => {
    const namespace = await deduplicatedNamespace(story);
    const [input, output] = [story.topic("in", { namespace }), story.topic("out", { namespace })];
    const plain = javaFunction(story.image, { input, output });
    const spec = {
      ...plain,
      processingGuarantee: "effectively_once",
      // Without this some results are lost in one of eight kills (docs/from-pulsar-admin.md).
      output: { ...plain["output"] as object, producerConf: { maxPendingMessages: 1 } },
    };
    await story.start({ exclaim: component("Function", "exclaim", { spec }) });
    const load = startLoad(story.toolbox, input, "message");
    let seen = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const wanted = seen + BETWEEN;
      seen = (await story.toolbox.read(output, { ...PATIENCE, count: wanted })).length;
      assert(seen >= wanted, `${seen} results, not ${wanted}`);
      await story.kubectl("delete", "pod", "exclaim-function-0", "--grace-period=0", "--force");
      await story.untilReady("Function", "exclaim", { pattern: /^False / });
      await story.untilReady("Function", "exclaim");
    }
    const wanted = (await load.stop()).map((text) => `${text}!`);
    const results = await story.toolbox.read(output, { ...PATIENCE, texts: wanted });
    const counted = arrivals(wanted, results);
    assertEquals([counted.lost, counted.twice], [[], []], arrivalsText("message", counted));
    // Each result is an entry of its own: there are no batches, whatever the kills met.
    assertEquals(await entryCount(story, output), results.length);
  },
);
