import { assertEquals } from "@std/assert";
import { type BrokerDouble, brokerDouble } from "../support/broker_double.ts";
import { eventually } from "../support/eventually.ts";
import { INTERVAL_MS, scaledFunction, ScalingWorld } from "../support/scaling_world.ts";

const { signal } = new AbortController();

function waits(broker: BrokerDouble, backlog: number): void {
  broker.topics.set("orders-in", { backlog, arrived: backlog, subscription: "shop/orders" });
}

Deno.test("ScalingLoop.round() of a broker that hangs keeps nobody else waiting, in that round and in the next", async () => {
  await using broker = brokerDouble();
  await using hanging = brokerDouble();
  hanging.isHanging = true;
  waits(broker, 30);
  const world = new ScalingWorld(broker.url);
  const elsewhere = new ScalingWorld(hanging.url);
  // One program, whose ConfigMaps differ by namespace.
  world.dataOf = (namespace) => namespace === "away" ? elsewhere.data : world.data;
  for (let index = 0; index < 100; index++) {
    world.addComponent(scaledFunction(`stuck-${index}`, {}, { namespace: "away" }));
  }
  world.addComponent(scaledFunction("orders", { subscriptionName: "shop/orders" }));
  using loop = world.loop();
  const first = loop.round(signal);
  await eventually(() => world.replicas("orders") === 3);
  waits(broker, 70);
  await loop.round(signal);
  assertEquals(world.replicas("orders"), 7);
  const stuck = () => world.component("stuck-99", { namespace: "away" }).status?.scaling?.reason;
  assertEquals([stuck(), hanging.hung], [undefined, 16]);
  // Time for those who were asked; the others are not asked any more.
  await world.clock.advance(3_000);
  await first;
  assertEquals(stuck(), "the broker could not be asked: no answer in 3 s: stays at 2");
  assertEquals(hanging.hung, 16);
  await loop.round(signal);
  assertEquals(hanging.hung, 16);
});

Deno.test("ScalingLoop.round() asks about each topic once, however many read it, and writes only news", async () => {
  const [components, topics, namespaces] = [2_000, 500, 20];
  await using broker = brokerDouble();
  const world = new ScalingWorld(broker.url);
  for (let index = 0; index < topics; index++) {
    const subscriptions = Array.from(
      { length: components / topics },
      (_, copy) => `shop/fn-${index + copy * topics}`,
    );
    broker.topics.set(`topic-${index}`, { backlog: 20, arrived: 20, subscriptions });
  }
  for (let index = 0; index < components; index++) {
    world.addComponent(scaledFunction(`fn-${index}`, {
      subscriptionName: `shop/fn-${index}`,
      input: { topics: [`persistent://public/default/topic-${index % topics}`] },
    }, { namespace: `team-${index % namespaces}` }));
  }
  using loop = world.loop();
  const counted = async () => {
    broker.asked.clear();
    await world.clock.advance(INTERVAL_MS);
    await loop.round(signal);
    const kinds = world.takeRequests().map((request) => request.slice(0, request.indexOf(" ")));
    const count = (kind: string) => kinds.filter((one) => one === kind).length;
    const asked = [...broker.asked.values()].reduce((sum, one) => sum + one, 0);
    return { asked, reads: count("get"), scales: count("scale"), statuses: count("status") };
  };
  const quiet = { asked: topics, reads: namespaces, scales: 0 };
  assertEquals(await counted(), { ...quiet, statuses: components });
  // The second look knows how fast messages come: no number of replicas and no limit changed.
  assertEquals(await counted(), { ...quiet, statuses: 0 });
  assertEquals(broker.togetherMax <= 16, true);
});
