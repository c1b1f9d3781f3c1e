import { assert, assertEquals, assertMatch } from "@std/assert";
import type { ScalingStatus } from "#api";
import type { JsonObject, KubeObject } from "#base";
import { type BrokerDouble, brokerDouble } from "../support/broker_double.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { type ControllerStory, controllerTest, userFunction } from "../support/controller_story.ts";

const cluster = testCluster();
const scalingIntervalMs = 200;

interface Scaled extends KubeObject {
  readonly spec: { readonly replicas?: number };
  readonly status?: { readonly scaling?: ScalingStatus };
}

/** Terms that need no learning, and no patience. */
const TERMS = { idleAfter: "1s", maxBacklogPerReplica: 10 };

function orders(spec: Record<string, unknown> = {}, name = "orders"): KubeObject {
  return userFunction(name, {
    replicas: 0,
    minReplicas: 0,
    maxReplicas: 5,
    backlogScaling: TERMS,
    input: { topics: [`persistent://public/default/${name}-in`] },
    output: { topic: `persistent://public/default/${name}-out` },
    ...spec,
  });
}

function pulsar(broker: BrokerDouble, name = "pulsar"): KubeObject {
  const data = { webServiceURL: broker.url };
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data } as unknown as KubeObject;
}

/** What waits for a component now; all that ever waited came. */
function waits(broker: BrokerDouble, name: string, backlog: number): void {
  const arrived = Math.max(backlog, broker.topics.get(`${name}-in`)?.arrived ?? 0);
  broker.topics.set(`${name}-in`, { backlog, arrived, subscription: `public/default/${name}` });
}

async function untilScaled(
  story: ControllerStory,
  name: string,
  replicas: number,
): Promise<Scaled> {
  return await eventually(async () => {
    const object = await story.get<Scaled>(name);
    const { scaling } = object.status ?? {};
    if (object.spec.replicas === replicas && scaling?.wanted === replicas) return object;
    throw new Error(`not ${replicas}, but ${object.spec.replicas}: ${JSON.stringify(scaling)}`);
  });
}

async function untilReason(story: ControllerStory, name: string, pattern: RegExp) {
  return await eventually(async () => {
    const object = await story.get<Scaled>(name);
    const reason = object.status?.scaling?.reason ?? "";
    if (pattern.test(reason)) return object;
    throw new Error(`not ${pattern}, but: ${reason}`);
  });
}

controllerTest(
  "replicas follow the backlog from zero, up to the maximum and back, through the scale subresource",
  { cluster, scalingIntervalMs },
  async (story) => {
    await using broker = brokerDouble();
    waits(broker, "orders", 0);
    await story.apply(pulsar(broker), orders());
    await untilReason(story, "function/orders", /nothing waits/);
    assertEquals((await story.get<Scaled>("function/orders")).spec.replicas, 0);
    waits(broker, "orders", 45);
    // Why is in an Event, below: the status soon says what the next look makes of it.
    await untilScaled(story, "function/orders", 5);
    await eventually(async () => (await story.list("pods")).length === 5);
    // At zero a Scale says nothing of replicas, and the API server forgets who wrote them.
    const shown = await story.kubectl("get", "fn/orders", "-o", "json", "--show-managed-fields");
    const fields = JSON.parse(shown).metadata.managedFields as readonly JsonObject[];
    const ours = fields.filter(({ manager }) => manager === "meshwright-scaling");
    assertEquals(new Set(ours.map(({ subresource }) => subresource)), new Set(["scale", "status"]));
    waits(broker, "orders", 900);
    const bound = await eventually(async () => {
      const { status } = await story.get<Scaled>("function/orders");
      return status?.scaling?.limits?.includes("maxReplicas 5") && status.scaling;
    });
    assertEquals(bound.wanted, 5);
    waits(broker, "orders", 0);
    await untilScaled(story, "function/orders", 0);
    await eventually(async () => (await story.list("pods")).length === 0);
    const events = (await story.events("function/orders")).filter((text) => /Scaled F/.test(text));
    assertMatch(events[0] ?? "", /^Normal Scaled From 0 to 5: 45 wait/);
    assertMatch(events[1] ?? "", /^Normal Scaled From 5 to 0: nothing waits/);
    const { controller } = story;
    assertEquals(await controller.metric("mesh_scaling_changes_total", { direction: "up" }), 1);
    assertEquals(await controller.metric("mesh_scaling_wanted_replicas", { name: "orders" }), 0);
    assertEquals(await controller.metric("mesh_backlog_messages", { name: "orders" }), 0);
    // No autoscaler of ours beside it, whatever maxReplicas says.
    assertEquals(await story.list("hpa"), []);
  },
);

