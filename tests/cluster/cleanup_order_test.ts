import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { eventually, testCluster } from "../support/control_plane.ts";
import {
  deleteOrders,
  JOB,
  ordersFunction,
  untilEvent,
  untilGone,
  untilHeld,
  untilNone,
} from "../support/cleanup_story.ts";
import { controllerTest } from "../support/controller_story.ts";

const cluster = testCluster();

controllerTest(
  "a deletion ends the pods first, then removes the subscription, and leaves nothing (W-27, W-29)",
  { cluster },
  async (story) => {
    await story.apply(ordersFunction({ maxReplicas: 3 }));
    await untilHeld(story);
    // A pod that takes its time to end.
    const finalizers = (names: readonly string[]) =>
      story.patch("pod/orders-function-0", { metadata: { finalizers: names } });
    await finalizers(["example.org/slow"]);
    await deleteOrders(story);
    const waiting = await story.untilReady(
      "function/orders",
      /^False CleaningUp: Waiting for 1 pod/,
    );
    assertMatch(waiting, /gives up at \d{4}-.*Z$/);
    assertEquals(await story.list("jobs"), []);
    await story.kubectl("delete", "service/orders-function-headless");
    await eventually(async () =>
      (await story.get("statefulset/orders-function")).metadata.deletionTimestamp !== undefined
    );
    assertEquals(await story.find("service/orders-function-headless"), undefined);
    await finalizers([]);
    await untilGone(story, "function/orders");
    assertEquals(
      await untilEvent(story, "CleanupSucceeded"),
      "Normal CleanupSucceeded Removed from Pulsar: " +
        "subscription public/default/orders of persistent://public/default/in",
    );
    await untilNone(story, "statefulsets", "services", "hpa", "jobs", "pods");
    const events = await story.events("function/orders");
    // Its children were made once, by one pass.
    assertEquals(
      events.filter((event) => event.includes("Created Created")).length,
      1,
      `${events}`,
    );
  },
);

controllerTest(
  "the pods of a clean-up are no pods of the component: not for Services, scale or status (W-35)",
  { cluster },
  async (story) => {
    await story.apply(ordersFunction({ pod: { labels: { "meshwright.test/fail": "NotReady" } } }));
    await story.untilReady("function/orders", /^False ContainerNotReady/);
    const { selector } = (await story.get<Scaled>("function/orders")).status;
    const service = await story.get<Selecting>("service/orders-function-headless");
    await deleteOrders(story);
    await eventually(() => story.find(JOB));
    const pods = await eventually(async () => {
      const found = await story.list("pods", "-l", "compute.functionmesh.io/cleanup-of=function");
      return found.length > 0 && found;
    });
    assertEquals(pods.length, 1);
    const selectors = [
      selector,
      Object.entries(service.spec.selector).map(([name, value]) => `${name}=${value}`).join(","),
    ];
    for (const labels of selectors) assertEquals(await story.list("pods", "-l", labels), []);
    await story.untilReady(
      "function/orders",
      /^False CleaningUp: Attempt 1 .*runs but is not ready/,
    );
    const status = (await story.get<Scaled>("function/orders")).status;
    assertEquals([status.replicas, status.readyReplicas], [0, 0]);
    await story.kubectl("annotate", "function/orders", "compute.functionmesh.io/cleanup=skip");
    await untilGone(story, "function/orders");
  },
);

interface Scaled extends KubeObject {
  readonly status: {
    readonly selector: string;
    readonly replicas: number;
    readonly readyReplicas: number;
  };
}

interface Selecting extends KubeObject {
  readonly spec: { readonly selector: Readonly<Record<string, string>> };
}
