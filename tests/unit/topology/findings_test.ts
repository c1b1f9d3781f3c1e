import { assertEquals } from "@std/assert";
import { component, mesh, through, told } from "./components_for_tests.ts";

Deno.test("findings() tells of a subscription that two components share, by name and by pattern", () => {
  const shared = { subscriptionName: "s" };
  assertEquals(
    told([
      component("a", { ...through("in"), ...shared }),
      component("b", { ...through("public/default/in"), ...shared }),
      component("c", through("in")),
    ]),
    ["SharedSubscription b spec.input.topics[0]: shares its subscription with Function shop/a on in: s; each gets only a part of the messages"],
  );
  assertEquals(
    told([
      component("a", { input: { topicPattern: "in-.*" }, ...shared }),
      component("b", { ...through("in-1"), ...shared }),
    ]).length,
    1,
  );
});

Deno.test("findings() tells of an order that is asked of a shared subscription", () => {
  const shared = { subscriptionName: "s" };
  const plain = component("a", { ...through("in"), ...shared });
  const ordered = component("b", { ...through("in"), ...shared, retainOrdering: true });
  assertEquals(told([plain, ordered]), [
    "OrderingOnSharedSubscription b spec.input.topics[0]: reads as Failover a subscription that is Shared for Function shop/a on in: s; a broker refuses one of them",
  ]);
  const other = component("c", {
    ...through("in"),
    ...shared,
    processingGuarantee: "effectively_once",
  });
  assertEquals(
    told([ordered, other])[0]?.startsWith(
      "OrderingOnSharedSubscription c spec.input.topics[0]: asks for an order (Failover)",
    ),
    true,
  );
});

Deno.test("findings() tells of cycles once, and not of dead letters that are brought back", () => {
  assertEquals(
    told([
      component("a", through("1", "2")),
      component("b", through("2", "3")),
      component("c", through("3", "1")),
      component("d", through("3", "4")),
    ]),
    ["EndlessCycle a spec.output.topic: feeds itself: a -> b -> c -> a"],
  );
  const replay = [
    component("work", { ...through("in", "out"), maxMessageRetry: 3, deadLetterTopic: "dead" }),
    component("replay", through("dead", "in")),
  ];
  assertEquals(told(replay), []);
});

Deno.test("findings() tells of cycles through a pattern and through a log topic", () => {
  const pattern = [
    component("a", { input: { topicPattern: "x-.*" }, output: { topic: "y" } }),
    component("b", through("y", "x-1")),
  ];
  assertEquals(told(pattern), ["EndlessCycle a spec.output.topic: feeds itself: a -> b -> a"]);
  const log = [
    component("a", { ...through("in", "out"), logTopic: "logs" }),
    component("b", through("logs", "in")),
  ];
  assertEquals(told(log), ["EndlessCycle a spec.logTopic: feeds itself: a -> b -> a"]);
});

Deno.test("findings() tells of a component that reads what it writes, and of a pattern that swallows it", () => {
  assertEquals(told([component("a", through("x", "public/default/x"))]), [
    "ReadsOwnOutput a spec.output.topic: sends its output to x, which it reads as input as well",
  ]);
  const swallowed = component("a", {
    input: { topicPattern: "orders-.*" },
    output: { topic: "orders-done" },
    logTopic: "orders-log",
  });
  assertEquals(told([swallowed]), [
    "PatternReadsOwnOutput a spec.output.topic: sends its output to orders-done, which fits its own topic pattern",
    "PatternReadsOwnOutput a spec.logTopic: sends its log to orders-log, which fits its own topic pattern",
  ]);
});

Deno.test("findings() tells of types, schemas and SerDes that do not fit, where both sides name one", () => {
  const typed = (type: string, schema: string, serde: string) => ({
    input: {
      typeClassName: type,
      sourceSpecs: { t: { schemaType: schema, serdeClassname: serde } },
    },
  });
  const writer = component("w", {
    output: {
      topic: "t",
      typeClassName: "java.lang.String",
      sinkSchemaType: "STRING",
      sinkSerdeClassName: "a.SerDe",
    },
  }, { kind: "Source" });
  const mixed = told([writer, component("r", typed("a.Order", "json", "b.SerDe"))]);
  assertEquals(mixed.map((line) => line.split(" is ")[0]), [
    'TypeMismatch r spec.input.sourceSpecs["t"]: the class of what it reads on t',
    'SchemaMismatch r spec.input.sourceSpecs["t"]: the schema of what it reads on t',
    'SchemaMismatch r spec.input.sourceSpecs["t"]: the SerDe of what it reads on t',
  ]);
  assertEquals(told([writer, component("r", typed("java.lang.String", "string", "a.SerDe"))]), []);
  assertEquals(told([writer, component("r", through("t"))]), []);
  const generic = "org.apache.pulsar.client.api.schema.GenericRecord";
  assertEquals(told([writer, component("r", typed(generic, "auto_consume", "a.SerDe"))]), []);
  const second = component("v", { output: { topic: "t", typeClassName: "a.Order" } }, {
    kind: "Source",
  });
  assertEquals(told([writer, second]).length, 1);
});

