import { assertEquals, assertMatch } from "@std/assert";
import { progressOnStderr } from "../../scripts/control_plane/progress.ts";
import { eventually } from "../support/eventually.ts";
import { component } from "./support/components.ts";
import { programKiller } from "./support/killed_program.ts";
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
import { e2eTest } from "./support/story.ts";
import { tokenSecret, WITH_TOKEN } from "./support/token.ts";
import { Toolbox } from "./support/toolbox.ts";

const SUBSCRIPTION = "guarded";

e2eTest(
  "credentials",
  "a function at zero whose broker asks for a token starts for what waits, and for nothing else, though the program is killed",
  async (story) => {
    const { secureBroker } = story.setting;
    const topics = { input: story.topic("in"), output: story.topic("out") };
    await using toolbox = new Toolbox(story.setting, {
      ...secureBroker,
      token: secureBroker.adminToken,
    });
    await subscribed({ toolbox }, topics.input, { subscription: SUBSCRIPTION });
    await story.cluster.apply([tokenSecret(story, secureBroker.functionsToken)]);
    const spec = {
      ...slowFunction(story, { ...topics, subscription: SUBSCRIPTION, seconds: 0.1 }),
      pulsar: WITH_TOKEN,
      maxReplicas: 3,
      backlogScaling: { idleAfter: "20s", maxBacklogPerReplica: 10 },
    };
    const times = new Times();
    const killer = await programKiller(story);
    await story.start({
      pulsar: story.pulsarConfig(secureBroker),
      code: SLOW_CODE,
      slow: component("Function", "slow", { spec }),
    });
    // Nobody is shown a token before one of the component's own pods was ready with it.
    await eventually(async () => {
      const { status } = await story.get<Scaled>("Function", "slow");
      return status?.scaling?.askedAs !== undefined;
    }, WAIT);
    times.note("a pod was ready with the token");
    await untilAtZero(story, "Function", "slow");
    times.note("no pod is left");

    await killer.kill();
    await killer.untilBack();
    times.note("the next program is ready");
    await using watch = new ReplicaWatch(story);
    const texts = numbered("message", 20);
    await toolbox.produce(topics.input, texts);
    await eventually(() => watch.replicasOf("slow").some((replicas) => replicas > 0), WAIT);
    times.note(`${watch.replicasOf("slow").at(-1)} replicas`);
    await eventually(async () => {
      const { subscriptions } = await stats({ toolbox }, topics.input);
      return subscriptions[SUBSCRIPTION]?.msgBacklog === 0;
    }, WAIT);
    const answers = await toolbox.read(topics.output, { texts: texts.map((text) => `${text}!`) });
    assertEquals(new Set(answers.map(({ text }) => text)).size, texts.length);
    await untilAtZero(story, "Function", "slow");
    times.note("every message is answered, no pod is left");

    const steps = await changes(story, "slow");
    assertMatch(steps[0] ?? "", /^From 0 to 1: /);
    assertMatch(steps[1] ?? "", /^From 1 to 0: nothing waits/);
    assertMatch(steps[2] ?? "", /^From 0 to 2: 20 wait/);
    progressOnStderr([times, ...steps].join("\n"));
  },
);
