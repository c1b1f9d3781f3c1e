import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { VERSION } from "../../src/version.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import {
  type ControllerStory,
  controllerTest,
  kubectlIn,
  userFunction,
} from "../support/controller_story.ts";
import { runningController } from "../support/running_controller.ts";

const cluster = testCluster();

const STATEFUL_SET = "statefulset/orders-function";
const RENDERED = "compute.functionmesh.io/rendered";
const ROLLOUT = "compute.functionmesh.io/rollout";
const MARK = "example/older-runner:0";

interface StatefulSet extends KubeObject {
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly image: string }[] };
    };
  };
  readonly status: { readonly updateRevision: string };
}

interface Status extends KubeObject {
  readonly status: { readonly renderedBy?: string; readonly pendingChange?: string };
}

/**
 * A Function as version 0.0.1 left it, which would have rendered another image: its template, and its note about that.
 * The next start is the upgrade.
 */
async function upgraded(story: ControllerStory): Promise<StatefulSet> {
  await story.apply(userFunction("orders"));
  await story.untilReady("function/orders");
  await story.apply(userFunction("other"));
  await story.untilReady("function/other");
  await story.controller[Symbol.asyncDispose]();
  const { metadata } = await story.get(STATEFUL_SET);
  const record = JSON.parse(metadata.annotations?.[RENDERED] ?? "");
  assertEquals(record.by, VERSION);
  const old = JSON.stringify({ ...record, by: "0.0.1", template: "another" });
  const containers = [{ name: "pulsar-function", image: MARK }];
  await story.kubectl(
    ...["patch", STATEFUL_SET, "--type=strategic", "-p"],
    JSON.stringify({
      metadata: { annotations: { [RENDERED]: old } },
      spec: { template: { spec: { containers } } },
    }),
  );
  await story.kubectl("rollout", "status", STATEFUL_SET, "--timeout=30s");
  const left = await story.get<StatefulSet>(STATEFUL_SET);
  assertEquals(imageOf(left), MARK);
  return left;
}

controllerTest(
  "what an older version rendered is left alone, and said, until the resource is edited (W-57)",
  { cluster },
  async (story) => {
    const left = await upgraded(story);
    await story.restart();
    const said = await story.untilReady("function/orders", /rendered by version 0\.0\.1/);
    assertMatch(said, /^True Ready: 1\/1 pods ready; .*1 changed field waits until the next edit/);
    const { status } = await story.get<Status>("function/orders");
    assertEquals(status.renderedBy, "0.0.1");
    assertEquals(status.pendingChange, `StatefulSet ${IMAGE_PATH}`);
    assertEquals(status.pendingChange?.includes(MARK), false);
    // Scaling it is no edit of its pods.
    await story.kubectl("scale", "fn/orders", "--replicas=2");
    await eventually(async () => (await story.get<StatefulSet>(STATEFUL_SET)).spec.replicas === 2);
    const scaled = await story.get<StatefulSet>(STATEFUL_SET);
    assertEquals(scaled.spec.template, left.spec.template);
    await story.patch("function/orders", { spec: { maxMessageRetry: 3 } });
    await rolledOut(story);
    const after = await story.get<Status>("function/orders");
    assertEquals(after.status.renderedBy, VERSION);
    assertEquals(after.status.pendingChange, undefined);
    // The program that is the same as before holds nothing.
    const other = await story.get<Status>("function/other");
    assertEquals(other.status.pendingChange, undefined);
  },
);

controllerTest(
  "what an older version rendered is rolled out by annotation, for each new value",
  { cluster },
  async (story) => {
    await upgraded(story);
    await story.restart();
    await story.untilReady("function/orders", /rendered by version 0\.0\.1/);
    await story.kubectl("annotate", "fn/orders", `${ROLLOUT}=1`);
    await rolledOut(story);
  },
);

Deno.test("--rollout-on-upgrade rolls out what an older version rendered", async () => {
  await using space = await cluster.namespace();
  const story = kubectlIn(cluster, space.name);
  const choices = { watchedNamespace: space.name };
  const controller = await runningController(cluster, choices);
  await upgraded({ ...story, controller, restart: () => Promise.resolve() });
  await using _after = await runningController(cluster, { ...choices, rolloutOnUpgrade: true });
  await rolledOut(story);
});

const IMAGE_PATH = "spec.template.spec.containers[pulsar-function].image";

async function rolledOut(story: Pick<ControllerStory, "get" | "untilReady">): Promise<void> {
  await eventually(async () =>
    imageOf(await story.get<StatefulSet>(STATEFUL_SET)) === "example/runner:1"
  );
  await story.untilReady("function/orders", /^True Ready: \d\/\d pods ready$/);
}

function imageOf({ spec }: StatefulSet): string | undefined {
  return spec.template.spec.containers[0]?.image;
}
