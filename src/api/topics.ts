import { Type } from "@sinclair/typebox";
import { choice, flag, int32, list, map, optional, text, type Value } from "./schema.ts";

/** Schema of {@linkcode CryptoConfig}. */
export const CryptoConfigSchema = Type.Object({
  cryptoKeyReaderClassName: optional(text("Class of the key reader")),
  cryptoKeyReaderConfig: optional(map("Its configuration", Type.String())),
  encryptionKeys: optional(list("Names of the producer's keys", Type.String())),
  producerCryptoFailureAction: optional(text("FAIL, DISCARD, CONSUME or SEND (default FAIL)")),
  consumerCryptoFailureAction: optional(text("FAIL, DISCARD, CONSUME or SEND (default FAIL)")),
  cryptoSecrets: optional(
    list(
      "Secrets to mount",
      Type.Object({
        secretName: text("Secret"),
        secretKey: text("Key in it"),
        asVolume: optional(text("Where to mount it")),
      }),
    ),
  ),
}, { description: "End-to-end encryption" });

/** Schema of {@linkcode ConsumerConfig}. */
export const ConsumerConfigSchema = Type.Object({
  schemaType: optional(text("Schema type")),
  serdeClassname: optional(text("SerDe class")),
  isRegexPattern: optional(flag("The topic is a pattern")),
  schemaProperties: optional(map("Properties of the schema", Type.String())),
  consumerProperties: optional(map("Properties of the consumer", Type.String())),
  receiverQueueSize: optional(int32("Size of the receiver queue, 0 or more")),
  cryptoConfig: optional(CryptoConfigSchema),
});

/** Schema of {@linkcode ProducerConfig}. */
export const ProducerConfigSchema = Type.Object({
  maxPendingMessages: optional(
    int32("Messages that may wait; 1 sends each alone, without batches"),
  ),
  maxPendingMessagesAcrossPartitions: optional(int32("Messages that may wait in all partitions")),
  useThreadLocalProducers: optional(flag("One producer for each thread")),
  cryptoConfig: optional(CryptoConfigSchema),
  batchBuilder: optional(text("How batches are built, e.g. KEY_BASED")),
  compressionType: optional(
    choice("Compression (default LZ4)", ["NONE", "LZ4", "ZLIB", "ZSTD", "SNAPPY"]),
  ),
}, { description: "Settings of the producer" });

/** Schema of {@linkcode Input}. */
export const InputSchema = Type.Object({
  typeClassName: optional(text("Type of the input (default [B)")),
  topics: optional(list("Plain topics", Type.String())),
  topicPattern: optional(text("Pattern of topics")),
  customSerdeSources: optional(map("SerDe class by topic", Type.String())),
  customSchemaSources: optional(map("Schema type by topic", Type.String())),
  sourceSpecs: optional(map("Settings of the consumer by topic", ConsumerConfigSchema)),
}, { description: "Where messages come from" });

/** Schema of {@linkcode Output}. */
export const OutputSchema = Type.Object({
  typeClassName: optional(text("Type of the output (default [B)")),
  topic: optional(text("Output topic")),
  sinkSerdeClassName: optional(text("SerDe class")),
  sinkSchemaType: optional(text("Schema type")),
  producerConf: optional(ProducerConfigSchema),
  customSchemaSinks: optional(map("JSON of a consumer's settings by topic", Type.String())),
}, { description: "Where messages go" });

/** End-to-end encryption of a topic. */
export type CryptoConfig = Value<typeof CryptoConfigSchema>;
/** How one input topic is read. */
export type ConsumerConfig = Value<typeof ConsumerConfigSchema>;
/** How the output topic is written. */
export type ProducerConfig = Value<typeof ProducerConfigSchema>;
/** `spec.input` of a Function or Sink. */
export type Input = Value<typeof InputSchema>;
/** `spec.output` of a Function or Source. */
export type Output = Value<typeof OutputSchema>;
