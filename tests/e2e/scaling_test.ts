import { assert, assertEquals } from "@std/assert";
import { conditionOf } from "#base";
import { progressOnStderr } from "../../scripts/control_plane/progress.ts";
import { eventually } from "../support/eventually.ts";
import { component } from "./support/components.ts";
import { type Killer, programKiller } from "./support/killed_program.ts";
import { numbered } from "./support/messages.ts";
import {
  changes,
  ReplicaWatch,
  type Scaled,
  SLOW_CODE,
  slowFunction,
  stats,
  subscribed,
  Times,
  untilAtZero,
  WAIT,
} from "./support/scaling.ts";
import { e2eTest, type Story } from "./support/story.ts";

const SUBSCRIPTION = "slow";
/** Five minutes of work for one replica. */
const MESSAGES = 3_000;

interface Burst {
  readonly story: Story;
  readonly topics: { readonly input: string; readonly output: string };
  readonly watch: ReplicaWatch;
  readonly times: Times;
}

async function backlog({ story, topics }: Burst): Promise<number> {
  const { subscriptions } = await stats(story, topics.input);
  return subscriptions[SUBSCRIPTION]?.msgBacklog ?? NaN;
}

async function untilReady({ story, times }: Burst): Promise<void> {
  await eventually(async () => {
    const pods = await story.pods("slow-function");
    return pods.some(({ status }) => conditionOf(status.conditions, "Ready")?.status === "True");
  }, WAIT);
  times.note("the first pod is ready");
}

/** Kills the program while most of the work is still to be done, and waits until its successor says something of it. */
async function withoutProgram(burst: Burst, killer: Killer): Promise<void> {
  const { story, times, watch } = burst;
  await eventually(() => (watch.replicasOf("slow").at(-1) ?? 0) > 2, WAIT);
  times.note(`${watch.replicasOf("slow").at(-1)} replicas, ${await backlog(burst)} wait`);
  const before = await story.get<Scaled>("Function", "slow");
  const pods = await story.pods("slow-function");
  const first = watch.seen.length;
  await killer.kill();
  const left = await backlog(burst);
  times.note(`the program is killed, ${left} wait`);
  assert(left > 0, "the program was killed too late");
  await killer.untilBack();
  times.note("the next one is ready");
  const after = await eventually(async () => {
    const { spec, status } = await story.get<Scaled>("Function", "slow");
    const { scaling } = status ?? {};
    if (scaling?.reason === before.status?.scaling?.reason) return undefined;
    return { seen: watch.seen.length, replicas: spec.replicas, scaling };
  }, WAIT);
  times.note(`it says: ${after.scaling?.reason}`);
  const meanwhile = watch.seen.slice(first, after.seen);
  const fewest = Math.min(...meanwhile.map(({ replicas }) => replicas.get("slow") ?? 0));
  assertEquals(fewest, before.spec.replicas, "replicas while no program was there");
  const kept = new Set((await story.pods("slow-function")).map(({ metadata }) => metadata.uid));
  assertEquals(pods.filter(({ metadata }) => !kept.has(metadata.uid)), []);
  // What it says is what there is.
  assertEquals([after.scaling?.replicas, after.scaling?.wanted], [after.replicas, after.replicas]);
}

/** Every message was answered; tells how many more than once, as the broker gave them to another instance. */
async function assertAnswered(
  { story, topics }: Burst,
  texts: readonly string[],
): Promise<string> {
  // All answers that there are: nobody is left who could give another one.
  const count = (await stats(story, topics.output)).msgInCounter;
  const answers = (await story.toolbox.read(topics.output, { count })).map(({ text }) => text);
  const seen = new Set(answers);
  assertEquals(texts.filter((text) => !seen.has(`${text}!`)), [], "never answered");
  assertEquals(seen.size, texts.length, "answers that nobody asked for");
  const { subscriptions } = await stats(story, topics.input);
  assertEquals(subscriptions[SUBSCRIPTION]?.msgBacklog, 0);
  return `${
    answers.length - texts.length
  } of ${texts.length} messages answered twice after a redelivery`;
}

e2eTest(
  "backlog",
  "a function starts as messages arrive, scales to its backlog, goes on though the program is killed, and goes back to zero",
  async (story) => {
    const topics = { input: story.topic("in"), output: story.topic("out") };
    await subscribed(story, topics.input, { subscription: SUBSCRIPTION });
    const spec = {
      ...slowFunction(story, { ...topics, subscription: SUBSCRIPTION, seconds: 0.1 }),
      maxReplicas: 12,
      backlogScaling: { catchUp: "80s", idleAfter: "20s" },
    };
    const killer = await programKiller(story);
    await story.start({ code: SLOW_CODE, slow: component("Function", "slow", { spec }) });
    assertEquals(await story.pods("slow-function"), []);
    await using watch = new ReplicaWatch(story);
    const burst: Burst = { story, topics, watch, times: new Times() };

    const texts = numbered("message", MESSAGES);
    const sending = story.toolbox.produce(topics.input, texts)
      .then(() => burst.times.note(`all ${MESSAGES} messages are sent`));
    await Promise.all([sending, untilReady(burst), withoutProgram(burst, killer)]);
    await eventually(async () => await backlog(burst) === 0, WAIT);
    burst.times.note("nothing waits");
    await untilAtZero(story, "Function", "slow");
    burst.times.note("no pod is left");

    const steps = await changes(story, "slow");
    const most = Math.max(...watch.replicasOf("slow"));
    assertEquals(most > 2 && most <= 12, true, steps.join("\n"));
    const again = await assertAnswered(burst, texts);
    progressOnStderr([burst.times, ...steps, again].join("\n"));
  },
);
