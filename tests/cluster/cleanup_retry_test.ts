import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually, FAIL, FAIL_MESSAGE, testCluster } from "../support/control_plane.ts";
import {
  attemptOf,
  deleteOrders,
  JOB,
  ordersFunction,
  scriptOf,
  untilEvent,
  untilGone,
  untilJob,
} from "../support/cleanup_story.ts";
import { controllerTest } from "../support/controller_story.ts";

const cluster = testCluster();

const REFUSED = { [FAIL]: "Error", [FAIL_MESSAGE]: "Reason: HTTP 401 Unauthorized" };

controllerTest(
  "a clean-up that fails says why and is tried again with a new Job (W-31, W-33)",
  { cluster },
  async (story) => {
    await story.apply(ordersFunction({ pod: { annotations: REFUSED } }));
    await story.untilReady("function/orders", /^False /);
    await deleteOrders(story);
    const first = await untilJob(story);
    const failed = await story.untilReady("function/orders", /^False CleanupFailed/);
    assertMatch(
      failed,
      /Attempt 1 failed: Pod orders-function-cleanup-\w+ ended with exit code 1: Reason: HTTP 401 Unauthorized; trying again at/,
    );
    assertStringIncludes(
      await untilEvent(story, "CleanupFailed"),
      "Warning CleanupFailed Attempt 1 failed: ",
    );
    const second = await untilJob(story, (job) => job.metadata.uid !== first.metadata.uid);
    assertEquals([attemptOf(first), attemptOf(second)], ["1", "2"]);
    await story.untilReady("function/orders", /^False CleanupFailed: Attempt 2 failed/);
    assertEquals((await story.list("pods")).length, 1, "pods of a former attempt are gone");
  },
);

controllerTest(
  "a clean-up follows the resource as it is now, even while it fails (W-34)",
  { cluster },
  async (story) => {
    await story.apply(ordersFunction({ pod: { annotations: REFUSED } }));
    await story.untilReady("function/orders", /^False /);
    await story.patch("function/orders", { spec: { subscriptionName: "second" } });
    await deleteOrders(story);
    await story.untilReady("function/orders", /^False CleanupFailed/);
    const job = await untilJob(story);
    assertStringIncludes(scriptOf(job), "topics unsubscribe -s second persistent://");
    // Mended, it does not wait for its next turn.
    await story.patch("function/orders", {
      spec: { subscriptionName: "third", pod: { annotations: { [FAIL]: null } } },
    });
    await untilGone(story, "function/orders");
    assertMatch(await untilEvent(story, "CleanupSucceeded"), /subscription third of/);
  },
);

controllerTest(
  "a clean-up whose Job or pod was taken away is made again (W-32)",
  { cluster },
  async (story) => {
    await story.apply(ordersFunction({ pod: { labels: { [FAIL]: "NotReady" } } }));
    await story.untilReady("function/orders", /^False ContainerNotReady/);
    await deleteOrders(story);
    const first = await untilJob(story);
    await story.kubectl("delete", JOB);
    const second = await untilJob(story, (job) => job.metadata.uid !== first.metadata.uid);
    const pod = await eventually(async () =>
      (await story.list("pods", "-l", `batch.kubernetes.io/controller-uid=${second.metadata.uid}`))[
        0
      ]
    );
    await story.kubectl("delete", "pod", pod.metadata.name, "--wait=false");
    const third = await untilJob(story, (job) => attemptOf(job) === "2");
    assertEquals(third.metadata.uid === second.metadata.uid, false);
    await story.patch("function/orders", { spec: { pod: { labels: { [FAIL]: null } } } });
    await untilGone(story, "function/orders");
  },
);

controllerTest(
  "a clean-up goes on where it was when the program is restarted (W-31)",
  { cluster },
  async (story) => {
    await story.apply(ordersFunction({ pod: { labels: { [FAIL]: "NotReady" } } }));
    await story.untilReady("function/orders", /^False ContainerNotReady/);
    await deleteOrders(story);
    const job = await untilJob(story);
    await story.restart();
    await story.untilReady("function/orders", /^False CleaningUp: Attempt 1/);
    assertEquals((await untilJob(story)).metadata.uid, job.metadata.uid);
    const [pod] = await story.list("pods");
    await story.kubectl("label", "pod", pod?.metadata.name ?? "", `${FAIL}-`);
    await untilGone(story, "function/orders");
    await untilEvent(story, "CleanupSucceeded");
  },
);

controllerTest(
  "a batch source's clean-up removes its topic, with the credentials for cleaning up (W-30)",
  { cluster },
  async (story) => {
    const oauth2 = (key: string) => ({
      oauth2Config: {
        audience: "a",
        issuerUrl: "https://i",
        keySecretName: "s",
        keySecretKey: key,
      },
    });
    const { metadata } = ordersFunction();
    await story.apply({
      apiVersion: "compute.functionmesh.io/v1alpha1",
      kind: "Source",
      metadata,
      spec: {
        className: "org.example.Source",
        image: "example/runner:1",
        output: { topic: "persistent://public/default/out" },
        pulsar: {
          pulsarConfig: "pulsar",
          authConfig: oauth2("run.json"),
          cleanupAuthConfig: oauth2("clean.json"),
        },
        java: { jar: "/pulsar/source.nar" },
        sourceConfig: {},
        batchSourceConfig: { discoveryTriggererClassName: "org.example.Trigger" },
        pod: { labels: { [FAIL]: "NotReady" } },
      },
    });
    await story.untilReady("source/orders", /^False ContainerNotReady/);
    await story.kubectl("delete", "source/orders", "--wait=false");
    const job = await eventually(() => story.find("job/orders-source-cleanup"));
    const text = JSON.stringify(job);
    assertStringIncludes(text, "/etc/oauth2/clean.json");
    assertEquals(text.includes("run.json"), false);
    assertStringIncludes(text, "topics delete -f persistent://public/default/orders-intermediate");
    const pods = await eventually(async () => {
      const found = await story.list("pods", "-l", "compute.functionmesh.io/cleanup-of=source");
      return found.length > 0 && found;
    });
    await story.kubectl("label", "pod", pods[0]?.metadata.name ?? "", `${FAIL}-`);
    await untilGone(story, "source/orders");
  },
);
