import { assertEquals, assertMatch } from "@std/assert";
import type { RuntimeStatus } from "#api";
import { eventually } from "../support/eventually.ts";
import {
  component,
  javaFunction,
  javaOf,
  OWN_JAR,
  personSource,
  PULSAR_CONFIG,
  pythonFunction,
  type Spec,
} from "./support/components.ts";
import { assertCross, numbered } from "./support/messages.ts";
import { e2eTest, type Story } from "./support/story.ts";
import { Toolbox } from "./support/toolbox.ts";

interface Topics {
  readonly input: string;
  readonly output: string;
}

/** Instances are asked every 30 seconds, and a busy machine may take its time: one that did not answer is asked less often. */
const ROUNDS_MS = 480_000;

function failingJava(story: Story, topics: Topics): Spec {
  const className = "meshwright.e2e.FailOnBoom";
  return { ...javaFunction(story.image, topics), className, java: javaOf(OWN_JAR) };
}

function failingPython(story: Story, topics: Topics): Spec {
  return {
    ...pythonFunction(story.image, topics),
    className: "fail_on_boom.FailOnBoom",
    python: { py: "/pulsar/e2e/fail_on_boom.py" },
  };
}

/** `status.runtime` of a resource when it says what is looked for. */
async function untilRuntime(
  story: Story,
  name: string,
  isThere: (runtime: RuntimeStatus) => boolean | undefined,
): Promise<RuntimeStatus> {
  const [kind = "", resource = ""] = name.split("/");
  return await eventually(async () => {
    const runtime = (await story.get(kind, resource)).status?.["runtime"] as RuntimeStatus;
    if (runtime !== undefined && isThere(runtime)) return runtime;
    throw new Error(`${name}: ${JSON.stringify(runtime)}`);
  }, { timeoutMs: ROUNDS_MS, intervalMs: 1_000 });
}

/** What both runtimes tell after ten messages and one that fails, again and again. */
async function assertTold(story: Story, name: string, message: RegExp): Promise<void> {
  const { instances = [], ...sums } = await untilRuntime(
    story,
    `Function/${name}`,
    ({ processed, exceptions = 0, backlog }) => processed === 10 && exceptions > 0 && backlog === 1,
  );
  const [first] = instances;
  assertEquals(instances.length, 1);
  assertEquals(first?.received, 10 + (first?.userExceptions ?? 0));
  assertEquals([sums.received, sums.exceptions], [first?.received, first?.userExceptions]);
  const { origin, time = "", message: told = "" } = first?.exceptions?.[0] ?? {};
  assertEquals(origin, "user");
  assertMatch(told, message);
  for (const when of [time, first?.lastInvocation ?? ""]) {
    const ageMs = Date.now() - Date.parse(when);
    assertEquals(ageMs > -60_000 && ageMs < 1_200_000, true, when);
  }
  assertEquals((first?.averageLatencyMs ?? 0) > 0, true);
  assertEquals(sums.subscriptions?.map(({ name, backlog }) => [name, backlog]), [
    [`public/default/${name}`, 1],
  ]);
}

e2eTest("numbers", "running instances tell what they received and what failed", async (story) => {
  const java = { input: story.topic("java-in"), output: story.topic("java-out") };
  const python = { input: story.topic("python-in"), output: story.topic("python-out") };
  // Subscriptions have the names of functions.
  const [javaName, pythonName] = [`${story.namespace}-java`, `${story.namespace}-python`];
  await story.start({
    java: component("Function", javaName, { spec: failingJava(story, java) }),
    python: component("Function", pythonName, { spec: failingPython(story, python) }),
    people: component("Source", "people", {
      spec: personSource(story.image, { output: story.topic("people") }),
    }),
  });
  for (const [topics, schema] of [[java, "string"], [python, "bytes"]] as const) {
    const becomes = (text: string) => text;
    await assertCross(story, { ...topics, texts: numbered("message", 10), becomes, schema });
    await story.toolbox.produce(topics.input, ["boom"], { schema });
  }
  await assertTold(story, javaName, /IllegalArgumentException.*boom, as was asked for$/);
  await assertTold(story, pythonName, /^ValueError: boom, as was asked for$/);
  const people = await untilRuntime(story, "Source/people", ({ processed = 0 }) => processed > 0);
  assertEquals([people.exceptions, people.backlog, people.backlogProblem], [
    0,
    undefined,
    undefined,
  ]);
  const before = await story.get("Function", javaName);
  await story.toolbox.produce(java.input, ["boom"]);
  await untilRuntime(story, `Function/${javaName}`, ({ backlog }) => backlog === 2);
  const after = await story.get("Function", javaName);
  assertEquals(after.status?.["conditions"], before.status?.["conditions"]);
  assertEquals((await story.pods(javaName)).map(restarts), [0]);
  await story.record("numbers of running instances");
});

function restarts(pod: Awaited<ReturnType<Story["pods"]>>[number]): number {
  const all = pod.status.containerStatuses ?? [];
  return all.reduce((sum, { restartCount }) => sum + restartCount, 0);
}

e2eTest(
  "backlog",
  "what waits for a stopped function is in its status, asked with its token",
  async (story) => {
    const { secureBroker } = story.setting;
    const topics = { input: story.topic("in"), output: story.topic("out") };
    const parameters = `token:${secureBroker.functionsToken}`;
    await story.cluster.apply([{
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "pulsar-token", namespace: story.namespace },
      stringData: {
        clientAuthenticationPlugin: "org.apache.pulsar.client.impl.auth.AuthenticationToken",
        clientAuthenticationParameters: parameters,
      },
    }]);
    const spec = {
      ...failingJava(story, topics),
      pulsar: { pulsarConfig: PULSAR_CONFIG, authSecret: "pulsar-token" },
    };
    await story.start({
      pulsar: story.pulsarConfig(secureBroker),
      waiting: component("Function", "waiting", { spec }),
    });
    await using toolbox = new Toolbox(story.setting, {
      ...secureBroker,
      token: secureBroker.adminToken,
    });
    const becomes = (text: string) => text;
    await assertCross({ toolbox }, { ...topics, texts: numbered("before", 3), becomes });
    // Its token is shown to nobody before one of its pods was ready with it.
    await untilRuntime(story, "Function/waiting", ({ backlog }) => backlog === 0);
    const stopped = component("Function", "waiting", { spec: { ...spec, replicas: 0 } });
    await story.untilHealthy(await story.commit({ waiting: stopped }));
    await eventually(async () => (await story.pods("waiting-function")).length === 0, {
      timeoutMs: 60_000,
      intervalMs: 250,
    });
    await toolbox.produce(topics.input, numbered("kept", 7), { intervalMs: 20 });
    const runtime = await untilRuntime(story, "Function/waiting", ({ backlog }) => backlog === 7);
    assertEquals(runtime, {
      backlog: 7,
      subscriptions: [{ topic: topics.input, name: "public/default/waiting", backlog: 7 }],
    });
    const said = JSON.stringify(await story.get("Function", "waiting"));
    assertEquals(said.includes(secureBroker.functionsToken), false);
  },
);
