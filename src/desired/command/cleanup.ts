import {
  type AuthConfig,
  type DefaultedComponent,
  type DefaultedSource,
  parseTopicName,
  topicText,
} from "#api";
import { inputSpecs } from "../details_topics.ts";
import { adminScript, pulsarService, type Tools } from "./download.ts";
import { word, words } from "./shell.ts";

/** One admin call of the clean-up: what follows the program and its credentials. */
type Call = string;

/**
 * The script that removes what a component leaves in Pulsar: its subscriptions, and a batch source's own topic.
 * Undefined where there is nothing to remove (W-37).
 *
 * Every call is tried; one that finds nothing to remove has succeeded, so that the script can be run again after a
 * partial success. It fails when any other call fails.
 */
export function cleanupScript(
  component: DefaultedComponent,
  { auth, tools }: {
    readonly auth: AuthConfig | undefined;
    readonly tools: Pick<Tools, "pulsarctl">;
  },
): string | undefined {
  const { authConfig: _own, ...messaging } = component.spec.pulsar ?? {};
  const service = {
    ...pulsarService(component),
    messaging: { ...messaging, ...(auth ? { authConfig: auth } : {}) },
  };
  const admin = adminScript(service, tools);
  const calls = leftoversOf(component).map((leftover) => callFor(leftover, tools.pulsarctl));
  if (calls.length === 0) return undefined;
  return ["failed=0", ...calls.map((call) => attempt(words(admin, call))), "exit $failed"].join(
    "; ",
  );
}

/**
 * Runs a call and says what it answers. "Not found" is what is wanted in the end (W-36), unless it is the shell that
 * says so about the program (codes 126 and 127), or the answer only quotes a topic's name.
 */
function attempt(call: string): string {
  return `answer=$({ ${call}; } 2>&1) || case "$?:$answer" in 126:*|127:*) failed=1;; ` +
    `*"not found"*|*"Not Found"*|*"HTTP 404"*|*"code: 404"*) ;; *) failed=1;; esac; echo "$answer"`;
}

/** One thing that a component leaves in Pulsar. */
export type Leftover =
  | { readonly what: "subscription"; readonly name: string; readonly topic: string }
  | { readonly what: "subscriptions"; readonly name: string; readonly namespace: string }
  | { readonly what: "topic"; readonly topic: string };

/** What a component leaves in Pulsar, sorted: its subscriptions, and a batch source's own topic. */
export function leftoversOf(component: DefaultedComponent): Leftover[] {
  return component.kind === "Source" ? batchLeftovers(component) : subscriptions(component);
}

/** A leftover in words. */
export function leftoverText(leftover: Leftover): string {
  switch (leftover.what) {
    case "subscription":
      return `subscription ${leftover.name} of ${leftover.topic}`;
    case "subscriptions":
      return `subscription ${leftover.name} of all topics in ${leftover.namespace}`;
    case "topic":
      return `topic ${leftover.topic}`;
  }
}

function callFor(leftover: Leftover, pulsarctl: boolean): Call {
  switch (leftover.what) {
    case "subscription": {
      const [name, topic] = [word(leftover.name), word(leftover.topic)];
      return pulsarctl
        ? words("subscriptions delete", topic, name)
        : words("topics unsubscribe -s", name, topic);
    }
    case "subscriptions": {
      const [name, namespace] = [word(leftover.name), word(leftover.namespace)];
      return pulsarctl
        ? words("namespaces unsubscribe", namespace, name)
        : words("namespaces unsubscribe -s", name, namespace);
    }
    case "topic":
      return words("topics delete -f", word(leftover.topic));
  }
}

function subscriptions(component: Exclude<DefaultedComponent, DefaultedSource>): Leftover[] {
  const { spec } = component;
  const name = spec.subscriptionName || `${spec.tenant}/${spec.namespace}/${spec.name}`;
  const specs = [...inputSpecs(spec.input) ?? []];
  const patterns = specs.filter(([, consumer]) => consumer["isRegexPattern"] === true).map((
    [topic],
  ) => topic);
  const namespaces = [...new Set(patterns.flatMap(namespaceText))].sort();
  const topics = specs.map(([topic]) => topic)
    .filter((topic) =>
      !patterns.includes(topic) && !namespaceText(topic).some((name) => namespaces.includes(name))
    );
  return [
    ...namespaces.map((namespace) => ({ what: "subscriptions", name, namespace }) as const),
    ...topics.map((topic) => ({ what: "subscription", name, topic }) as const),
  ];
}

/** The Pulsar namespace that holds a topic, or the topics of a pattern. None for what is no topic name. */
function namespaceText(topic: string): string[] {
  const parsed = parseTopicName(topic);
  return parsed === undefined ? [] : [`${parsed.tenant}/${parsed.namespace}`];
}

/** A batch source hands its tasks to itself over a topic of its own. */
function batchLeftovers({ spec }: DefaultedSource): Leftover[] {
  const { tenant, namespace, name } = spec;
  const topic = topicText({
    domain: "persistent",
    tenant,
    namespace,
    topic: `${name}-intermediate`,
  });
  return [
    {
      what: "subscription",
      name: `BatchSourceExecutor-${tenant}/${namespace}/${name}`,
      topic,
    },
    { what: "topic", topic },
  ];
}
