import { assertEquals, assertMatch } from "@std/assert";
import { eventually, FAIL, FAIL_MESSAGE, testCluster } from "../support/control_plane.ts";
import {
  deleteOrders,
  FINALIZER,
  JOB,
  ordersFunction,
  untilEvent,
  untilGone,
  untilHeld,
  untilJob,
  untilNone,
} from "../support/cleanup_story.ts";
import { controllerTest } from "../support/controller_story.ts";

const cluster = testCluster();

const LEFT = "subscription public/default/orders of persistent://public/default/in";

controllerTest(
  "a clean-up that does not succeed by its deadline lets go and says what may be left (W-31)",
  { cluster },
  async (story) => {
    const annotations = { "compute.functionmesh.io/cleanup-deadline": "8s" };
    const pod = { annotations: { [FAIL]: "Error", [FAIL_MESSAGE]: "Connection refused" } };
    await story.apply(ordersFunction({ pod }, { annotations }));
    await story.untilReady("function/orders", /^False /);
    await deleteOrders(story);
    await untilGone(story, "function/orders");
    const event = await untilEvent(story, "CleanupGivenUp");
    assertMatch(event, /^Warning .*no success within 8 s, attempt \d: Pod .*: Connection refused/);
    assertEquals(event.endsWith(`May be left in Pulsar: ${LEFT}`), true, event);
    await untilGone(story, JOB);
  },
);

controllerTest(
  "a clean-up that is told to skip lets go at once, also while its pods do not end",
  { cluster },
  async (story) => {
    await story.apply(ordersFunction());
    await untilHeld(story);
    await story.patch("pod/orders-function-0", { metadata: { finalizers: ["example.org/slow"] } });
    await deleteOrders(story);
    await story.untilReady("function/orders", /^False CleaningUp: Waiting for 1 pod/);
    await story.kubectl("annotate", "function/orders", "compute.functionmesh.io/cleanup=skip");
    await untilGone(story, "function/orders");
    assertMatch(await untilEvent(story, "CleanupGivenUp"), /cleanup says skip/);
    assertEquals(await story.list("jobs"), []);
    await story.patch("pod/orders-function-0", { metadata: { finalizers: [] } });
  },
);

controllerTest(
  "an unmanaged component is deleted without a clean-up (W-14)",
  { cluster },
  async (story) => {
    await story.apply(ordersFunction());
    await untilHeld(story);
    await story.kubectl("annotate", "function/orders", "compute.functionmesh.io/managed=false");
    await deleteOrders(story);
    await untilGone(story, "function/orders");
    assertMatch(await untilEvent(story, "CleanupGivenUp"), /managed is "false".*May be left/);
    assertEquals(await story.list("jobs"), []);
  },
);

controllerTest(
  "a component whose pods are orphaned on purpose is not cleaned up",
  { cluster },
  async (story) => {
    await story.apply(ordersFunction());
    await untilHeld(story);
    await deleteOrders(story, "--cascade=orphan");
    // The garbage collector orphans; it may need half a minute to notice kinds that were defined just before.
    await untilGone(story, "function/orders");
    assertMatch(await untilEvent(story, "CleanupGivenUp"), /orphaned/);
    const statefulSet = await story.get("statefulset/orders-function");
    assertEquals(statefulSet.metadata.deletionTimestamp, undefined);
    assertEquals(await story.list("jobs"), []);
    await story.kubectl("delete", "statefulset/orders-function");
  },
);

controllerTest(
  "a namespace that is deleted takes its components along, and no clean-up holds it up",
  { cluster },
  async (story) => {
    await story.apply(ordersFunction());
    await untilHeld(story);
    await story.kubectl("delete", "namespace", story.namespace, "--wait=false");
    await eventually(async () => await story.find("function/orders") === undefined);
    // The word follows the write that lets the Function go.
    const gone = await eventually(() =>
      story.controller.logLines.find((line) => line.includes("CleanupGivenUp"))
    );
    assertMatch(gone, /its namespace is (being deleted|gone)/);
    await eventually(async () => {
      const { code } = await cluster.tryKubectl(["get", "namespace", story.namespace]);
      return code !== 0;
    });
    // The story deletes its namespace at the end.
    await cluster.kubectl(["create", "namespace", story.namespace]);
  },
);

