import { assertEquals } from "@std/assert";
import { eventually, testCluster } from "../support/control_plane.ts";
import {
  deleteOrders,
  FINALIZER,
  JOB,
  ordersFunction,
  untilGone,
  untilHeld,
} from "../support/cleanup_story.ts";
import { type ControllerStory, controllerTest } from "../support/controller_story.ts";

const cluster = testCluster();

async function untilFinalizers(story: ControllerStory, wanted: readonly string[]): Promise<void> {
  await eventually(async () => {
    const { finalizers = [] } = (await story.get("function/orders")).metadata;
    return JSON.stringify(finalizers) === JSON.stringify(wanted);
  });
}

controllerTest(
  "a clean-up that will be needed costs a finalizer and no pod (W-4, W-29)",
  { cluster },
  async (story) => {
    await story.apply(ordersFunction({}, { finalizers: ["example.org/mine"] }));
    const held = await untilHeld(story);
    assertEquals(held.metadata.finalizers, ["example.org/mine", FINALIZER]);
    assertEquals(held.metadata.generation, 1, "nothing else was written");
    const managers = JSON.parse(
      await story.kubectl("get", "function/orders", "--show-managed-fields", "-o", "json"),
    ).metadata.managedFields as readonly ManagedFields[];
    const own = managers.find(({ manager }) => manager === "meshwright-finalizer");
    assertEquals(Object.keys(own?.fieldsV1 ?? {}), ["f:metadata"]);
    assertEquals(await story.list("jobs"), []);
    await story.patch("function/orders", { metadata: { finalizers: [FINALIZER] } });
    await untilFinalizers(story, [FINALIZER]);
  },
);

controllerTest(
  "a clean-up that is switched off later takes the finalizer off, and on puts it on (W-13)",
  { cluster },
  async (story) => {
    await story.apply(ordersFunction());
    await untilHeld(story);
    const off = [
      { annotations: { "compute.functionmesh.io/need-cleanup": "false" } },
      { labels: { "compute.functionmesh.io/pulsar-cluster": "" } },
      { labels: { "pulsar-cluster": "x" } },
    ];
    for (const metadata of off) {
      await story.patch("function/orders", { metadata });
      await untilFinalizers(story, []);
      const [[member, names]] = Object.entries(metadata) as [[string, Record<string, string>]];
      const without = Object.fromEntries(Object.keys(names).map((name) => [name, null]));
      await story.patch("function/orders", { metadata: { [member]: without } });
      await untilFinalizers(story, [FINALIZER]);
    }
    await story.patch("function/orders", { spec: { cleanupSubscription: false } });
    await untilFinalizers(story, []);
  },
);

controllerTest(
  "a clean-up that is switched off while a deletion waits lets go (W-13)",
  { cluster },
  async (story) => {
    // Its pods never succeed, so that the deletion waits.
    await story.apply(ordersFunction({ pod: { labels: { "meshwright.test/fail": "NotReady" } } }));
    await eventually(async () => {
      const { finalizers } = (await story.get("function/orders")).metadata;
      return finalizers?.includes(FINALIZER);
    });
    await deleteOrders(story);
    await eventually(() => story.find(JOB));
    await story.kubectl(
      "annotate",
      "function/orders",
      "compute.functionmesh.io/need-cleanup=false",
    );
    await untilGone(story, "function/orders");
    await untilGone(story, JOB);
  },
);

controllerTest(
  "a Function without topics has nothing to clean up and is not held (W-37)",
  { cluster },
  async (story) => {
    await story.apply(ordersFunction());
    await untilHeld(story);
    await story.patch("function/orders", { spec: { input: { topics: [] } } });
    await untilFinalizers(story, []);
    await story.kubectl("delete", "function/orders", "--timeout=5s");
    assertEquals(await story.list("jobs"), []);
  },
);

interface ManagedFields {
  readonly manager: string;
  readonly fieldsV1: object;
}
