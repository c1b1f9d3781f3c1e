import { type FunctionSpec, problems, type SinkSpec, type SourceSpec, withDefaults } from "#api";
import { assertEquals } from "@std/assert";
import {
  functionWith,
  problemPaths,
  sinkWith,
  sourceWith,
  warningPaths,
} from "./resources_for_tests.ts";

const CRYPTO = { cryptoKeyReaderClassName: "org.example.Keys", encryptionKeys: ["k"] };
const WINDOW = { windowLengthCount: 10 };

/** What is changed in a sound resource, and the paths that are refused for it. */
type Row<Spec> = readonly [name: string, changes: Spec, paths: readonly string[]];

const FUNCTION_ROWS: readonly Row<FunctionSpec>[] = [
  ["no class for Java", { className: "" }, ["spec.className"]],
  ["two runtimes", { python: { py: "a.py" } }, ["spec"]],
  ["an empty jar", { java: { jar: "" } }, ["spec.java.jar"]],
  ["a package of another scheme", { java: { jar: "a", jarLocation: "file:///a" } }, [
    "spec.java.jarLocation",
  ]],
  ["no Pulsar", { pulsar: {} }, ["spec.pulsar.pulsarConfig"]],
  ["a package service without address", { pulsarPackageService: {} }, [
    "spec.pulsarPackageService.pulsarConfig",
  ]],
  ["no input", { input: {} }, ["spec.input"]],
  ["a source in place of input", { input: {}, sourceConfig: {} }, []],
  ["a bad topic", { input: { topics: ["a/b"] } }, ["spec.input.topics[0]"]],
  ["a bad topic by key", { input: { customSerdeSources: { "a/b": "S" } } }, [
    'spec.input.customSerdeSources["a/b"]',
  ]],
  ["a negative queue", { input: { sourceSpecs: { t: { receiverQueueSize: -1 } } } }, [
    "spec.input.sourceSpecs.t.receiverQueueSize",
  ]],
  ["no key reader", { input: { sourceSpecs: { t: { cryptoConfig: {} } } } }, [
    "spec.input.sourceSpecs.t.cryptoConfig.cryptoKeyReaderClassName",
  ]],
  ["a loop", { output: { topic: "in" } }, ["spec.output.topic"]],
  ["a sink in place of output", { output: { topic: "in" }, sinkConfig: {} }, []],
  ["crypto without keys", { output: { topic: "out", producerConf: { cryptoConfig: {} } } }, [
    "spec.output.producerConf.cryptoConfig.cryptoKeyReaderClassName",
    "spec.output.producerConf.cryptoConfig.encryptionKeys",
  ]],
  ["crypto with keys", { output: { topic: "out", producerConf: { cryptoConfig: CRYPTO } } }, []],
  ["crypto without topic", { output: { producerConf: { cryptoConfig: {} } } }, []],
  ["a bad log topic", { logTopic: "a/b" }, ["spec.logTopic"]],
  ["a bad dead letter topic", { deadLetterTopic: "a/b", maxMessageRetry: 1 }, [
    "spec.deadLetterTopic",
  ]],
  ["dead letters without retries", { deadLetterTopic: "dead" }, ["spec.maxMessageRetry"]],
  ["once and timeout", { processingGuarantee: "effectively_once", timeout: 1 }, ["spec.timeout"]],
  ["once and retries", { processingGuarantee: "effectively_once", maxMessageRetry: 1 }, [
    "spec.maxMessageRetry",
  ]],
  ["once by key", { processingGuarantee: "effectively_once", retainKeyOrdering: true }, [
    "spec.retainKeyOrdering",
  ]],
  ["two orderings", { retainOrdering: true, retainKeyOrdering: true }, ["spec.retainKeyOrdering"]],
  ["no state store", { statefulConfig: { pulsar: { serviceUrl: "" } } }, [
    "spec.statefulConfig.pulsar.serviceUrl",
  ]],
  ["two presets for CPU", {
    pod: {
      builtinAutoscaler: ["AverageUtilizationCPUPercent80", "AverageUtilizationCPUPercent20"],
    },
  }, ["spec.pod.builtinAutoscaler"]],
  ["two autoscalers", { maxReplicas: 2, pod: { vpa: {} } }, ["spec.pod.vpa"]],
  ["a policy without container", {
    pod: { vpa: { resourcePolicy: { containerPolicies: [{}] } } },
  }, ["spec.pod.vpa.resourcePolicy.containerPolicies[0].containerName"]],
  ["fewer at most than wanted", { replicas: 3, maxReplicas: 2, minReplicas: 1 }, [
    "spec.maxReplicas",
  ]],
  ["more at least than wanted", { replicas: 1, minReplicas: 2 }, ["spec.minReplicas"]],
  ["none at most", { replicas: 0, maxReplicas: 0, minReplicas: 1 }, ["spec.maxReplicas"]],
  ["a window without length", { windowConfig: {} }, ["spec.windowConfig"]],
  ["a window with two lengths", { windowConfig: { ...WINDOW, windowLengthDurationMs: 5 } }, [
    "spec.windowConfig",
  ]],
  ["an empty window", { windowConfig: { windowLengthCount: 0 } }, [
    "spec.windowConfig.windowLengthCount",
  ]],
  ["a lag that is read", {
    windowConfig: { ...WINDOW, maxLagMs: 0, timestampExtractorClassName: "T" },
  }, ["spec.windowConfig.maxLagMs"]],
  ["a lag that is not read", { windowConfig: { ...WINDOW, maxLagMs: 0 } }, []],
];