controllerTest(
  "a component that others still hold is cleaned up once, and nothing is tried again (W-36)",
  { cluster },
  async (story) => {
    await story.apply(ordersFunction({}, { finalizers: ["example.org/mine"] }));
    await untilHeld(story);
    await deleteOrders(story);
    await eventually(async () => {
      const { finalizers } = (await story.get("function/orders")).metadata;
      return finalizers?.includes(FINALIZER) === false;
    });
    await untilEvent(story, "CleanupSucceeded");
    await untilGone(story, JOB);
    const deletes = () => story.controller.metric("mesh_api_requests_total", { verb: "delete" });
    const before = await deletes();
    assertEquals(before, 2, "the StatefulSet and the Job");
    await story.kubectl("annotate", "function/orders", "example.org/touch=1");
    await story.kubectl("annotate", "function/orders", "example.org/touch-");
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assertEquals(await deletes(), before);
    assertEquals(story.controller.logLines.filter((line) => line.includes('"error"')), []);
    assertEquals(await story.list("jobs"), []);
    await story.patch("function/orders", { metadata: { finalizers: [] } });
    await untilGone(story, "function/orders");
  },
);

controllerTest(
  "a Job that the reference operator left waiting is removed, and one of somebody else is not",
  { cluster },
  async (story) => {
    await story.controller[Symbol.asyncDispose]();
    await story.apply(ordersFunction({}, { finalizers: [FINALIZER] }));
    const { uid = "" } = (await story.get("function/orders")).metadata;
    const job = (name: string, labels: Record<string, string>) => ({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name, labels },
      spec: {
        template: {
          metadata: { labels: { ...labels, [FAIL]: "NotReady" } },
          spec: {
            restartPolicy: "OnFailure",
            containers: [{ name: "cleanup", image: "a", command: ["sleep", "infinity"] }],
          },
        },
      },
    });
    const labels = {
      "compute.functionmesh.io/component": "function",
      "compute.functionmesh.io/name": "orders",
      owner: uid,
    };
    await story.apply(
      job("orders-function-cleanup", labels),
      job("other-cleanup", { owner: uid }),
    );
    await story.restart();
    await untilGone(story, JOB);
    await untilHeld(story);
    await deleteOrders(story);
    await untilGone(story, "function/orders");
    await untilEvent(story, "CleanupSucceeded");
    assertEquals((await story.list("jobs")).map(({ metadata }) => metadata.name), [
      "other-cleanup",
    ]);
  },
);

controllerTest(
  "a Job of somebody else that has the clean-up's name is left alone and reported (W-24)",
  { cluster },
  async (story) => {
    await story.apply({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "orders-function-cleanup" },
      spec: {
        suspend: true,
        template: {
          spec: { restartPolicy: "Never", containers: [{ name: "a", image: "a" }] },
        },
      },
    } as never);
    // The Job controller has written its status, and is done.
    const theirs = await untilJob(
      story,
      (job) => job.status !== undefined && "conditions" in Object(job.status),
    );
    await story.apply(ordersFunction());
    await untilHeld(story);
    await deleteOrders(story);
    await story.untilReady(
      "function/orders",
      /^False CleanupFailed: Cannot clean up yet: .*exists/,
    );
    const { uid, resourceVersion } = (await untilJob(story)).metadata;
    assertEquals([uid, resourceVersion], [theirs.metadata.uid, theirs.metadata.resourceVersion]);
    await story.kubectl("delete", JOB);
    await untilGone(story, "function/orders");
    await untilEvent(story, "CleanupSucceeded");
  },
);

controllerTest(
  "a mesh that is deleted cleans up after each of its components, once",
  { cluster },
  async (story) => {
    const { spec } = ordersFunction();
    const names = ["a", "b", "c", "d", "e", "f"];
    await story.apply({
      apiVersion: "compute.functionmesh.io/v1alpha1",
      kind: "FunctionMesh",
      metadata: { name: "shop" },
      spec: { functions: names.map((name) => ({ name, ...spec as object })) },
    });
    await story.untilReady("functionmesh/shop");
    await story.kubectl("delete", "functionmesh/shop", "--timeout=180s");
    for (const name of names) {
      await untilGone(story, `function/shop-${name}`);
      await eventually(async () =>
        (await story.events(`function/shop-${name}`)).some((event) =>
          event.startsWith("Normal CleanupSucceeded")
        )
      );
    }
    await untilNone(story, "statefulsets", "services", "jobs", "pods");
    const created = await story.controller.metric("mesh_api_requests_total", {
      verb: "create",
      kind: "Job",
    });
    assertEquals(created, names.length);
  },
);
