import { assertEquals } from "@std/assert";
import { type BrokerDouble, brokerDouble } from "../support/broker_double.ts";
import { podObject } from "../support/objects.ts";
import { INTERVAL_MS, scaledFunction, ScalingWorld } from "../support/scaling_world.ts";

const { signal } = new AbortController();
const PULSAR = { pulsarConfig: "pulsar", authSecret: "auth" };
const NOT_SHOWN = "the broker is not asked: no instance was ready yet, so that one starts: 1";

function waits(broker: BrokerDouble, backlog: number): void {
  broker.topics.set("orders-in", { backlog, arrived: 100, subscription: "shop/orders" });
}

/** A component at zero whose broker was shown the credentials by a pod that is gone; then the program ends. */
async function withQuietOrders(
  test: (world: ScalingWorld, broker: BrokerDouble) => Promise<void>,
): Promise<void> {
  await using broker = brokerDouble();
  waits(broker, 0);
  const world = new ScalingWorld(broker.url);
  world.data["Secret"] = {
    clientAuthenticationPlugin: btoa("token"),
    clientAuthenticationParameters: btoa("token:MARKTOKEN"),
  };
  const backlogScaling = { maxBacklogPerReplica: 10, idleAfter: "1m" };
  const spec = { replicas: 1, subscriptionName: "shop/orders", pulsar: PULSAR, backlogScaling };
  world.addComponent(scaledFunction("orders", spec, { uid: "orders" }));
  const pod = podObject("orders-function-0", { ready: true });
  const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "orders-function" };
  const ownerReferences = [{ ...owner, uid: "uid-orders-function" }];
  world.add("Pod", { ...pod, metadata: { ...pod.metadata, ownerReferences } });
  await looks(world, 8);
  world.objects.get("Pod")?.clear();
  await looks(world, 1);
  assertEquals(world.replicas("orders"), 0);
  broker.asked.clear();
  await test(world, broker);
}

/** A program that starts, looks so often, and ends. */
async function looks(world: ScalingWorld, count: number): Promise<void> {
  using loop = world.loop();
  for (let look = 0; look < count; look++) {
    await world.clock.advance(INTERVAL_MS);
    await loop.round(signal);
  }
}

Deno.test("ScalingLoop that was started anew asks for who stands at zero with credentials that were shown before", () =>
  withQuietOrders(async (world, broker) => {
    await looks(world, 1);
    assertEquals([world.replicas("orders"), broker.asked.get("orders-in")], [0, 1]);
    waits(broker, 30);
    await looks(world, 1);
    assertEquals(world.replicas("orders"), 3);
  }));

Deno.test("ScalingLoop that was started anew shows changed credentials to nobody before a pod was ready with them", () =>
  withQuietOrders(async (world, broker) => {
    world.dataVersion = "2";
    await looks(world, 1);
    assertEquals([world.replicas("orders"), broker.asked.size], [1, 0]);
    assertEquals(world.scaling("orders")?.reason, NOT_SHOWN);
  }));

Deno.test("ScalingLoop that was started anew shows credentials to no other address", () =>
  withQuietOrders(async (world, broker) => {
    await using other = brokerDouble();
    world.data["ConfigMap"] = { webServiceURL: other.url };
    await looks(world, 1);
    assertEquals(world.replicas("orders"), 1);
    assertEquals([broker.asked.size, other.asked.size], [0, 0]);
  }));

Deno.test("ScalingLoop believes no status of another component about credentials", () =>
  withQuietOrders(async (world, broker) => {
    const { metadata, spec, status } = world.component("orders");
    world.addComponent({
      ...scaledFunction("orders"),
      metadata: { ...metadata, uid: "another" },
      spec,
      status,
    });
    await looks(world, 1);
    assertEquals([world.replicas("orders"), broker.asked.size], [1, 0]);
  }));

Deno.test("ScalingLoop says of credentials only which version was shown, and nothing where none are asked for", () =>
  withQuietOrders(async (world, broker) => {
    const before = world.scaling("orders")?.askedAs;
    assertEquals(/^[0-9a-f]{64}$/.test(before ?? ""), true);
    // As it does not depend on what the Secret holds, nobody can try passwords on it.
    world.data["Secret"] = {
      clientAuthenticationPlugin: btoa("token"),
      clientAuthenticationParameters: btoa("token:ANOTHER"),
    };
    await looks(world, 1);
    assertEquals(world.scaling("orders")?.askedAs, before);
    const open = new ScalingWorld(broker.url);
    open.addComponent(scaledFunction("orders", { subscriptionName: "shop/orders" }));
    await looks(open, 1);
    assertEquals(open.scaling("orders")?.askedAs, undefined);
  }));
