import { assertEquals, assertMatch } from "@std/assert";
import { systemClock } from "#base";
import { EVENT_SOURCE, EventRecorder } from "#kube";
import { watched } from "#reconcile";
import { testCluster } from "../support/control_plane.ts";
import { testClient } from "../support/transport.ts";

const cluster = testCluster();

interface EventList {
  items: {
    type: string;
    reason: string;
    message: string;
    count: number;
    source: { component: string };
  }[];
}

async function eventsOf(namespace: string, name: string) {
  const list = await cluster.get<EventList>([
    "events",
    "-n",
    namespace,
    "--field-selector",
    `involvedObject.name=${name}`,
  ]);
  return list.items.map(({ type, reason, message, count }) =>
    `${type} ${reason} ${message} x${count}`
  ).sort();
}

Deno.test("EventRecorder.record() writes events that kubectl describes, equal ones counted", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  const owner = await client.cluster.create({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: space.name, name: "shop" },
  });
  await using recorder = new EventRecorder({
    cluster: client.cluster,
    component: "meshwright",
    instance: "test-1",
    clock: systemClock,
  });
  const failure = { type: "Warning", reason: "ApplyFailed", message: "quota exceeded" } as const;
  recorder.record(owner, { type: "Normal", reason: "Created", message: "StatefulSet shop" });
  recorder.record(owner, failure);
  recorder.record(owner, failure);
  await recorder.flush();
  recorder.record(owner, failure);
  await recorder.flush();
  assertEquals(await eventsOf(space.name, "shop"), [
    "Normal Created StatefulSet shop x1",
    "Warning ApplyFailed quota exceeded x3",
  ]);
  assertEquals(recorder.dropped, 0);
  const described = await cluster.kubectl(["describe", "configmap", "shop", "-n", space.name]);
  assertMatch(described, /Warning\s+ApplyFailed\s+.*\(x3 over .*\)\s+meshwright\s+quota exceeded/);
});

Deno.test("EventRecorder.record() gives an object a budget, and goes on for others", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  await using recorder = new EventRecorder({
    cluster: client.cluster,
    component: "meshwright",
    instance: "test-1",
    clock: systemClock,
  });
  const about = (name: string) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: space.name, name },
  });
  for (let index = 0; index < 40; index++) {
    recorder.record(about("noisy"), {
      type: "Warning",
      reason: "Odd",
      message: `failure ${index}`,
    });
  }
  recorder.record(about("calm"), { type: "Normal", reason: "Fine", message: "all is well" });
  await recorder.flush();
  assertEquals((await eventsOf(space.name, "noisy")).length, 25);
  assertEquals(await eventsOf(space.name, "calm"), ["Normal Fine all is well x1"]);
  assertEquals(recorder.dropped, 15);
});

Deno.test("EventRecorder.record() writes anew when the event to count up is gone", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  await using recorder = new EventRecorder({
    cluster: client.cluster,
    component: "meshwright",
    instance: "test-1",
    clock: systemClock,
  });
  const object = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: space.name, name: "a" },
  };
  const note = { type: "Normal", reason: "Seen", message: "again" } as const;
  recorder.record(object, note);
  await recorder.flush();
  await cluster.kubectl(["delete", "events", "--all", "-n", space.name]);
  recorder.record(object, note);
  await recorder.flush();
  assertEquals(await eventsOf(space.name, "a"), ["Normal Seen again x1"]);
});

Deno.test("the controller follows the warnings of others, and neither its own nor what is no warning", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  const pod = { apiVersion: "v1", kind: "Pod", namespace: space.name, name: "orders-function-0" };
  const facts = [
    { component: "kubelet", type: "Warning", reason: "BackOff" },
    { component: "kubelet", type: "Normal", reason: "Pulled" },
    { component: EVENT_SOURCE, type: "Warning", reason: "CrashLoop" },
  ];
  for (const { component, reason, type } of facts) {
    await client.cluster.create({
      apiVersion: "v1",
      kind: "Event",
      metadata: { namespace: space.name, name: `orders.${reason.toLowerCase()}` },
      involvedObject: pod,
      source: { component },
      reason,
      type,
    });
  }
  const followed = watched({
    pauseRollout: false,
    rolloutOnUpgrade: false,
    namespacedBackendConfig: "backend-config",
    verticalPodAutoscaler: false,
  }).find(({ type }) => type.kind === "Event");
  if (followed === undefined) throw new Error("Cannot find how Events are followed");
  const { fieldSelector = "", type } = followed;
  const events = await client.cluster.list(type, { namespace: space.name, fieldSelector });
  assertEquals(events.map(({ metadata }) => metadata.name), ["orders.backoff"]);
});
