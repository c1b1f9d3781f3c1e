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
  const calls = component.kind === "Source"
    ? batchCalls(component, tools.pulsarctl)
    : subscriptionCalls(component, tools.pulsarctl);
  if (calls.length === 0) return undefined;
  return ["failed=0", ...calls.map((call) => attempt(words(admin, call))), "exit $failed"].join(
    "; ",
  );
}

/** Runs a call and says what it answers. "Not found" is what is wanted in the end. */
function attempt(call: string): string {
  return `answer=$({ ${call}; } 2>&1) || ` +
    `case "$answer" in *"not found"*|*"Not Found"*|*"404"*) ;; *) failed=1;; esac; echo "$answer"`;
}

function subscriptionCalls(
  component: Exclude<DefaultedComponent, DefaultedSource>,
  pulsarctl: boolean,
): Call[] {
  const { spec } = component;
  const subscription = word(
    spec.subscriptionName || `${spec.tenant}/${spec.namespace}/${spec.name}`,
  );
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
    ...namespaces.map((name) =>
      pulsarctl
        ? words("namespaces unsubscribe", word(name), subscription)
        : words("namespaces unsubscribe -s", subscription, word(name))
    ),
    ...topics.map((topic) => unsubscribeCall({ topic, subscription, pulsarctl })),
  ];
}

/** The Pulsar namespace that holds a topic, or the topics of a pattern. None for what is no topic name. */
function namespaceText(topic: string): string[] {
  const parsed = parseTopicName(topic);
  return parsed === undefined ? [] : [`${parsed.tenant}/${parsed.namespace}`];
}

/** A batch source hands its tasks to itself over a topic of its own. */
function batchCalls({ spec }: DefaultedSource, pulsarctl: boolean): Call[] {
  const { tenant, namespace, name } = spec;
  const topic = topicText({
    domain: "persistent",
    tenant,
    namespace,
    topic: `${name}-intermediate`,
  });
  const subscription = word(`BatchSourceExecutor-${tenant}/${namespace}/${name}`);
  return [
    unsubscribeCall({ topic, subscription, pulsarctl }),
    words("topics delete -f", word(topic)),
  ];
}

function unsubscribeCall(
  { topic, subscription, pulsarctl }: {
    readonly topic: string;
    readonly subscription: string;
    readonly pulsarctl: boolean;
  },
): Call {
  return pulsarctl
    ? words("subscriptions delete", word(topic), subscription)
    : words("topics unsubscribe -s", subscription, word(topic));
}