controllerTest(
  "a broker that hangs and another autoscaler change no replicas, and keep nobody else from scaling",
  { cluster, scalingIntervalMs },
  async (story) => {
    await using broker = brokerDouble();
    await using hanging = brokerDouble();
    hanging.isHanging = true;
    waits(broker, "orders", 0);
    waits(broker, "billed", 100);
    const stuck = { replicas: 2, pulsar: { pulsarConfig: "away" } };
    await story.apply(pulsar(broker), pulsar(hanging, "away"), orders(), orders(stuck, "stuck"));
    await story.apply(orders({ replicas: 1 }, "billed"), horizontal("billed"));
    await untilReason(story, "function/stuck", /^the broker could not be asked: .*stays at 2$/);
    await untilReason(
      story,
      "function/billed",
      /^the HorizontalPodAutoscaler other scales it as well: stays at 1$/,
    );
    waits(broker, "orders", 20);
    await untilScaled(story, "function/orders", 2);
    assertEquals((await story.get<Scaled>("function/stuck")).spec.replicas, 2);
    assertEquals((await story.get<Scaled>("function/billed")).spec.replicas, 1);
  },
);

controllerTest(
  "nobody goes to zero without a subscription, and mode: recommend scales nothing",
  { cluster, scalingIntervalMs },
  async (story) => {
    await using broker = brokerDouble();
    waits(broker, "orders", 30);
    broker.topics.set("fresh-in", { backlog: 0, arrived: 0 });
    const backlogScaling = { ...TERMS, mode: "recommend" };
    await story.apply(pulsar(broker), orders({ backlogScaling }), orders({ replicas: 1 }, "fresh"));
    // Its pod is ready, so that it should have one: who knows of none cannot tell how much there is to do.
    const unread =
      /persistent:\/\/public\/default\/fresh-in has no subscription public\/default\/fresh yet: stays at 1$/;
    assertEquals((await untilReason(story, "function/fresh", unread)).spec.replicas, 1);
    const { spec, status } = await untilReason(story, "function/orders", /^30 wait/);
    assertEquals([spec.replicas, status?.scaling?.wanted, status?.scaling?.mode], [
      0,
      3,
      "recommend",
    ]);
  },
);

controllerTest(
  "the components of a mesh share its budget, and go on after a restart",
  { cluster, scalingIntervalMs },
  async (story) => {
    await using broker = brokerDouble();
    for (const [name, backlog] of [["shop-parse", 10], ["shop-store", 90]] as const) {
      waits(broker, name, backlog);
    }
    const item = (name: string) => {
      const { replicas: _replicas, backlogScaling: _own, ...spec } = orders({}, `shop-${name}`)
        .spec as Record<string, unknown>;
      return { ...spec, name, subscriptionName: `public/default/shop-${name}` };
    };
    await story.apply(pulsar(broker), {
      apiVersion: "compute.functionmesh.io/v1alpha1",
      kind: "FunctionMesh",
      metadata: { name: "shop" },
      spec: {
        backlogScaling: TERMS,
        maxReplicasTotal: 4,
        functions: [item("parse"), item("store")],
      },
    });
    const parse = await untilScaled(story, "function/shop-parse", 1);
    const store = await untilScaled(story, "function/shop-store", 3);
    assertEquals(parse.status?.scaling?.limits, undefined);
    assert(store.status?.scaling?.limits?.includes("maxReplicasTotal 4"));
    // The mesh declares no replicas: those of the scaling stay.
    await story.restart();
    waits(broker, "shop-store", 0);
    waits(broker, "shop-parse", 0);
    await untilScaled(story, "function/shop-store", 0);
    await untilScaled(story, "function/shop-parse", 0);
    await story.untilReady("functionmesh/shop");
  },
);

/** An autoscaler of somebody else. */
function horizontal(target: string): KubeObject {
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "other" },
    spec: {
      scaleTargetRef: {
        apiVersion: "compute.functionmesh.io/v1alpha1",
        kind: "Function",
        name: target,
      },
      minReplicas: 1,
      maxReplicas: 3,
    },
  };
}
