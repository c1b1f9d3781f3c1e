import { COMPUTE_API_VERSION } from "#api";
import { groupOf, isPlainObject, type KubeObject, systemClock } from "#base";
import type { ClusterClient } from "#kube";
import { putDefinitionsInPlace } from "../definitions.ts";
import { openSession } from "./cluster_session.ts";
import { CLUSTER_FLAGS } from "./flags.ts";
import type { Verb } from "./verb.ts";

const CONFIGURATIONS = [
  ["MutatingWebhookConfiguration", "mutatingwebhookconfigurations"],
  ["ValidatingWebhookConfiguration", "validatingwebhookconfigurations"],
] as const;

/** `meshwright takeover` */
export const takeoverVerb: Verb = {
  name: "takeover",
  summary: "Put our definitions in place of those of a Function Mesh that was stopped",
  words: "",
  description: [
    "Touches no pod. Takes statuses that our definitions cannot describe out first, so that the API server goes on",
    "knowing who manages which field. `run` does the same where it installs definitions itself.",
    "Exit code 0: done, 1: not, or a webhook would still block every write once its server is gone.",
  ],
  flags: CLUSTER_FLAGS,
  async run({ flags, output, signal }) {
    await using session = await openSession({ flags, output });
    const blocking = await blockingWebhooks(session.cluster, signal);
    if (blocking.length > 0) {
      output.note("These webhooks refuse every write once their server is gone. Stop it, then:");
      for (const name of blocking) output.note(`  kubectl delete ${name}`);
      return 1;
    }
    const done = await putDefinitionsInPlace(session.cluster, { clock: systemClock, signal });
    for (const { name, action } of done.definitions) output.out(`${name}: ${action}`);
    output.out(`statuses cleared: ${done.clearedStatuses}`);
    return 0;
  },
};

/** Webhooks for our kinds without whose answer the API server refuses, as kubectl names them; ours are none. */
async function blockingWebhooks(cluster: ClusterClient, signal: AbortSignal): Promise<string[]> {
  const found = await Promise.all(CONFIGURATIONS.map(async ([kind, plural]) => {
    const apiVersion = "admissionregistration.k8s.io/v1";
    const type = { apiVersion, kind, plural, namespaced: false };
    return (await cluster.list(type, { signal })).filter(isBlocking);
  }));
  return found.flat().map(({ kind, metadata }) => `${kind.toLowerCase()} ${metadata.name}`).sort();
}

function isBlocking(configuration: KubeObject): boolean {
  const { webhooks } = configuration;
  const list = Array.isArray(webhooks) ? webhooks.filter(isPlainObject) : [];
  return list.some(({ failurePolicy, rules }) =>
    failurePolicy !== "Ignore" && Array.isArray(rules) &&
    rules.filter(isPlainObject).some(({ apiGroups }) =>
      Array.isArray(apiGroups) && apiGroups.includes(groupOf(COMPUTE_API_VERSION))
    )
  );
}
