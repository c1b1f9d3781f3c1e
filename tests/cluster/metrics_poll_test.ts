import { assertEquals } from "@std/assert";
import type { RuntimeStatus } from "#api";
import type { Condition, KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import { type ControllerStory, controllerTest, userFunction } from "../support/controller_story.ts";
import {
  ANSWERS,
  grpcAnswer,
  HAS_LOOPBACK_NETWORK,
  instanceDouble,
} from "../support/instance_double.ts";

const cluster = testCluster();
/** Often enough for a test, and slow enough for a pass that should not be to show itself. */
const metricsPollIntervalMs = 300;

function pollTest(name: string, test: (story: ControllerStory) => Promise<void>): void {
  if (HAS_LOOPBACK_NETWORK) controllerTest(name, { cluster, metricsPollIntervalMs }, test);
  else Deno.test.ignore(name, () => {});
}

interface Polled extends KubeObject {
  readonly status?: {
    readonly observedGeneration: number;
    readonly conditions: readonly Condition[];
    readonly runtime?: RuntimeStatus;
  };
}

/** Has the pod of simulated nodes say that it is where an instance answers. */
async function moveTo(story: ControllerStory, pod: string, ip: string): Promise<void> {
  await story.patch(
    `pod/${pod}`,
    { status: { podIP: ip, podIPs: [{ ip }] } },
    "--subresource=status",
  );
}

async function untilRuntime(
  story: ControllerStory,
  name: string,
  isThere: (runtime: RuntimeStatus) => boolean,
): Promise<Polled> {
  return await eventually(async () => {
    const object = await story.get<Polled>(name);
    const { runtime } = object.status ?? {};
    if (runtime !== undefined && isThere(runtime)) return object;
    throw new Error(`not yet: ${JSON.stringify(object.status?.runtime)}`);
  });
}

async function passes(story: ControllerStory): Promise<number> {
  return await story.controller.metric("mesh_reconcile_total");
}

pollTest(
  "what instances say is in the status: one that answers, one that hangs, one that refuses",
  async (story) => {
    const never = Promise.withResolvers<Response>();
    await using _hung = instanceDouble("127.9.2.2", () => never.promise);
    await using answering = instanceDouble("127.9.2.1", () => grpcAnswer(ANSWERS.javaFunction));
    await story.apply(userFunction("orders", { replicas: 3 }));
    await story.untilReady("function/orders");
    for (const [index, ip] of ["127.9.2.1", "127.9.2.2", "127.9.2.3"].entries()) {
      await moveTo(story, `orders-function-${index}`, ip);
    }
    const { status } = await untilRuntime(
      story,
      "function/orders",
      ({ instances = [] }) =>
        instances.length === 3 && instances[0]?.received === 6 &&
        instances[1]?.problem === "no answer in 3 s" &&
        instances[2]?.problem === "connection refused",
    );
    const [first, ...others] = status?.runtime?.instances ?? [];
    assertEquals([first?.received, first?.processed, first?.userExceptions], [6, 3, 3]);
    assertEquals(
      first?.exceptions?.map(({ message }) => message),
      ['[java.lang.IllegalArgumentException]: cannot take "bad1"'],
    );
    assertEquals(others, [
      { ordinal: 1, problem: "no answer in 3 s" },
      { ordinal: 2, problem: "connection refused" },
    ]);
    assertEquals([status?.runtime?.received, status?.runtime?.exceptions], [6, 3]);
    assertEquals(status?.runtime?.backlogProblem, "ConfigMap pulsar does not exist");
    const columns = await story.kubectl("get", "fn", "orders", "-o", "wide", "--no-headers");
    assertEquals(/\s3\s+3\s+\S+\s/.test(columns), true, columns);
    assertEquals(answering.calls > 0, true);
    never.resolve(new Response());
  },
);

pollTest("numbers start no pass, and change nothing else", async (story) => {
  let answer = ANSWERS.javaFunction;
  await using instance = instanceDouble("127.9.2.5", () => grpcAnswer(answer));
  await story.apply(userFunction("orders"));
  await story.untilReady("function/orders");
  await moveTo(story, "orders-function-0", "127.9.2.5");
  const before = await untilRuntime(story, "function/orders", ({ received }) => received === 6);
  // The move itself was a change of a pod.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const [passesBefore, callsBefore] = [await passes(story), instance.calls];
  answer = ANSWERS.javaSource;
  const after = await untilRuntime(story, "function/orders", ({ received }) => received !== 6);
  assertEquals(after.status?.conditions, before.status?.conditions);
  assertEquals(after.status?.observedGeneration, before.status?.observedGeneration);
  assertEquals(after.metadata.generation, before.metadata.generation);
  await eventually(() => instance.calls >= callsBefore + 8);
  const later = await story.get<Polled>("function/orders");
  assertEquals(later.metadata.resourceVersion, after.metadata.resourceVersion);
  assertEquals(await passes(story), passesBefore);
});

pollTest(
  "the reconciler's own writes keep the numbers, and the numbers go with the pods",
  async (story) => {
    await using _instance = instanceDouble("127.9.2.7", () => grpcAnswer(ANSWERS.pythonFunction));
    await story.apply(userFunction("orders"));
    await story.untilReady("function/orders");
    await moveTo(story, "orders-function-0", "127.9.2.7");
    await untilRuntime(story, "function/orders", ({ received }) => received === 6);
    await story.kubectl("scale", "fn/orders", "--replicas=2");
    await story.untilReady("function/orders", /2\/2 pods ready/);
    const scaled = await story.get<Polled>("function/orders");
    assertEquals(scaled.status?.runtime?.received, 6);
    await story.kubectl("scale", "fn/orders", "--replicas=0");
    const { status } = await untilRuntime(
      story,
      "function/orders",
      ({ instances, received }) => instances === undefined && received === undefined,
    );
    assertEquals(status?.runtime, { backlogProblem: "ConfigMap pulsar does not exist" });
  },
);
