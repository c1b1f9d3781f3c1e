import { assert, assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { NoAnswerError } from "#kube";
import { type BrokerDouble, brokerDouble } from "../support/broker_double.ts";
import { podObject, statefulSetObject } from "../support/objects.ts";
import { apiError, INTERVAL_MS, scaledFunction, ScalingWorld } from "../support/scaling_world.ts";

const { signal } = new AbortController();

/** What waits for a component; all that ever waited came. */
function waits(broker: BrokerDouble, name: string, backlog: number): void {
  const arrived = Math.max(backlog, broker.topics.get(`${name}-in`)?.arrived ?? 0);
  broker.topics.set(`${name}-in`, { backlog, arrived, subscription: `shop/${name}` });
}

function orders(spec: Record<string, unknown> = {}, metadata = {}): KubeObject {
  return scaledFunction("orders", { subscriptionName: "shop/orders", ...spec }, metadata);
}

/** One component for which 90 messages wait, which would be nine replicas. */
async function withOrders(
  test: (world: ScalingWorld, broker: BrokerDouble) => Promise<void>,
): Promise<void> {
  await using broker = brokerDouble();
  waits(broker, "orders", 90);
  const world = new ScalingWorld(broker.url);
  world.addComponent(orders());
  await test(world, broker);
}

/** A port on which nobody listens any more. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function annotated(annotations: Record<string, string>): KubeObject {
  return orders({}, { annotations });
}

function autoscaler(kind: string, name: string, apiVersion: string): KubeObject {
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "keda-hpa-orders", namespace: "shop" },
    spec: { scaleTargetRef: { apiVersion, kind, name } },
  };
}

const MESH = "compute.functionmesh.io/v1alpha1";
const OWNER = { apiVersion: MESH, kind: "FunctionMesh", name: "shop", uid: "m", controller: true };
const SAID = { wanted: 2, reason: "before" };

/** What keeps from scaling, and what the status says then. */
const HINDRANCES: readonly (readonly [string, (world: ScalingWorld) => void, string])[] = [
  ["a broker that refuses connections", (world) => {
    world.data["ConfigMap"] = { webServiceURL: `http://127.0.0.1:${closedPort()}` };
  }, "the broker could not be asked: connection refused"],
  ["a broker that nobody names", (world) => {
    world.data["ConfigMap"] = {};
  }, "ConfigMap pulsar has no usable webServiceURL"],
  ["a cache that is behind", (world) => {
    world.outages.set("Pod", { sinceMs: 0, isRefusal: false, problem: "no answer" });
  }, "objects of kind Pod cannot be read (no answer)"],
  ["a resource that is not valid", (world) => {
    world.addComponent(orders({ input: {} }));
  }, "the resource is not valid"],
  ["a pause of everything", (world) => {
    world.pauseRollout = true;
  }, "roll-outs are paused"],
  ["a pause of the component", (world) => {
    world.addComponent(annotated({ "compute.functionmesh.io/pause-rollout": "true" }));
  }, "roll-outs are paused"],
  ["a pause of its mesh", (world) => {
    world.addComponent(orders({}, { ownerReferences: [OWNER] }));
    const annotations = { "compute.functionmesh.io/pause-rollout": "true" };
    const metadata = { name: "shop", namespace: "shop", uid: "m", annotations };
    world.add("FunctionMesh", { apiVersion: MESH, kind: "FunctionMesh", metadata, spec: {} });
  }, "roll-outs are paused"],
  ["managed: false, where the status said something else", (world) => {
    const component = annotated({ "compute.functionmesh.io/managed": "false" });
    world.addComponent({ ...component, status: { scaling: SAID } });
  }, "the resource is not managed"],
  ["a quarantine", (world) => {
    world.quarantineOf = ({ metadata }) => metadata.name === "orders" ? "main@sha1:bad" : undefined;
  }, "it is in quarantine, as main@sha1:bad did not become healthy"],
  ["a quarantine of its mesh", (world) => {
    world.addComponent(orders({}, { ownerReferences: [OWNER] }));
    const metadata = { name: "shop", namespace: "shop", uid: "m" };
    world.add("FunctionMesh", { apiVersion: MESH, kind: "FunctionMesh", metadata, spec: {} });
    world.quarantineOf = ({ kind }) => kind === "FunctionMesh" ? "main@sha1:bad" : undefined;
  }, "it is in quarantine, as main@sha1:bad did not become healthy"],
  ["an autoscaler of others on the component", (world) => {
    world.add("HorizontalPodAutoscaler", autoscaler("Function", "orders", MESH));
  }, "the HorizontalPodAutoscaler keda-hpa-orders scales it as well"],
  ["an autoscaler of others on the StatefulSet", (world) => {
    const target = autoscaler("StatefulSet", "orders-function", "apps/v1");
    world.add("HorizontalPodAutoscaler", target);
  }, "the HorizontalPodAutoscaler keda-hpa-orders scales it as well"],
  ["no StatefulSet", (world) => {
    world.objects.get("StatefulSet")?.clear();
  }, "there is no StatefulSet yet"],
  ["a roll-out under way", (world) => {
    const set = statefulSetObject({ name: "orders-function", revision: "new" });
    const status = { ...set.status as object, currentRevision: "old" };
    world.add("StatefulSet", { ...set, status });
  }, "a roll-out is under way"],
  ["a roll-out that may have begun", (world) => {
    const changed = { name: "orders-function", generation: 2, observedGeneration: 1 };
    world.add("StatefulSet", statefulSetObject(changed));
  }, "its StatefulSet was changed, and the cluster has not looked at it yet"],
];

for (const [name, hinder, reason] of HINDRANCES) {
  Deno.test(`ScalingLoop.round() changes no replicas with ${name}, and says so`, () =>
    withOrders(async (world) => {
      hinder(world);
      using loop = world.loop();
      await loop.round(signal);
      assertEquals(world.replicas("orders"), 2);
      assertEquals(world.scaling("orders")?.reason, `${reason}: stays at 2`);
      // And says it once.
      world.takeRequests();
      await world.clock.advance(INTERVAL_MS);
      await loop.round(signal);
      const writes = world.takeRequests().filter((request) => !request.startsWith("get "));
      assertEquals(writes, []);
    }));
}

Deno.test("ScalingLoop.round() does not believe that nobody reads what a ready pod reads", async () => {
  await using broker = brokerDouble();
  waits(broker, "orders", 15);
  const world = new ScalingWorld(broker.url);
  world.addComponent(orders());
  const pod = podObject("orders-function-0", { ready: true });
  const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "orders-function" };
  const ownerReferences = [{ ...owner, uid: "uid-orders-function" }];
  world.add("Pod", { ...pod, metadata: { ...pod.metadata, ownerReferences } });
  using loop = world.loop();
  await loop.round(signal);
  const known = broker.topics.get("orders-in");
  const lies = [undefined, { backlog: 0, arrived: 15 }];
  for (const lie of lies) {
    broker.topics.delete("orders-in");
    if (lie !== undefined) broker.topics.set("orders-in", lie);
    // Longer than any window in which fewer are needed.
    for (let round = 0; round < 40; round++) {
      await world.clock.advance(INTERVAL_MS);
      await loop.round(signal);
    }
    assertEquals(world.replicas("orders"), 2);
    assertMatch(
      world.scaling("orders")?.reason ?? "",
      /^(there is no topic|.* has no subscription) .*: stays at 2$/,
    );
  }
  if (known !== undefined) broker.topics.set("orders-in", known);
  await world.clock.advance(INTERVAL_MS);
  await loop.round(signal);
  assertMatch(world.scaling("orders")?.reason ?? "", /^15 wait/);
});

