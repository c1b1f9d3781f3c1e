import { assert, assertEquals, assertMatch } from "@std/assert";
import { progressOnStderr } from "../../scripts/control_plane/progress.ts";
import { eventually } from "../support/eventually.ts";
import { component, printSink } from "./support/components.ts";
import { numbered } from "./support/messages.ts";
import {
  changes,
  ReplicaWatch,
  SLOW_CODE,
  slowFunction,
  stats,
  subscribed,
  Times,
  untilAtZero,
  WAIT,
} from "./support/scaling.ts";
import { e2eTest } from "./support/story.ts";

const SUBSCRIPTION = "kept";

e2eTest(
  "ordered",
  "a function that keeps the order of one partition stays at one replica, whatever waits, and says why",
  async (story) => {
    const topics = { input: story.topic("in"), output: story.topic("out") };
    await subscribed(story, topics.input, { subscription: SUBSCRIPTION, partitions: 1 });
    const texts = numbered("message", 300);
    await story.toolbox.produce(topics.input, texts);
    const spec = {
      ...slowFunction(story, { ...topics, subscription: SUBSCRIPTION, seconds: 0.1 }),
      retainOrdering: true,
      maxReplicas: 4,
      backlogScaling: { idleAfter: "1h", maxBacklogPerReplica: 50 },
    };
    const times = new Times();
    await using watch = new ReplicaWatch(story);
    await story.start({ code: SLOW_CODE, slow: component("Function", "slow", { spec }) });
    const scaling = await eventually(() => {
      const said = watch.seen.at(-1)?.scaling.get("slow");
      return said?.limits?.some((limit) => limit.includes("order")) && said;
    }, WAIT);
    times.note(`it says: ${scaling.reason} (${scaling.limits?.join("; ")})`);
    assertEquals(scaling.limits, ["1 topic or partition, whose order is kept"]);
    assertMatch(scaling.reason ?? "", /^\d+ wait, .*: 1$/);
    await eventually(async () => {
      const { subscriptions } = await stats(story, topics.input, "partitioned-stats");
      return subscriptions[SUBSCRIPTION]?.msgBacklog === 0;
    }, WAIT);
    times.note(`nothing waits of ${texts.length} messages`);
    assertEquals(Math.max(...watch.replicasOf("slow")), 1);
    const answers = await story.toolbox.read(topics.output, {
      texts: texts.map((text) => `${text}!`),
    });
    const firsts = [...new Set(answers.map(({ text }) => text))];
    assertEquals(firsts, texts.map((text) => `${text}!`));
    progressOnStderr([times, ...await changes(story, "slow")].join("\n"));
  },
);

e2eTest(
  "scaledsink",
  "a sink starts for what waits, takes every message, and goes back to zero",
  async (story) => {
    const input = story.topic("texts");
    await subscribed(story, input, { subscription: SUBSCRIPTION });
    const texts = numbered("printed", 20).map((text) => `${text} of 20`);
    await story.toolbox.produce(input, texts);
    const spec = {
      ...printSink(story.image, { input }),
      subscriptionName: SUBSCRIPTION,
      replicas: 0,
      minReplicas: 0,
      maxReplicas: 3,
      backlogScaling: { idleAfter: "20s", maxBacklogPerReplica: 10 },
    };
    const times = new Times();
    await story.start({ print: component("Sink", "print", { spec }) });
    // The logs of pods that go away are gone: what they said so far is kept.
    const printed = new Set<string>();
    await eventually(async () => {
      for (const { metadata } of await story.pods("print-sink")) {
        const log = await story.kubectl("logs", metadata.name);
        for (const text of texts.filter((text) => log.includes(text))) printed.add(text);
      }
      return printed.size === texts.length;
    }, WAIT);
    times.note("every message is printed");
    await eventually(async () => {
      assertEquals((await stats(story, input)).subscriptions[SUBSCRIPTION]?.msgBacklog, 0);
      return true;
    }, WAIT);
    await untilAtZero(story, "Sink", "print");
    times.note("no pod is left");
    const steps = await changes(story, "print");
    assertMatch(steps[0] ?? "", /^From 0 to 2: 20 wait/);
    assert(/^From \d to 0: nothing waits/.test(steps.at(-1) ?? ""), steps.join("\n"));
    progressOnStderr([times, ...steps].join("\n"));
  },
);
