import { groupOf, isPlainObject, type KubeObject, sameJson } from "#base";
import type { ClusterClient, ResourceType } from "#kube";
import { MANAGED_LABELS } from "./own_secret.ts";
import { REVIEW_API_VERSION } from "./review.ts";
import { type Webhook, WEBHOOKS } from "./webhook.ts";

/** Configurations of validating webhooks. */
export const CONFIGURATION_TYPE: ResourceType = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  plural: "validatingwebhookconfigurations",
  namespaced: false,
};

/** How an API server gets to the webhook: by a Service of the cluster, or by an address such as `https://127.0.0.1:9443`. */
export type WebhookTarget =
  | { readonly service: { readonly namespace: string; readonly name: string } }
  | { readonly url: string };

/** What a configuration says. */
export interface ConfigurationOptions {
  /** Name of the object. */
  readonly name: string;
  readonly target: WebhookTarget;
  /** PEM text of the authorities to trust; left to somebody else (cert-manager's injector) when undefined. */
  readonly authorities?: string | undefined;
  /** The only namespace that is looked at; all when left out. */
  readonly watchedNamespace?: string | undefined;
}

/** Longer than any review takes, and short enough for whoever waits while a replica is being replaced. */
const TIMEOUT_SECONDS = 3;
const FIELD_MANAGER = "meshwright-webhook";

/**
 * Only changes of a spec are asked about: an API server raises the generation for nothing else, so that labels,
 * finalizers and owners never wait for the webhook, not even those of an invalid resource.
 */
const MATCH_CONDITIONS = [{
  name: "spec-changes",
  expression: "request.operation == 'CREATE' || " +
    "(!has(object.metadata.deletionTimestamp) && " +
    "object.metadata.generation != oldObject.metadata.generation)",
}];

/**
 * The ValidatingWebhookConfiguration: one webhook a kind, for creations and updates of the whole object, never for a
 * subresource or a deletion. A program that is down blocks nothing (`failurePolicy: Ignore`): what gets in unchecked is
 * reported in its status. Every member that an API server would fill in is written out, so that what is stored can be
 * compared with what is wanted.
 */
export function webhookConfiguration(options: ConfigurationOptions): KubeObject {
  const { watchedNamespace } = options;
  const namespaceSelector = watchedNamespace === undefined ? {} : {
    matchExpressions: [{
      key: "kubernetes.io/metadata.name",
      operator: "In",
      values: [watchedNamespace],
    }],
  };
  return {
    apiVersion: CONFIGURATION_TYPE.apiVersion,
    kind: CONFIGURATION_TYPE.kind,
    metadata: { name: options.name, labels: MANAGED_LABELS },
    webhooks: WEBHOOKS.map((webhook) => ({
      name: webhook.name,
      admissionReviewVersions: [REVIEW_API_VERSION.slice("admission.k8s.io/".length)],
      clientConfig: clientConfigOf(webhook, options),
      failurePolicy: "Ignore",
      matchConditions: MATCH_CONDITIONS,
      matchPolicy: "Equivalent",
      namespaceSelector,
      objectSelector: {},
      rules: [ruleOf(webhook)],
      sideEffects: "None",
      timeoutSeconds: TIMEOUT_SECONDS,
    })),
  };
}

/** Writes a configuration by server-side apply, if what is stored differs. */
export async function installConfiguration(
  cluster: ClusterClient,
  configuration: KubeObject,
  signal?: AbortSignal,
): Promise<"created" | "configured" | "unchanged"> {
  const { name } = configuration.metadata;
  const live = await cluster.get(CONFIGURATION_TYPE, { namespace: "", name }, signal);
  if (live !== undefined && isAsWanted(live, configuration)) return "unchanged";
  await cluster.apply(configuration, {
    fieldManager: FIELD_MANAGER,
    ...(signal === undefined ? {} : { signal }),
  });
  return live === undefined ? "created" : "configured";
}

/** Webhooks that others added stay theirs; an authority that we do not name is somebody else's to set. */
function isAsWanted(live: KubeObject, wanted: KubeObject): boolean {
  const stored = new Map(webhooksOf(live).map((webhook) => [webhook["name"], webhook]));
  return webhooksOf(wanted).every((webhook) => {
    const same = stored.get(webhook["name"]);
    return same !== undefined && sameJson(withoutForeignAuthority(same, webhook), webhook);
  });
}

function withoutForeignAuthority(
  live: Record<string, unknown>,
  wanted: Record<string, unknown>,
): Record<string, unknown> {
  const [from, to] = [live["clientConfig"], wanted["clientConfig"]];
  if (!isPlainObject(from) || !isPlainObject(to) || "caBundle" in to) return live;
  const { caBundle: _, ...clientConfig } = from;
  return { ...live, clientConfig };
}

function webhooksOf(configuration: KubeObject): Record<string, unknown>[] {
  const webhooks = configuration["webhooks"];
  return Array.isArray(webhooks) ? webhooks.filter(isPlainObject) : [];
}

function clientConfigOf(webhook: Webhook, options: ConfigurationOptions): Record<string, unknown> {
  const { target, authorities } = options;
  const caBundle = authorities === undefined ? {} : { caBundle: btoa(authorities) };
  return "url" in target
    ? { ...caBundle, url: `${target.url}${webhook.path}` }
    : { ...caBundle, service: { ...target.service, path: webhook.path, port: 443 } };
}

function ruleOf({ resource }: Webhook): Record<string, unknown> {
  const { apiVersion, plural } = resource;
  const group = groupOf(apiVersion);
  return {
    apiGroups: [group],
    apiVersions: [apiVersion.slice(group.length + 1)],
    operations: ["CREATE", "UPDATE"],
    resources: [plural],
    scope: "Namespaced",
  };
}