const SINK_ROWS: readonly Row<SinkSpec>[] = [
  ["no input, whatever else", { input: {} }, ["spec.input"]],
  ["dead letters without retries", { deadLetterTopic: "dead" }, ["spec.maxMessageRetry"]],
  ["once and timeout", { processingGuarantee: "effectively_once", timeout: 1 }, ["spec.timeout"]],
  ["two orderings, as in the reference", { retainOrdering: true, retainKeyOrdering: true }, []],
];

const SOURCE_ROWS: readonly Row<SourceSpec>[] = [
  ["a bad output", { output: { topic: "a/b" } }, ["spec.output.topic"]],
  ["a bad log topic, as in the reference", { logTopic: "a/b" }, []],
];

Deno.test("problems() checks a Function as the reference does", () => {
  for (const [name, changes, paths] of FUNCTION_ROWS) {
    assertEquals(problemPaths(functionWith(changes)), paths, name);
  }
});

Deno.test("problems() checks a Sink as the reference does", () => {
  for (const [name, changes, paths] of SINK_ROWS) {
    assertEquals(problemPaths(sinkWith(changes)), paths, name);
  }
  const { sinkConfig: _, java: __, ...spec } = sinkWith().spec;
  assertEquals(problemPaths({ ...sinkWith(), spec }), ["spec.sinkConfig", "spec.java"]);
});

Deno.test("problems() checks a Source as the reference does", () => {
  for (const [name, changes, paths] of SOURCE_ROWS) {
    assertEquals(problemPaths(sourceWith(changes)), paths, name);
  }
  const { sourceConfig: _, java: __, ...spec } = sourceWith().spec;
  assertEquals(problemPaths({ ...sourceWith(), spec }), ["spec.sourceConfig", "spec.java"]);
});

Deno.test("problems() wants a runtime, and takes the generic one alone", () => {
  const { java: _, className: __, ...spec } = functionWith().spec;
  const genericRuntime = { functionFile: "a.js", language: "nodejs" };
  assertEquals(problemPaths({ ...functionWith(), spec }), ["spec"]);
  assertEquals(problemPaths({ ...functionWith(), spec: { ...spec, genericRuntime } }), []);
});

Deno.test("problems() wants plain topics and no state of a Go function (W-2)", () => {
  const { java: _, ...spec } = functionWith({
    input: { topicPattern: "persistent://public/default/.*" },
    statefulConfig: { pulsar: { serviceUrl: "bk://store" } },
  }).spec;
  const go = { ...functionWith(), spec: { ...spec, golang: { go: "job" } } };
  assertEquals(problemPaths(go), ["spec.input.topics", "spec.statefulConfig"]);
});

Deno.test("problems() takes absent resources, and refuses relations that cannot be (W-22)", () => {
  const paths = (resources: FunctionSpec["resources"] & object) =>
    problemPaths(functionWith({ resources }));
  assertEquals(paths({}), []);
  assertEquals(paths({ requests: { cpu: "1" } }), []);
  assertEquals(paths({ limits: { memory: "1Gi" } }), []);
  assertEquals(paths({ requests: { cpu: "2" }, limits: { cpu: 0 } }), []);
  assertEquals(paths({ requests: { cpu: 2 }, limits: { cpu: "1500m" } }), [
    "spec.resources.requests.cpu",
  ]);
  assertEquals(paths({ requests: { memory: "2048Mi" }, limits: { memory: "1.1G" } }), [
    "spec.resources.requests.memory",
  ]);
  assertEquals(paths({ requests: { memory: "0" }, limits: { storage: "-1" } }), [
    "spec.resources.requests.memory",
    "spec.resources.limits.storage",
  ]);
});

