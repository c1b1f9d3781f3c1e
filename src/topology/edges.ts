import { isPlainObject } from "#base";
import { type ComponentNode, membersOf, textOf } from "./component_node.ts";

/** What a component does with a topic. */
export type EdgeRole = "input" | "output" | "deadLetter" | "log" | "lateData";

/** How a subscription hands out messages. */
export type SubscriptionType = "Shared" | "Failover" | "Key_Shared";

/** A component's use of a topic, as its spec says it. */
export interface DeclaredEdge {
  readonly role: EdgeRole;
  /** The topic or pattern as it is written. */
  readonly text: string;
  readonly isPattern: boolean;
  /** Field of the component that says so, `spec.input.topics[0]`. */
  readonly path: string;
  readonly subscription?: string;
  readonly subscriptionType?: SubscriptionType;
  /** Class of the messages, where the spec names one. */
  readonly type?: string;
  readonly schema?: string;
  readonly serde?: string;
  /** No field names it: Pulsar makes it up. */
  readonly isImplied?: true;
}

type Spec = Readonly<Record<string, unknown>>;

/** The topics that a component reads and writes, in the order of its fields. */
export function declaredEdges(node: ComponentNode, spec: Spec): DeclaredEdge[] {
  const reads = node.kind === "Source" ? [] : inputEdges(node, spec);
  return [
    ...reads,
    ...(node.kind === "Sink" ? [] : outputEdges(spec)),
    ...deadLetterEdges(spec, reads),
    ...topicEdge("log", spec["logTopic"], "spec.logTopic"),
    ...topicEdge(
      "lateData",
      membersOf(spec["windowConfig"])["lateDataTopic"],
      "spec.windowConfig.lateDataTopic",
    ),
  ];
}

/** A topic that several members name is read as the last of them says, under the first one's place. */
function inputEdges(node: ComponentNode, spec: Spec): DeclaredEdge[] {
  // A connector in place of topics.
  if (node.kind === "Function" && isPlainObject(spec["sourceConfig"])) return [];
  const input = membersOf(spec["input"]);
  const shared = {
    role: "input" as const,
    subscription: textOf(spec["subscriptionName"], node.pulsarName),
    subscriptionType: subscriptionType(spec),
    ...known("type", input["typeClassName"]),
  };
  const found = new Map<string, DeclaredEdge>();
  const add = (text: unknown, path: string, rest: Partial<DeclaredEdge> = {}) => {
    if (typeof text !== "string" || text === "") return;
    const first = found.get(text)?.path ?? path;
    found.set(text, { ...shared, text, isPattern: false, ...rest, path: first });
  };
  const topics = Array.isArray(input["topics"]) ? input["topics"] : [];
  topics.forEach((topic: unknown, index) => add(topic, `spec.input.topics[${index}]`));
  add(input["topicPattern"], "spec.input.topicPattern", { isPattern: true });
  for (const [topic, serde] of entriesOf(input["customSerdeSources"])) {
    add(topic, memberPath("customSerdeSources", topic), known("serde", serde));
  }
  for (const [topic, schema] of entriesOf(input["customSchemaSources"])) {
    add(topic, memberPath("customSchemaSources", topic), known("schema", schema));
  }
  for (const [topic, settings] of entriesOf(input["sourceSpecs"])) {
    const consumer = membersOf(settings);
    add(topic, memberPath("sourceSpecs", topic), {
      isPattern: consumer["isRegexPattern"] === true,
      ...known("schema", consumer["schemaType"]),
      ...known("serde", consumer["serdeClassname"]),
    });
  }
  return [...found.values()];
}

function outputEdges(spec: Spec): DeclaredEdge[] {
  // A connector in place of a topic.
  if (isPlainObject(spec["sinkConfig"])) return [];
  const output = membersOf(spec["output"]);
  return topicEdge("output", output["topic"], "spec.output.topic").map((edge) => ({
    ...edge,
    ...known("type", output["typeClassName"]),
    ...known("schema", output["sinkSchemaType"]),
    ...known("serde", output["sinkSerdeClassName"]),
  }));
}

/** Messages that are given up: to the topic that is named, else to one for each input that is. */
function deadLetterEdges(spec: Spec, reads: readonly DeclaredEdge[]): DeclaredEdge[] {
  const named = topicEdge("deadLetter", spec["deadLetterTopic"], "spec.deadLetterTopic");
  const retries = spec["maxMessageRetry"];
  if (named.length > 0 || typeof retries !== "number" || retries <= 0) return named;
  return reads.filter(({ isPattern }) => !isPattern).flatMap(({ text, subscription }) =>
    topicEdge("deadLetter", `${text}-${subscription}-DLQ`, "spec.maxMessageRetry")
      .map((edge) => ({ ...edge, isImplied: true as const }))
  );
}

function topicEdge(role: EdgeRole, topic: unknown, path: string): DeclaredEdge[] {
  return typeof topic !== "string" || topic === ""
    ? []
    : [{ role, text: topic, isPattern: false, path }];
}

function subscriptionType(spec: Spec): SubscriptionType {
  if (spec["retainOrdering"] === true || spec["processingGuarantee"] === "effectively_once") {
    return "Failover";
  }
  return spec["retainKeyOrdering"] === true ? "Key_Shared" : "Shared";
}

function known<Name extends string>(name: Name, value: unknown): { readonly [N in Name]?: string } {
  return typeof value === "string" && value !== ""
    ? { [name]: value } as { readonly [N in Name]?: string }
    : {};
}

function entriesOf(value: unknown): [string, unknown][] {
  return Object.entries(membersOf(value)).sort(([a], [b]) => a < b ? -1 : 1);
}

function memberPath(member: string, topic: string): string {
  return `spec.input.${member}[${JSON.stringify(topic)}]`;
}
