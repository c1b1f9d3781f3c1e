import { assertEquals } from "@std/assert";
import { functionDetails } from "#desired";
import { aFunction, aSink, aSource, at } from "./fixtures.ts";

function details(component: Parameters<typeof functionDetails>[0]): unknown {
  return JSON.parse(functionDetails(component));
}

const CRYPTO = {
  cryptoKeyReaderClassName: "ckr",
  cryptoKeyReaderConfig: { PUBLIC: "a", PRIVATE: "<b>" },
  encryptionKeys: ["k1", "k2"],
  producerCryptoFailureAction: "SEND",
  consumerCryptoFailureAction: "bogus",
};

const MAXIMAL_INPUT = {
  typeClassName: "T",
  topics: ["t1", "t2"],
  topicPattern: "persistent://a/b/.*",
  customSerdeSources: { s1: "S" },
  customSchemaSources: { sc1: "json" },
  sourceSpecs: {
    x: {
      schemaType: "st",
      serdeClassname: "sd",
      isRegexPattern: false,
      schemaProperties: { b: "1", a: "2" },
      consumerProperties: { c: "d" },
      receiverQueueSize: 0,
      cryptoConfig: CRYPTO,
    },
    y: { receiverQueueSize: 500 },
  },
};

const MAXIMAL_OUTPUT = {
  topic: "o",
  typeClassName: "OT",
  sinkSerdeClassName: "oserde",
  sinkSchemaType: "avro",
  producerConf: {
    maxPendingMessages: 10,
    maxPendingMessagesAcrossPartitions: 20,
    useThreadLocalProducers: true,
    batchBuilder: "KEY_BASED",
    compressionType: "SNAPPY" as const,
    cryptoConfig: {
      cryptoKeyReaderClassName: "ckr",
      producerCryptoFailureAction: "DISCARD",
      consumerCryptoFailureAction: "CONSUME",
    },
  },
  customSchemaSinks: { o: `{"schemaProperties":{"sp":"1"},"ConsumerProperties":{"cp":"2"}}` },
};

Deno.test("functionDetails() writes the reference's text for a maximal function", () => {
  const text = functionDetails(aFunction({
    name: "f",
    className: "com.example.Fn",
    input: MAXIMAL_INPUT,
    output: MAXIMAL_OUTPUT,
    replicas: 3,
    minReplicas: 1,
    autoAck: false,
    processingGuarantee: "effectively_once",
    subscriptionName: "sub",
    subscriptionPosition: "latest",
    cleanupSubscription: true,
    skipToLatest: true,
    timeout: 1000,
    maxMessageRetry: 3,
    deadLetterTopic: "dlt",
    retainOrdering: true,
    retainKeyOrdering: true,
    runtimeFlags: "-rf",
    // Not in A.8: without them there are defaults (W-22).
    resources: { requests: { cpu: "250m", memory: "1Gi" } },
    showPreciseParallelism: true,
    secretsMap: { B: { path: "p<", key: "k" }, A: { path: "p2" } },
  }));
  assertEquals(
    text,
    '{"tenant":"public","namespace":"default","name":"f","className":"com.example.Fn","processingGuarantees":"EFFECTIVELY_ONCE","secretsMap":"{\\"A\\":{\\"path\\":\\"p2\\"},\\"B\\":{\\"path\\":\\"p\\\\u003c\\",\\"key\\":\\"k\\"}}","parallelism":3,"source":{"typeClassName":"T","subscriptionType":"FAILOVER","inputSpecs":{"persistent://a/b/.*":{"isRegexPattern":true},"s1":{"serdeClassName":"S"},"sc1":{"schemaType":"json"},"t1":{},"t2":{},"x":{"schemaType":"st","serdeClassName":"sd","receiverQueueSize":{},"schemaProperties":{"a":"2","b":"1"},"consumerProperties":{"c":"d"},"cryptoSpec":{"cryptoKeyReaderClassName":"ckr","cryptoKeyReaderConfig":"{\\"PRIVATE\\":\\"\\\\u003cb\\\\u003e\\",\\"PUBLIC\\":\\"a\\"}","producerEncryptionKeyName":["k1","k2"],"producerCryptoFailureAction":"SEND"}},"y":{"receiverQueueSize":{"value":500}}},"timeoutMs":"1000","subscriptionName":"sub","cleanupSubscription":true,"negativeAckRedeliveryDelayMs":"1000","skipToLatest":true},"sink":{"typeClassName":"OT","topic":"o","producerSpec":{"maxPendingMessages":10,"maxPendingMessagesAcrossPartitions":20,"useThreadLocalProducers":true,"cryptoSpec":{"cryptoKeyReaderClassName":"ckr","producerCryptoFailureAction":"DISCARD","consumerCryptoFailureAction":"CONSUME"},"batchBuilder":"KEY_BASED","compressionType":"SNAPPY"},"serDeClassName":"oserde","schemaType":"avro","forwardSourceMessageProperty":true,"schemaProperties":{"sp":"1"},"consumerProperties":{"cp":"2"}},"resources":{"cpu":0.25,"ram":"1073741824"},"retryDetails":{"maxMessageRetries":3,"deadLetterTopic":"dlt"},"runtimeFlags":"-rf","componentType":"FUNCTION","retainOrdering":true,"retainKeyOrdering":true}',
  );
});