Deno.test("ScalingLoop.round() starts nothing in quarantine, whatever waits, and what was needed once it is over", () =>
  withOrders(async (world) => {
    world.addComponent(orders({ replicas: 0 }));
    world.quarantineOf = () => "main@sha1:bad";
    using loop = world.loop();
    await loop.round(signal);
    assertEquals(world.replicas("orders"), 0);
    assertMatch(world.scaling("orders")?.reason ?? "", /^it is in quarantine, .*: stays at 0$/);
    world.quarantineOf = () => undefined;
    await world.clock.advance(INTERVAL_MS);
    await loop.round(signal);
    assertEquals(world.replicas("orders"), 9);
  }));

Deno.test("ScalingLoop.round() writes nothing to what is left alone and says nothing of scaling", () =>
  withOrders(async (world) => {
    world.addComponent(annotated({ "compute.functionmesh.io/managed": "false" }));
    using loop = world.loop();
    await loop.round(signal);
    assertEquals(world.requests, []);
  }));

Deno.test("ScalingLoop.round() keeps what is turned off at zero, and says no wanted number", () =>
  withOrders(async (world) => {
    world.addComponent(orders({ replicas: 0, minReplicas: 1 }));
    using loop = world.loop();
    await loop.round(signal);
    assertEquals(world.replicas("orders"), 0);
    assertEquals(world.scaling("orders"), {
      replicas: 0,
      mode: "act",
      reason: "replicas: 0 turns it off: stays at 0",
    });
  }));