Deno.test("findings() informs of ends that lead to nobody here, and not where a pattern may be read in ways it does not know", () => {
  const both = ["information"];
  assertEquals(told([component("a", through("in", "out"))], both), [
    "InputUnwritten a spec.input.topics[0]: no component here writes to in",
    "OutputUnread a spec.output.topic: no component here reads out",
  ]);
  const open = component("b", { input: { topicPattern: "(x|y)" } });
  assertEquals(told([component("a", through("in", "out")), open], both).map((line) => line[0]), [
    "I",
  ]);
});

Deno.test("findings() tells of dead letters without retries", () => {
  const spec = { ...through("in"), deadLetterTopic: "dead" };
  const kind = { kind: "Sink" } as const;
  assertEquals(told([component("a", { ...spec, maxMessageRetry: 0 }, kind)]).length, 1);
  assertEquals(told([component("a", { ...spec, maxMessageRetry: 2 }, kind)]), []);
});

Deno.test("findings() tells of names that collide across meshes, for Kubernetes and for Pulsar", () => {
  const first = mesh("a", [{ name: "b-c", ...through("1", "2") }]);
  const second = mesh("a-b", [{ name: "c", ...through("3", "4") }]);
  assertEquals(told([first, second]), [
    "ResourceNameCollision a-b-c spec.name: Function shop/a-b-c is made by FunctionMesh a as well",
  ]);
  // Items of two meshes are the same for Pulsar: their names there are those of the items.
  const other = mesh("z", [{ name: "b-c", ...through("5", "6") }]);
  assertEquals(told([first, other]).map((line) => line.split(":")[0]), [
    "PulsarNameCollision z-b-c spec.name",
  ]);
});

Deno.test("findings() tells of a pulsarConfig that differs along a chain, and not of two whole chains", () => {
  const on = (pulsarConfig: string) => ({ pulsar: { pulsarConfig } });
  const writer = component("w", { output: { topic: "t" }, ...on("one") }, { kind: "Source" });
  const reader = component("r", { ...through("t"), ...on("two") }, { kind: "Sink" });
  assertEquals(told([writer, reader]), [
    "PulsarConfigDiffers r spec.pulsar.pulsarConfig: reads t by two, and Source shop/w writes it by one",
  ]);
  const whole = [
    component("x", { output: { topic: "t" }, ...on("two") }, { kind: "Source" }),
    component("y", { ...through("t"), ...on("one") }, { kind: "Sink" }),
  ];
  assertEquals(told([writer, reader, ...whole]), []);
});

Deno.test("findings() has file and line, also of an item of a mesh, and no character that does something", () => {
  const object = mesh("m", [
    { name: "a", ...through("x\u001b[2J", "x\u001b[2J") },
  ]);
  const lineOf = (path: string) => path === "spec.functions[0].output.topic" ? 7 : 1;
  const lines = told([{ object, file: "m.yaml", lineOf }]);
  assertEquals(lines, [
    "ReadsOwnOutput m-a spec.functions[0].output.topic: sends its output to x�[2J, which it reads as input as well",
  ]);
});

Deno.test("findings() takes a chain of thousands, and thousands on one topic", () => {
  const chain = Array.from(
    { length: 3_000 },
    (_, at) => component(`f${at}`, through(`t${at}`, `t${at + 1}`)),
  );
  assertEquals(told(chain), []);
  const ring = [...chain, component("last", through("t3000", "t0"))];
  assertEquals(told(ring).map((line) => line.split(" ")[0]), ["EndlessCycle"]);
  const star = Array.from(
    { length: 3_000 },
    (_, at) => component(`f${at}`, { ...through("t"), subscriptionName: "s" }),
  );
  assertEquals(told(star).length, 2_999);
});
