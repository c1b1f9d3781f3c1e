import type { Problem } from "#base";
import { at, quoted, when } from "./rule.ts";
import { memberPath } from "./structure.ts";
import { parseTopicName, topicText } from "./topic_name.ts";
import type { Input, Output } from "./topics.ts";

/** A topic that is read, and the member that names it. */
interface NamedTopic {
  readonly topic: string;
  readonly member: string;
}

const TOPIC_FORM = "use persistent://tenant/namespace/topic, tenant/namespace/topic or topic";

/** What is read: at least one topic, each with a proper name. */
export function inputProblems(input: Input | undefined): Problem[] {
  const topics = inputTopics(input);
  return [
    ...when(
      topics.length === 0,
      at("input", "names no topic; give topics, a topicPattern or sourceSpecs"),
    ),
    ...topics.flatMap(({ topic, member }) => topicProblems(topic, member)),
    ...consumerProblems(input),
  ];
}

/**
 * Where results go. The comparison with the input is of texts, as in the reference; the same
 * topic in two spellings is a warning.
 */
export function outputProblems(output: Output | undefined, input: Input | undefined): Problem[] {
  const topic = output?.topic;
  if (!topic) return [];
  return [
    ...topicProblems(topic, "output.topic"),
    ...when(
      inputTopics(input).some((named) => named.topic === topic),
      at("output.topic", `${quoted(topic)} is read as input as well; choose another topic`),
    ),
    ...producerCryptoProblems(output),
  ];
}

/** A topic's name, where it is given. */
export function topicProblems(topic: string | undefined, member: string): readonly Problem[] {
  return when(
    topic !== undefined && parseTopicName(topic) === undefined,
    at(member, `${quoted(topic)} is no topic name; ${TOPIC_FORM}`),
  );
}

/** The same topic on both sides, spelled in different ways (W-39). */
export function loopWarnings(input: Input | undefined, output: Output | undefined): Problem[] {
  const topic = output?.topic;
  const full = topic ? fullName(topic) : undefined;
  if (full === undefined) return [];
  const loop = inputTopics(input).some((named) =>
    named.topic !== topic && fullName(named.topic) === full
  );
  return [
    ...when(loop, at("output.topic", `${full} is read as input as well; choose another topic`)),
  ];
}

function inputTopics(input: Input | undefined): NamedTopic[] {
  if (input === undefined) return [];
  const keyed = (["customSerdeSources", "customSchemaSources", "sourceSpecs"] as const)
    .flatMap((member) =>
      Object.keys(input[member] ?? {}).sort()
        .map((topic) => ({ topic, member: memberPath(`input.${member}`, topic) }))
    );
  return [
    ...(input.topics ?? []).map((topic, index) => ({ topic, member: `input.topics[${index}]` })),
    ...(input.topicPattern ? [{ topic: input.topicPattern, member: "input.topicPattern" }] : []),
    ...keyed,
  ];
}

function consumerProblems(input: Input | undefined): Problem[] {
  const consumers = Object.entries(input?.sourceSpecs ?? {}).sort(([a], [b]) => a < b ? -1 : 1);
  return consumers.flatMap(([topic, consumer]) => {
    const member = memberPath("input.sourceSpecs", topic);
    const queueSize = consumer.receiverQueueSize ?? 0;
    return [
      ...when(
        queueSize < 0,
        at(`${member}.receiverQueueSize`, `${queueSize} is negative; give 0 or more`),
      ),
      ...when(
        consumer.cryptoConfig !== undefined && !consumer.cryptoConfig.cryptoKeyReaderClassName,
        at(
          `${member}.cryptoConfig.cryptoKeyReaderClassName`,
          "is missing; name the class that reads the keys",
        ),
      ),
    ];
  });
}

function producerCryptoProblems(output: Output | undefined): Problem[] {
  const crypto = output?.producerConf?.cryptoConfig;
  if (crypto === undefined) return [];
  const member = "output.producerConf.cryptoConfig";
  return [
    ...when(
      !crypto.cryptoKeyReaderClassName,
      at(
        `${member}.cryptoKeyReaderClassName`,
        "is missing; name the class that reads the keys",
      ),
    ),
    ...when(
      (crypto.encryptionKeys ?? []).length === 0,
      at(`${member}.encryptionKeys`, "names no key; give at least one"),
    ),
  ];
}

function fullName(topic: string): string | undefined {
  const parsed = parseTopicName(topic);
  return parsed === undefined ? undefined : topicText(parsed);
}