Deno.test("ScalingLoop.round() scales a Sink, through the scale subresource, and tells once", async () => {
  await using broker = brokerDouble();
  waits(broker, "store", 45);
  const world = new ScalingWorld(broker.url);
  const sink = scaledFunction("store", { subscriptionName: "shop/store" });
  const { output: _output, ...spec } = sink.spec as Record<string, unknown>;
  world.addComponent({ ...sink, kind: "Sink", spec: { ...spec, sinkConfig: {} } });
  using loop = world.loop();
  await loop.round(signal);
  assertEquals(world.replicas("store", { kind: "Sink" }), 5);
  const { reason, wanted } = world.scaling("store", { kind: "Sink" }) ?? {};
  assertEquals([wanted, reason], [
    5,
    "45 wait, what one replica does is not known yet: 5",
  ]);
  assertEquals(world.events, [`store Scaled From 2 to 5: ${reason}`]);
  assertEquals(world.takeRequests(), [
    "get ConfigMap shop/pulsar",
    "scale store 5",
    "status store",
  ]);
});

Deno.test("ScalingLoop.round() says that a scale is refused, and scales once it is not", () =>
  withOrders(async (world) => {
    world.refusal = (request) =>
      request.startsWith("scale") ? apiError(403, "Forbidden") : undefined;
    using loop = world.loop();
    await loop.round(signal);
    assertEquals(world.replicas("orders"), 2);
    assertEquals(
      world.scaling("orders")?.reason,
      "9 are needed, and the API server refuses the scale (Forbidden): stays at 2",
    );
    assertEquals([world.events, world.warnings], [[], []]);
    world.refusal = () => undefined;
    await world.clock.advance(INTERVAL_MS);
    await loop.round(signal);
    assertEquals([world.replicas("orders"), world.scaling("orders")?.wanted], [9, 9]);
    assertEquals(world.events.length, 1);
  }));

Deno.test("ScalingLoop.round() scales against the version that it saw, and looks again after a conflict", () =>
  withOrders(async (world) => {
    let conflicts = 1;
    world.refusal = (request) =>
      request.startsWith("scale") && conflicts-- > 0 ? apiError(409, "Conflict") : undefined;
    using loop = world.loop();
    await loop.round(signal);
    assertEquals([world.replicas("orders"), world.scaling("orders"), world.warnings], [
      2,
      undefined,
      [],
    ]);
    await loop.round(signal);
    assertEquals(world.replicas("orders"), 9);
  }));

Deno.test("ScalingLoop.round() writes a status that failed with the next round, and scales and tells once", () =>
  withOrders(async (world) => {
    const ask = { verb: "patch", kind: "Function" };
    world.refusal = (request) =>
      request.startsWith("status") ? new NoAnswerError(ask, "no answer") : undefined;
    using loop = world.loop();
    await loop.round(signal);
    assertEquals([world.replicas("orders"), world.scaling("orders")], [9, undefined]);
    assertEquals(world.warnings, ["Cannot scale by the backlog"]);
    world.refusal = () => undefined;
    await world.clock.advance(INTERVAL_MS);
    await loop.round(signal);
    assertEquals([world.scaling("orders")?.wanted, world.scaling("orders")?.replicas], [9, 9]);
    assertEquals(world.requests.filter((request) => request.startsWith("scale")), [
      "scale orders 9",
    ]);
    assertEquals(world.events.length, 1);
  }));

