import { assertEquals } from "@std/assert";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { createMetrics, type ResourceSample } from "#telemetry";
// The room shows no more than Metrics.
import { exposition } from "../../src/telemetry/exposition.ts";

Deno.test("exposition() writes what prom-client writes", async () => {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ["name", "reason"];
  const odd = { name: 'a"b\\c\nd', reason: "" };
  new Gauge({ name: "g", help: 'Says "what"\nand \\ where.', labelNames, registers }).set(odd, 0.5);
  new Gauge({ name: "most", help: "All of it.", registers }).set(Infinity);
  new Gauge({ name: "least", help: "Nothing of it.", registers }).set(-Infinity);
  new Gauge({
    name: "collected",
    help: "When asked.",
    registers,
    collect() {
      this.set(7);
    },
  });
  new Counter({ name: "c_total", help: "How often.", labelNames, registers }).inc({ name: "x" }, 3);
  new Counter({ name: "none_total", help: "Never.", labelNames, registers });
  const latency = new Histogram({
    name: "h",
    help: "How long.",
    labelNames,
    buckets: [1, 2],
    registers,
  });
  for (const value of [0.5, 1.5, 9]) latency.observe(odd, value);
  latency.observe({ name: "x", reason: "y" }, 1);
  new Histogram({ name: "plain", help: "How long.", buckets: [1], registers }).observe(2);
  assertEquals(await exposition(registry, () => Promise.resolve()), await registry.metrics());
});

Deno.test("Metrics writes many series in turns, and once for all who ask meanwhile", async () => {
  const { promise: others, resolve: goOn } = Promise.withResolvers<void>();
  let turns = 0;
  const breathe = () => {
    turns += 1;
    return others;
  };
  const metrics = createMetrics({ breathe });
  const objects = Array.from({ length: 1_000 }, (_, index): ResourceSample => ({
    kind: "Function",
    key: { namespace: "shop", name: `f-${index}` },
    uid: String(index),
    isReady: true,
    reason: "Ready",
    backlog: index,
  }));
  for (const { key, kind } of objects) metrics.measureReconcile(kind, key)[Symbol.dispose]();
  let looks = 0;
  using _followed = metrics.follow({
    *resources() {
      looks += 1;
      yield* objects;
    },
    watches: () => [],
  });
  const both = [metrics.exposition(), metrics.exposition()];
  assertEquals(turns, 1, "others have their turn before all is looked at");
  goOn();
  const [first, second] = await Promise.all(both);
  assertEquals([looks, first === second], [1, true]);
  // 1,000 passes with ten lines each, and two lines of each resource.
  assertEquals(turns >= 8, true, `${turns} turns`);
  assertEquals(first?.text.match(/^mesh_component_backlog_messages\{/gm)?.length, 1_000);
  await metrics.exposition();
  assertEquals(looks, 2, "the next one looks anew");
});