Deno.test("problems() takes replicas 0, also of a scaled resource (W-40)", () => {
  const scaled: readonly FunctionSpec[] = [
    { replicas: 0 },
    { replicas: 0, minReplicas: 1 },
    { replicas: 0, minReplicas: 2, maxReplicas: 5 },
    { minReplicas: 0 },
  ];
  for (const changes of scaled) {
    assertEquals(problemPaths(functionWith(changes)), []);
    assertEquals(problemPaths(functionWith(changes), { zeroReplicas: "refuse" }).length > 0, true);
  }
  assertEquals(problemPaths(functionWith({ minReplicas: 0, maxReplicas: 5 })), [
    "spec.minReplicas",
  ]);
  assertEquals(withDefaults(functionWith({ replicas: 0 })).spec.minReplicas, 1);
});

Deno.test("problems() takes a window by count as its defaults make it (W-1)", () => {
  const window = functionWith({
    windowConfig: { windowLengthCount: 10, timestampExtractorClassName: "org.example.Time" },
  });
  assertEquals(problems(window), []);
  assertEquals(withDefaults(window).spec.windowConfig, {
    windowLengthCount: 10,
    slidingIntervalCount: 10,
    maxLagMs: 0,
    watermarkEmitIntervalMs: 1000,
    timestampExtractorClassName: "org.example.Time",
  });
});

Deno.test("withDefaults() names a resource that the API server named (W-43)", () => {
  assertEquals(withDefaults(functionWith()).spec.name, "job");
  assertEquals(withDefaults(functionWith({ name: "other" })).spec.name, "other");
});

Deno.test("warnings() says what the reference lets pass (W-39, W-26)", () => {
  const generic = { functionFile: "a", language: "nodejs", functionFileLocation: "file:///a" };
  assertEquals(warningPaths(functionWith({ genericRuntime: generic })), [
    "spec.genericRuntime",
    "spec.genericRuntime.functionFileLocation",
  ]);
  assertEquals(
    warningPaths(functionWith({ output: { topic: "persistent://public/default/in" } })),
    ["spec.output.topic"],
  );
  assertEquals(warningPaths(functionWith({ pod: { builtinAutoscaler: ["AverageCPU"] } })), [
    "spec.pod.builtinAutoscaler[0]",
  ]);
  assertEquals(warningPaths(sinkWith({ retainOrdering: true, retainKeyOrdering: true })), [
    "spec.retainKeyOrdering",
  ]);
  assertEquals(warningPaths(sourceWith({ logTopic: "a/b", logTopicAgent: "runtime" })), [
    "spec.logTopic",
    "spec.logTopicAgent",
  ]);
});

Deno.test("warnings() name who may lose results with effectively_once, in Java only and where there are batches", () => {
  const path = "spec.output.producerConf.maxPendingMessages";
  const once = { processingGuarantee: "effectively_once" as const };
  const output = (maxPendingMessages: number) => ({
    output: { topic: "out", producerConf: { maxPendingMessages } },
  });
  assertEquals(warningPaths(functionWith({ ...once, output: { topic: "out" } })), [path]);
  assertEquals(warningPaths(functionWith({ ...once, ...output(1000) })), [path]);
  assertEquals(warningPaths(sourceWith({ ...once, ...output(2) })), [path]);
  assertEquals(warningPaths(functionWith({ ...once, ...output(1) })), []);
  assertEquals(warningPaths(functionWith({ ...once, output: {} })), []);
  const connected = { output: { topic: "out" }, sinkConfig: {} };
  assertEquals(warningPaths(functionWith({ ...once, ...connected })), []);
  assertEquals(warningPaths(functionWith({ output: { topic: "out" } })), []);
  const inJava = functionWith({ ...once, output: { topic: "out" } });
  const { java: _java, ...spec } = inJava.spec;
  assertEquals(warningPaths({ ...inJava, spec: { ...spec, python: { py: "f.py" } } }), []);
});