Deno.test("ScalingLoop goes on after a restart: since when it is idle, and what a replica does, is in the status", () =>
  withOrders(async (world, broker) => {
    waits(broker, "orders", 0);
    const looks = async (count: number) => {
      using loop = world.loop();
      for (let look = 0; look < count; look++) {
        await world.clock.advance(INTERVAL_MS);
        await loop.round(signal);
      }
    };
    await looks(50);
    assertEquals(world.replicas("orders"), 2);
    const { idleSince } = world.scaling("orders") ?? {};
    assert(idleSince !== undefined);
    // Ten minutes after the first look, and not after the restart.
    await looks(12);
    assertEquals(world.replicas("orders"), 0);
    assertEquals(
      world.scaling("orders")?.reason,
      "nothing waits, nothing came for 10m: 0",
    );
    assertEquals(world.scaling("orders")?.idleSince, idleSince);
  }));

Deno.test("ScalingLoop that ended between a scale and its status takes nobody for idle who was busy", () =>
  withOrders(async (world, broker) => {
    waits(broker, "orders", 0);
    const scaling = {
      replicas: 0,
      wanted: 0,
      reason: "nothing waits",
      idleSince: "2020-01-01T00:00:00Z",
      perReplica: "10",
    };
    // It was scaled to two, and the program ended before it could say so; what waited is done meanwhile.
    world.addComponent({ ...orders(), status: { scaling } });
    using loop = world.loop();
    for (let look = 0; look < 5; look++) {
      await world.clock.advance(INTERVAL_MS);
      await loop.round(signal);
    }
    assertEquals(world.replicas("orders"), 2);
    assertEquals(world.scaling("orders")?.perReplica, "10");
  }));

Deno.test("ScalingLoop.round() brings back what it had scaled to zero, once the minimum is raised", () =>
  withOrders(async (world, broker) => {
    waits(broker, "orders", 0);
    const scaling = { replicas: 0, wanted: 0, reason: "nothing waits" };
    world.addComponent({ ...orders({ replicas: 0, minReplicas: 3 }), status: { scaling } });
    using loop = world.loop();
    await loop.round(signal);
    assertEquals(world.replicas("orders"), 3);
  }));

Deno.test("ScalingLoop.round() takes back at once that somebody is idle, as a restart would believe it", () =>
  withOrders(async (world, broker) => {
    waits(broker, "orders", 0);
    using loop = world.loop();
    for (let look = 0; look < 12; look++) {
      await world.clock.advance(INTERVAL_MS);
      await loop.round(signal);
    }
    assert(world.scaling("orders")?.idleSince !== undefined);
    waits(broker, "orders", 15);
    await world.clock.advance(INTERVAL_MS);
    await loop.round(signal);
    assertEquals([world.replicas("orders"), world.scaling("orders")?.idleSince], [2, undefined]);
  }));

Deno.test("ScalingLoop.round() shows credentials to nobody before a pod was ready with them, and starts one from zero", () =>
  withOrders(async (world, broker) => {
    const pulsar = { pulsarConfig: "pulsar", authSecret: "auth" };
    world.data["Secret"] = {
      clientAuthenticationPlugin: btoa("token"),
      clientAuthenticationParameters: btoa("token:MARKTOKEN"),
    };
    world.addComponent(orders({ replicas: 0, pulsar }));
    using loop = world.loop();
    await loop.round(signal);
    assertEquals([world.replicas("orders"), broker.asked.size], [1, 0]);
    assertEquals(
      world.scaling("orders")?.reason,
      "the broker is not asked: no instance was ready yet, so that one starts: 1",
    );
    const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "orders-function" };
    const pod = podObject("orders-function-0", { ready: true });
    const ownerReferences = [{ ...owner, uid: "uid-orders-function" }];
    world.add("Pod", { ...pod, metadata: { ...pod.metadata, ownerReferences } });
    await loop.round(signal);
    assertEquals([world.replicas("orders"), broker.asked.get("orders-in")], [9, 1]);
    // What somebody turned off is not started to be shown anything.
    world.objects.get("Pod")?.clear();
    world.addComponent(orders({ replicas: 0, minReplicas: 1, pulsar }, { uid: "other" }));
    await loop.round(signal);
    assertEquals(world.replicas("orders"), 0);
  }));
