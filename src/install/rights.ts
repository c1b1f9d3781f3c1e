import { definitionNames, resourceOf } from "#api";
import { groupOf, shardLeaseName, SHARDS_MAX } from "#base";
import { RUNTIME_NAMES } from "./installation.ts";

/** One rule of a Role or ClusterRole. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const CORE = "";
const MESH_GROUP = groupOf(resourceOf("Function").apiVersion);
const SYNC_GROUP = groupOf(resourceOf("MeshSync").apiVersion);
const COMPONENTS = ["functions", "sinks", "sources"];
const MESHES = [...COMPONENTS, "functionmeshes"];

/** An apply is a patch that may create; nothing is ever replaced (`update`) or deleted by the dozen. */
const KEEP = ["create", "delete", "get", "list", "patch", "watch"];
const FOLLOW = ["get", "list", "watch"];

/** What the controller and the loop's own bookkeeping need in each namespace that is looked at. */
export function controllerRules(): Rule[] {
  return [
    rule(MESH_GROUP, COMPONENTS, KEEP),
    rule(MESH_GROUP, ["backendconfigs", "functionmeshes"], FOLLOW),
    rule(MESH_GROUP, MESHES.map((plural) => `${plural}/status`), ["patch"]),
    // Replicas that follow a backlog.
    rule(MESH_GROUP, ["functions/scale", "sinks/scale"], ["patch"]),
    // Some distributions let only those set `blockOwnerDeletion` who may write finalizers.
    rule(MESH_GROUP, MESHES.map((plural) => `${plural}/finalizers`), ["update"]),
    // Created from flags; patched for finalizers and by the receiver.
    rule(SYNC_GROUP, ["meshsyncs"], ["create", ...FOLLOW, "patch"]),
    rule(SYNC_GROUP, ["meshsyncs/status"], ["patch"]),
    rule(SYNC_GROUP, ["meshsyncs/finalizers"], ["update"]),
    rule("apps", ["statefulsets"], KEEP),
    rule("autoscaling", ["horizontalpodautoscalers"], KEEP),
    rule("autoscaling.k8s.io", ["verticalpodautoscalers"], KEEP),
    rule(CORE, ["services"], KEEP),
    rule("batch", ["jobs"], ["create", "delete", ...FOLLOW]),
    rule(CORE, ["pods"], ["get", "list", "watch"]),
    // Why a container failed.
    rule(CORE, ["pods/log"], ["get"]),
    rule(CORE, ["events"], ["create", "get", "list", "patch", "watch"]),
    // What brokers want to see of a component. What a MeshSync names is read with the rights of its account.
    rule(CORE, ["secrets"], ["get"]),
    // Whether a deleted MeshSync goes with its namespace.
    rule(CORE, ["namespaces"], ["get"]),
    // Where brokers are; a large inventory is kept in ConfigMaps.
    rule(CORE, ["configmaps"], ["create", "delete", "get", "list", "patch"]),
  ];
}

/** To act as one account of a namespace: with its rights only, whatever the program's are. */
export function actingRule(account: string): Rule {
  return { ...rule(CORE, ["serviceaccounts"], ["impersonate"]), resourceNames: [account] };
}

/** What meshes in Git consist of: our kinds, what their pods are given, and a look at who scales them. */
export function meshRules(): Rule[] {
  return [
    rule(MESH_GROUP, ["backendconfigs", ...MESHES].sort(), KEEP),
    rule(SYNC_GROUP, ["meshsyncs"], KEEP),
    rule(CORE, ["configmaps", "secrets"], KEEP),
    rule("autoscaling", ["horizontalpodautoscalers"], ["list"]),
  ];
}

/** The one thing of meshes in Git that has no namespace. */
export function namespaceRules(): Rule[] {
  return [rule(CORE, ["namespaces"], KEEP)];
}

/** What has no namespace whatever is looked at: our definitions, and the webhook's configuration, by their names. */
export function clusterRules(namespace: string): Rule[] {
  return [
    {
      ...rule("apiextensions.k8s.io", ["customresourcedefinitions"], ["create", "get", "patch"]),
      resourceNames: definitionNames(),
    },
    {
      ...rule("admissionregistration.k8s.io", ["validatingwebhookconfigurations"], [
        "create",
        "get",
        "patch",
      ]),
      resourceNames: [`${RUNTIME_NAMES.webhookService}.${namespace}`],
    },
  ];
}

/** What metrics over TLS and the console need: to ask who shows a token, and what that one may. */
export function reviewRules(): Rule[] {
  return [
    rule("authentication.k8s.io", ["tokenreviews"], ["create"]),
    rule("authorization.k8s.io", ["subjectaccessreviews"], ["create"]),
  ];
}

/** Who may have metrics that are served over TLS: bound by whoever runs the scraper. */
export const METRICS_READER_RULES = [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }] as const;

/** What the program needs in its own namespace: certificates, lease, and a look at the webhook's Service. */
export function ownNamespaceRules(
  choices: {
    readonly console: boolean;
    readonly metricsSecure: boolean;
    readonly shards: number;
  },
): Rule[] {
  const named = (found: Rule, ...resourceNames: string[]): Rule => ({ ...found, resourceNames });
  const certificates = (...names: string[]) =>
    named(rule(CORE, ["secrets"], ["get", "patch"]), ...names);
  // Of all that there may be: before it takes one, a replica looks whether others divide the work otherwise.
  const leases = Array.from(
    { length: choices.shards === 1 ? 1 : SHARDS_MAX },
    (_, index) => shardLeaseName(RUNTIME_NAMES.lease, index),
  );
  return [
    // A creation has no name yet that a rule could ask for.
    rule(CORE, ["secrets"], ["create"]),
    certificates(RUNTIME_NAMES.webhookSecret, RUNTIME_NAMES.webhookAuthority),
    ...(choices.metricsSecure
      ? [certificates(RUNTIME_NAMES.metricsSecret, RUNTIME_NAMES.metricsAuthority)]
      : []),
    ...(choices.console
      ? [certificates(RUNTIME_NAMES.consoleSecret, RUNTIME_NAMES.consoleAuthority)]
      : []),
    named(rule(CORE, ["services"], ["get"]), RUNTIME_NAMES.webhookService),
    rule("coordination.k8s.io", ["leases"], ["create"]),
    named(rule("coordination.k8s.io", ["leases"], ["get", "patch"]), ...leases),
    rule(CORE, ["events"], ["create", "patch"]),
  ];
}

function rule(group: string, resources: readonly string[], verbs: readonly string[]): Rule {
  return { apiGroups: [group], resources: [...resources].sort(), verbs: [...verbs].sort() };
}
