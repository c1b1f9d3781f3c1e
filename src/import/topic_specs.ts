import type { ConsumerConfig, CryptoConfig, Input, ProducerConfig } from "#api";
import type { Members } from "./members.ts";
import type { Notes } from "./notes.ts";

/** Members of `spec` without those that are not there. */
export function given<T extends Readonly<Record<string, unknown>>>(
  members: T,
): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const there = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(there) as { [Name in keyof T]?: Exclude<T[Name], undefined> };
}

/** Names of the members that name the same thing in functions and in sinks. */
interface InputNames {
  readonly serde: string;
  readonly schema: string;
}

const COMPRESSIONS = ["NONE", "LZ4", "ZLIB", "ZSTD", "SNAPPY"] as const;

/** How a component reads one topic, and the reader of what says so. */
interface ReadTopic {
  readonly topic: string;
  readonly consumer: ConsumerConfig;
}

/**
 * What a component reads. Pulsar answers everything in `inputSpecs`; the older members count as they do there, a later one
 * in place of an earlier one.
 */
export function inputOf(
  config: Members,
  names: InputNames,
  { notes, typeClassName }: { readonly notes: Notes; readonly typeClassName: string | undefined },
): Input {
  const pattern = config.text("topicsPattern");
  const all = new Map<string, ReadTopic>();
  const add = (topic: string, consumer: ConsumerConfig) => all.set(topic, { topic, consumer });
  for (const topic of config.texts("inputs") ?? []) add(topic, {});
  if (pattern !== undefined) add(pattern, { isRegexPattern: true });
  for (const [topic, serdeClassname] of texts(config, names.serde)) add(topic, { serdeClassname });
  for (const [topic, schemaType] of texts(config, names.schema)) add(topic, { schemaType });
  for (const [topic, consumer] of config.map("inputSpecs")) {
    add(topic, consumerConfig(consumer, notes));
    consumer.end();
  }
  return inputMembers([...all.values()], typeClassName);
}

/** Plain topics as a list, as the Go runner reads nothing else; what has options by topic. */
function inputMembers(all: readonly ReadTopic[], typeClassName: string | undefined): Input {
  const sorted = [...all].sort((a, b) => a.topic < b.topic ? -1 : 1);
  const isPlain = ({ consumer }: ReadTopic) => Object.keys(consumer).length === 0;
  const isPattern = ({ consumer }: ReadTopic) =>
    Object.keys(consumer).length === 1 && consumer.isRegexPattern === true;
  const topics = sorted.filter(isPlain).map(({ topic }) => topic);
  const patterns = sorted.filter(isPattern);
  // One pattern has a member of its own; more of them have options like all others.
  const lone = patterns.length === 1 ? patterns[0] : undefined;
  const others = sorted.filter((read) => !isPlain(read) && read !== lone);
  return given({
    typeClassName,
    topics: topics.length === 0 ? undefined : topics,
    topicPattern: lone?.topic,
    sourceSpecs: others.length === 0
      ? undefined
      : Object.fromEntries(others.map(({ consumer, topic }) => [topic, consumer])),
  });
}

function texts(config: Members, name: string): [string, string][] {
  const value = config.properties(name) ?? {};
  return Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
}

function consumerConfig(consumer: Members, notes: Notes): ConsumerConfig {
  // Pulsar writes `regexPattern`; clients of some languages write what the class calls it.
  const isPattern = consumer.flag("regexPattern") === true ||
    consumer.flag("isRegexPattern") === true;
  if (consumer.flag("poolMessages") === true) {
    consumer.unsaid("poolMessages", "cannot be said: messages are not pooled");
  }
  return given({
    schemaType: consumer.text("schemaType"),
    serdeClassname: consumer.text("serdeClassName"),
    isRegexPattern: isPattern || undefined,
    schemaProperties: consumer.properties("schemaProperties"),
    consumerProperties: consumer.properties("consumerProperties"),
    receiverQueueSize: consumer.integer("receiverQueueSize"),
    cryptoConfig: cryptoConfig(consumer, notes),
  });
}

/** How a component writes its topic. */
export function producerConfig(config: Members, notes: Notes): ProducerConfig | undefined {
  const producer = config.members("producerConfig");
  // An older member, which counts where the newer one says nothing.
  const older = config.text("batchBuilder");
  if (producer === undefined) return older === undefined ? undefined : { batchBuilder: older };
  const made = given({
    maxPendingMessages: producer.integer("maxPendingMessages"),
    maxPendingMessagesAcrossPartitions: producer.integer("maxPendingMessagesAcrossPartitions"),
    useThreadLocalProducers: producer.flag("useThreadLocalProducers"),
    cryptoConfig: cryptoConfig(producer, notes),
    batchBuilder: producer.text("batchBuilder") ?? older,
    compressionType: producer.choice("compressionType", COMPRESSIONS),
  });
  producer.end();
  return made;
}

function cryptoConfig(config: Members, notes: Notes): CryptoConfig | undefined {
  const crypto = config.members("cryptoConfig");
  if (crypto === undefined) return undefined;
  const made = given({
    cryptoKeyReaderClassName: crypto.text("cryptoKeyReaderClassName"),
    cryptoKeyReaderConfig: crypto.properties("cryptoKeyReaderConfig"),
    encryptionKeys: crypto.texts("encryptionKeys"),
    producerCryptoFailureAction: crypto.text("producerCryptoFailureAction"),
    consumerCryptoFailureAction: crypto.text("consumerCryptoFailureAction"),
  });
  crypto.end();
  notes.task(
    config.path("cryptoConfig"),
    "keys for encryption lie on the worker: put them into a Secret, name it in cryptoSecrets",
  );
  return made;
}