Deno.test("functionDetails() computes resources as the reference does in floating point", () => {
  const requests = { cpu: "0.7", memory: "1Gi", storage: "1500" };
  assertEquals(at(details(aSink({ resources: { requests } })), "resources"), {
    cpu: 0.7000000000000001,
    ram: "1073741824",
    disk: "1500",
  });
});

Deno.test("functionDetails() wraps a negative timeout as the reference does", () => {
  assertEquals(
    at(details(aFunction({ timeout: -1 })), "source", "timeoutMs"),
    "18446744073709551615",
  );
});

Deno.test("functionDetails() puts the window into the user's configuration, in its own order", () => {
  const component = aFunction({
    className: "W",
    funcConfig: { b: 1 },
    windowConfig: { actualWindowFunctionClassName: "ignored", windowLengthCount: 10, maxLagMs: 0 },
  });
  assertEquals(
    at(details(component), "userConfig"),
    `{"__WINDOWCONFIGS__":{"actualWindowFunctionClassName":"W","windowLengthCount":10,"slidingIntervalCount":10,` +
      `"maxLagMs":0,"watermarkEmitIntervalMs":1000},"b":1}`,
  );
});

Deno.test("functionDetails() runs a batch source through its executor, whose keys stay out of the user's configuration", () => {
  const source = aSource({
    sourceConfig: { tableName: "t" },
    batchSourceConfig: {
      discoveryTriggererClassName: "Trigger",
      discoveryTriggererConfig: { k: "v" },
    },
  });
  assertEquals(at(details(source), "userConfig"), `{"tableName":"t"}`);
  assertEquals(at(details(source), "source"), {
    className: "org.apache.pulsar.functions.source.batch.BatchSourceExecutor",
    configs: JSON.stringify({
      __BATCHSOURCECLASSNAME__: "org.example.Src",
      __BATCHSOURCECONFIGS__:
        `{"discoveryTriggererClassName":"Trigger","discoveryTriggererConfig":{"k":"v"}}`,
      tableName: "t",
    }),
    typeClassName: "[B",
  });
});

Deno.test("functionDetails() makes a dead letter topic for retries without a subscription of the user's own", () => {
  const topic = (spec: object) =>
    at(details(aSink({ maxMessageRetry: 2, ...spec })), "retryDetails", "deadLetterTopic");
  assertEquals(topic({}), "public-default-orders-DLQ");
  assertEquals(topic({ subscriptionName: "mine" }), undefined);
  assertEquals(topic({ deadLetterTopic: "dlt" }), "dlt");
  assertEquals(at(details(aSink({ maxMessageRetry: 0 })), "retryDetails"), undefined);
});

Deno.test("functionDetails() takes a built-in connector of a function from wherever it is named", () => {
  const source = (configs: Record<string, string | number | object>) =>
    at(details(aFunction({ sourceConfig: { configs: configs as never } })), "source");
  assertEquals(at(source({ archive: "builtin://kafka", topic: "x" }), "builtin"), "kafka");
  assertEquals(at(source({ builtin: 1000000 }), "builtin"), "1e+06");
  assertEquals(
    at(source({ className: "C", configs: { a: 1, b: 2 }, b: 3 }), "configs"),
    `{"a":1,"b":3}`,
  );
  assertEquals(at(source({ className: "C" }), "configs"), `{"className":"C"}`);
  const sink = at(
    details(aFunction({ sinkConfig: { sinkType: "elastic", configs: { a: 1 } } })),
    "sink",
  );
  assertEquals([at(sink, "builtin"), at(sink, "configs")], [
    "elastic",
    `{"a":1,"sinkType":"elastic"}`,
  ]);
});

Deno.test("functionDetails() reads topics with the names of JavaScript's own members", () => {
  const component = aFunction({
    input: { topics: ["constructor", "__proto__"] },
    output: { topic: "constructor", customSchemaSinks: {} },
  });
  const specs = at(details(component), "source", "inputSpecs") as object;
  assertEquals(Object.keys(specs).sort(), ["__proto__", "constructor"]);
  assertEquals(at(details(component), "sink", "schemaProperties"), undefined);
});
