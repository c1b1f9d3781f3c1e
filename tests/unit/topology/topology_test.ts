import { assertEquals } from "@std/assert";
import { type FunctionResource, withDefaults } from "#api";
import { subscriptionsOf } from "#desired";
import { componentSources, downstream, flowOf, readersOf, topology } from "#topology";
import { patternFits, StepMeter, topicPattern } from "../../../src/topology/pattern.ts";
import { component, mesh, through, topologyOf } from "./components_for_tests.ts";

Deno.test("topology() joins what is written with what is read, whatever way a topic is spelled", () => {
  const flow = flowOf(topologyOf(
    component("till", { output: { topic: "raw" } }, { kind: "Source" }),
    component("enrich", through("public/default/raw", "rich")),
    component("store", through("persistent://public/default/rich-partition-2"), { kind: "Sink" }),
  ));
  const topics = flow.topology.topics.map(({ label }) => label);
  assertEquals(topics, ["raw", "rich"]);
  assertEquals(flow.topology.edges.map(({ role, partition }) => [role, partition]), [
    ["output", undefined],
    ["input", undefined],
    ["output", undefined],
    ["input", 2],
  ]);
  assertEquals(downstream(flow, "Source shop/till"), ["Function shop/enrich", "Sink shop/store"]);
});

Deno.test("topology() knows subscriptions as the instances get them", () => {
  const resources = [
    component("a", through("x")),
    component("b", { ...through("x"), subscriptionName: "mine" }),
    component("c", { ...through("x"), name: "other", tenant: "t", namespace: "n" }),
    component("d", {
      input: { topicPattern: "x-.*", sourceSpecs: { y: { isRegexPattern: true }, z: {} } },
    }),
  ];
  for (const resource of resources) {
    const { edges, topics } = topologyOf(resource);
    const own = edges.map(({ isPattern, subscription, topic }) => [
      topics.find(({ id }) => id === topic)?.label ?? "",
      isPattern,
      subscription,
    ]).sort();
    const wanted = subscriptionsOf(withDefaults(resource as FunctionResource))
      .map(({ isPattern, name, topic }) => [topic, isPattern, name]);
    assertEquals(own, wanted.sort());
  }
});

Deno.test("topology() keeps clusters apart, and joins those with the same address", () => {
  const sources = componentSources([
    { object: component("w", { output: { topic: "t" } }, { kind: "Source", namespace: "a" }) },
    { object: component("r", through("t"), { kind: "Sink", namespace: "b" }) },
  ]);
  assertEquals(topology(sources).topics.length, 2);
  const url = "pulsar://broker:6650";
  const clusters = new Map([["a/pulsar", url], ["b/pulsar", url]]);
  assertEquals(topology(sources, { clusters }).topics.map(({ cluster }) => cluster), [url]);
});

Deno.test("topology() knows dead-letter, log, retry and late topics, those that Pulsar makes up too", () => {
  const { edges, topics } = topologyOf(
    component("a", {
      ...through("in", "out"),
      maxMessageRetry: 3,
      logTopic: "logs",
      windowConfig: { lateDataTopic: "late" },
    }),
    component("b", {
      ...through(["in-sub-RETRY"]),
      maxMessageRetry: 3,
      deadLetterTopic: "given-up",
    }),
  );
  const roles = edges.map(({ isImplied = false, role, topic }) => [
    role,
    topics.find(({ id }) => id === topic)?.label,
    isImplied,
  ]);
  assertEquals(roles, [
    ["input", "in", false],
    ["output", "out", false],
    ["deadLetter", "in-public/default/a-DLQ", true],
    ["log", "logs", false],
    ["lateData", "late", false],
    ["input", "in-sub-RETRY", false],
    ["deadLetter", "given-up", false],
  ]);
  const variants = topics.flatMap(({ label, variant }) =>
    variant === undefined ? [] : [[label, variant]]
  );
  assertEquals(variants, [["in-public/default/a-DLQ", "deadLetter"], ["in-sub-RETRY", "retry"]]);
});

Deno.test("topology() says which topics a pattern fits, and what it cannot know", () => {
  const flow = flowOf(topologyOf(
    component("eu", { output: { topic: "orders-eu" } }, { kind: "Source" }),
    component("us", { output: { topic: "shop/us/orders-us" } }, { kind: "Source" }),
    component("all", { input: { topicPattern: "orders-.*" } }),
  ));
  const [eu] = flow.topology.topics;
  assertEquals(readersOf(flow, eu?.id ?? ""), ["Function shop/all"]);
  assertEquals(flow.topology.matches.length, 1);
  const unclear = topologyOf(component("any", { input: { topicPattern: "(a|b)+" } }));
  assertEquals(unclear.unclear, ["shop/pulsar"]);
});

Deno.test("topology() shows status and numbers of what is live, and takes specs that make no sense", () => {
  const runtime = {
    received: 5,
    backlog: 7,
    subscriptions: [{ topic: "in", name: "s", backlog: 7 }],
  };
  const conditions = [{
    type: "Ready",
    status: "False",
    reason: "OOMKilled",
    message: "killed",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  }];
  const status = { readyReplicas: 1, conditions, runtime };
  const live = topologyOf(component("a", { ...through("in"), replicas: 2 }, { status }));
  const [node] = live.components;
  assertEquals(node?.numbers, { received: 5, backlog: 7 });
  assertEquals([node?.isReady, node?.reason, node?.readyPods, node?.wantedPods], [
    false,
    "OOMKilled",
    1,
    2,
  ]);
  assertEquals(live.edges[0]?.backlog, 7);
  const odd = { input: { topics: "no list", sourceSpecs: 3 }, output: "x", pulsar: null, name: 7 };
  assertEquals(topologyOf(component("odd", odd), { ...component("b", {}), spec: null }).edges, []);
});

Deno.test("componentSources() names the items of a mesh as the resources that they become", () => {
  const [item] = componentSources([{ object: mesh("shop", [{ name: "a" }, {}]) }]);
  assertEquals([item?.component.metadata.name, item?.mesh], ["shop-a", "shop"]);
});

Deno.test("patternFits() takes steps in proportion to pattern times name, and understands what people write", () => {
  const fits = (pattern: string, name: string) => {
    const known = topicPattern(pattern);
    return known === undefined ? undefined : patternFits(known, name, new StepMeter(100_000));
  };
  const cases: readonly (readonly [string, string, boolean | undefined])[] = [
    ["a.*", "a", true],
    ["a.+", "a", false],
    ["ab?c", "ac", true],
    ["a+", "aaa", true],
    ["a+", "", false],
    ["[a-c]+-\\d", "abc-7", true],
    ["[^a-c]", "b", false],
    ["a\\.b", "axb", false],
    [".*?x", "aax", true],
    ["a{2}", "aa", undefined],
    ["(a|b)", "a", undefined],
    ["[a", "a", undefined],
    ["a\\", "a", undefined],
    ["*a", "a", undefined],
  ];
  for (const [pattern, name, wanted] of cases) assertEquals(fits(pattern, name), wanted, pattern);
  const hostile = topicPattern(`${"a*".repeat(200)}b`);
  assertEquals(
    hostile && patternFits(hostile, "a".repeat(10_000), new StepMeter(10_000)),
    undefined,
  );
});
