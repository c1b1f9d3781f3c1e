import { assertEquals } from "@std/assert";
import { type KubeObject } from "#base";
import { createMetrics, type Metrics, type ResourceSample } from "#telemetry";
import { metricsSource } from "../../src/metrics_source.ts";
import { cacheWith } from "../support/live_cache.ts";
import { functionObject } from "../support/objects.ts";

const KEY = { namespace: "shop", name: "orders" };

async function linesOf(metrics: Metrics, pattern: RegExp): Promise<string[]> {
  const { text } = await metrics.exposition();
  return text.split("\n").filter((line) => pattern.test(line));
}

function sample(more: Partial<ResourceSample> = {}): ResourceSample {
  return { kind: "Function", key: KEY, uid: "1", isReady: true, reason: "Ready", ...more };
}

const ALL = { isOwn: () => true, nowMs: () => 0 };

Deno.test("metricsSource() tells of resources that somebody looked at, with what their instances say", () => {
  const ready = { type: "Ready", status: "False", reason: "Unhealthy", message: "no" };
  const objects: KubeObject[] = [
    { ...functionObject("unseen"), status: {} },
    {
      ...functionObject("orders"),
      status: { conditions: [ready], runtime: { backlog: 3, exceptions: 1, processed: 4 } },
    },
  ];
  const source = metricsSource(() => [cacheWith(objects), undefined], ALL);
  const { uid = "" } = functionObject("orders").metadata;
  assertEquals([...source.resources()], [{
    ...sample({ uid, isReady: false, reason: "Unhealthy" }),
    ...{ backlog: 3, exceptions: 1, processed: 4 },
  }]);
});

Deno.test("metricsSource() tells for how long nothing is heard of a kind", () => {
  const outage = { sinceMs: 1_000, isRefusal: true, problem: "no" };
  const behind = { ...cacheWith([]), outage };
  const source = metricsSource(() => [behind], { ...ALL, nowMs: () => 61_000 });
  assertEquals([...source.watches()], [{ kind: "Function", behindSeconds: 60 }]);
});

Deno.test("Metrics tells of resources as they are when it is asked, and of none when nobody says", async () => {
  const metrics = createMetrics();
  let samples = [sample({ isReady: false, reason: "Forbidden", backlog: 7 })];
  const line = (reason: string, value: number) =>
    `mesh_resource_ready{kind="Function",namespace="shop",name="orders",reason="${reason}"} ${value}`;
  const lines = () => linesOf(metrics, /^mesh_(resource|component|watch)/);
  {
    const watches = () => [{ kind: "Pod", behindSeconds: 2 }];
    using _followed = metrics.follow({ resources: () => samples, watches });
    assertEquals(await lines(), [
      line("Forbidden", 0),
      'mesh_component_backlog_messages{kind="Function",namespace="shop",name="orders"} 7',
      'mesh_watch_behind_seconds{kind="Pod"} 2',
    ]);
    samples = [sample()];
    assertEquals((await lines())[0], line("Ready", 1));
    assertEquals((await lines()).length, 2);
  }
  assertEquals(await lines(), []);
});

Deno.test("Metrics counts exceptions that come, not those that were there, nor those of instances that start anew", async () => {
  const metrics = createMetrics();
  let samples: ResourceSample[] = [];
  using _followed = metrics.follow({ resources: () => samples, watches: () => [] });
  const counted: (string | undefined)[] = [];
  const look = async (...next: ResourceSample[]) => {
    samples = next;
    const [line] = await linesOf(metrics, /^mesh_component_exceptions_total/);
    counted.push(line?.split("} ")[1]);
  };
  await look(sample({ exceptions: 100 }));
  await look(sample({ exceptions: 103 }));
  // Nobody could be asked for a while.
  await look(sample());
  await look(sample({ exceptions: 104 }));
  // One of two instances started anew.
  await look(sample({ exceptions: 50 }));
  await look(sample({ exceptions: 52 }));
  // Somebody deleted the Function and made it anew.
  await look(sample({ uid: "2", exceptions: 0 }));
  await look(sample({ uid: "2", exceptions: 1 }));
  await look();
  assertEquals(counted, ["0", "3", undefined, "1", "1", "3", "3", "4", undefined]);
});
