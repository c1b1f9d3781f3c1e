import { assert, assertEquals } from "@std/assert";
import { progressOnStderr } from "../../scripts/control_plane/progress.ts";
import { eventually } from "../support/eventually.ts";
import { component } from "./support/components.ts";
import { numbered } from "./support/messages.ts";
import {
  changes,
  ReplicaWatch,
  type Sample,
  SLOW_CODE,
  slowFunction,
  stats,
  subscribed,
  Times,
  WAIT,
} from "./support/scaling.ts";
import { e2eTest, type Story } from "./support/story.ts";

const MESSAGES = 400;
const BUDGET = 5;
/** Seconds that each function of the mesh takes for a message: the one in the middle is the bottleneck. */
const SECONDS = { parse: 0.01, enrich: 0.2, store: 0.01 };
const NAMES = ["parse", "enrich", "store"] as const;

function totalOf({ replicas }: Sample): number {
  return [...replicas.values()].reduce((sum, count) => sum + count, 0);
}

/** One after the other, from the topic `0` to the topic `3`. */
function meshOf(story: Story) {
  const functions = NAMES.map((name, index) => ({
    name,
    ...slowFunction(story, {
      input: story.topic(`${index}`),
      output: story.topic(`${index + 1}`),
      subscription: name,
      seconds: SECONDS[name],
    }),
    maxReplicas: 4,
  }));
  const backlogScaling = { catchUp: "20s", idleAfter: "20s" };
  const spec = { backlogScaling, maxReplicasTotal: BUDGET, functions };
  return component("FunctionMesh", "shop", { spec });
}

e2eTest(
  "budget",
  "three chained functions share the budget of their mesh, and the bottleneck gets most of it",
  async (story) => {
    for (const [index, name] of NAMES.entries()) {
      await subscribed(story, story.topic(`${index}`), { subscription: name });
    }
    await story.start({ code: SLOW_CODE, mesh: meshOf(story) });
    await using watch = new ReplicaWatch(story);
    const times = new Times();
    const texts = numbered("message", MESSAGES);
    await story.toolbox.produce(story.topic("0"), texts);
    times.note(`all ${MESSAGES} messages are sent`);
    for (const [index, name] of NAMES.entries()) {
      await eventually(async () => {
        const { subscriptions, msgInCounter } = await stats(story, story.topic(`${index}`));
        return msgInCounter >= MESSAGES && subscriptions[name]?.msgBacklog === 0;
      }, WAIT);
      times.note(`nothing waits for ${name}`);
    }
    const output = story.topic("3");
    const wanted = texts.map((text) => `${text}!!!`);
    const seen = new Set(
      (await story.toolbox.read(output, { texts: wanted })).map((one) => one.text),
    );
    assertEquals(wanted.filter((text) => !seen.has(text)), [], "lost on the way");

    const steps = await Promise.all(NAMES.map((name) => changes(story, `shop-${name}`)));
    const told = NAMES.flatMap((name, index) =>
      (steps[index] ?? []).map((step) => `${name}: ${step}`)
    );
    const totals = watch.seen.map(totalOf);
    assert(Math.max(...totals) <= BUDGET, `more than the budget: ${totals.join(" ")}`);
    const most = (name: string) => Math.max(...watch.replicasOf(`shop-${name}`));
    const peaks = NAMES.map((name) => `${name} ${most(name)}`).join(", ");
    assert(Math.max(most("parse"), most("store")) < most("enrich"), `${peaks}\n${told.join("\n")}`);
    const peak = `most at a time: ${peaks}, together ${Math.max(...totals)}`;
    progressOnStderr([times, ...told, peak].join("\n"));
  },
);
