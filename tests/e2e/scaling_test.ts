import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { progressOnStderr } from "../../scripts/control_plane/progress.ts";
import { eventually } from "../support/eventually.ts";
import { component, pythonFunction } from "./support/components.ts";
import { adminPath, numbered } from "./support/messages.ts";
import { e2eTest, type Story } from "./support/story.ts";

const SUBSCRIPTION = "slow";
/** One replica works on them for a minute, so that there is time to see that it is too slow. */
const MESSAGES = 600;
const WAIT = { timeoutMs: 240_000, intervalMs: 500 };

/** A function that takes its time, as most that are worth scaling. */
const SLOW = `import time

from pulsar import Function


class Slow(Function):
    def process(self, input, context):
        time.sleep(0.1)
        return input + "!"
`;

interface Stats {
  readonly msgInCounter: number;
  readonly subscriptions: Readonly<Record<string, { readonly msgBacklog: number }>>;
}

async function stats({ toolbox }: Story, topic: string): Promise<Stats> {
  const { status, text } = await toolbox.admin("GET", `${adminPath(topic)}/stats`);
  assertEquals(status, 200, text);
  return JSON.parse(text);
}

async function backlog(story: Story, topic: string): Promise<number | undefined> {
  return (await stats(story, topic)).subscriptions[SUBSCRIPTION]?.msgBacklog;
}

/** What the Events tell of each change, the first one first. */
async function changes(story: Story): Promise<string[]> {
  const text = await story.kubectl("get", "events", "-o", "json");
  interface Told extends KubeObject {
    readonly reason?: string;
    readonly message?: string;
    readonly firstTimestamp?: string | null;
    readonly eventTime?: string | null;
  }
  const { items } = JSON.parse(text) as { readonly items: readonly Told[] };
  const timeOf = (event: Told) => event.eventTime ?? event.firstTimestamp ?? "";
  return items.filter(({ reason }) => reason === "Scaled")
    .sort((a, b) => timeOf(a) < timeOf(b) ? -1 : 1)
    .map(({ message = "" }) => message);
}

async function untilDrained(story: Story, topic: string): Promise<void> {
  await eventually(async () => {
    assertEquals(await backlog(story, topic), 0, JSON.stringify(await changes(story)));
    return true;
  }, WAIT);
}

async function untilAtZero(story: Story): Promise<void> {
  await eventually(async () => {
    assertEquals(
      await story.kubectl("get", "function/slow", "-o", "jsonpath={.spec.replicas}"),
      "0",
    );
    assertEquals((await story.pods("slow-function")).length, 0);
    assertMatch((await changes(story)).at(-1) ?? "", /^From \d+ to 0:/);
    return true;
  }, WAIT);
}

e2eTest(
  "backlog",
  "a function starts as messages arrive, scales to its backlog, and goes back to zero",
  async (story) => {
    const [input, output] = [story.topic("in"), story.topic("out")];
    const subscribed = await story.toolbox.admin(
      "PUT",
      `${adminPath(input)}/subscription/${SUBSCRIPTION}`,
    );
    assertEquals(subscribed.status, 204, subscribed.text);
    await story.cluster.apply([{
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "code", namespace: story.namespace },
      data: { "slow.py": SLOW },
    }]);
    const spec = {
      ...pythonFunction(story.image, { input, output }),
      className: "slow.Slow",
      python: { py: "/code/slow.py" },
      subscriptionName: SUBSCRIPTION,
      pod: {
        terminationGracePeriodSeconds: 10,
        volumes: [{ name: "code", configMap: { name: "code" } }],
      },
      volumeMounts: [{ name: "code", mountPath: "/code" }],
      replicas: 0,
      minReplicas: 0,
      maxReplicas: 4,
      backlogScaling: { catchUp: "20s", idleAfter: "20s" },
    };
    await story.start({ slow: component("Function", "slow", { spec }) });
    assertEquals(await story.pods("slow-function"), []);

    const texts = numbered("message", MESSAGES);
    await story.toolbox.produce(input, texts);
    await untilDrained(story, input);
    await untilAtZero(story);

    const steps = await changes(story);
    const ups = steps.map((step) =>
      step.match(/^From (\d+) to (\d+):/)?.slice(1).map(Number) ?? []
    );
    assertEquals(ups[0]?.[0], 0, steps.join("\n"));
    const most = Math.max(...ups.map(([, to = 0]) => to));
    assertEquals(most > 1 && most <= 4, true, steps.join("\n"));

    // All answers that there are: nobody is left who could give another one.
    const count = (await stats(story, output)).msgInCounter;
    const answers = (await story.toolbox.read(output, { count })).map(({ text }) => text);
    const seen = new Set(answers);
    assertEquals(texts.filter((text) => !seen.has(`${text}!`)), [], "never answered");
    assertEquals(seen.size, MESSAGES, "answers that nobody asked for");
    assertEquals(await backlog(story, input), 0);
    const again = `${answers.length - MESSAGES} answers came again after a redelivery`;
    progressOnStderr([...steps, again].join("\n"));
  },
);
