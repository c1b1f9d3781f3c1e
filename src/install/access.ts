import type { KubeObject } from "#base";
import { clusterMeta, type Installation, labelsOf, localMeta, PROGRAM } from "./installation.ts";
import {
  clusterRules,
  controllerRules,
  meshRules,
  METRICS_READER_RULES,
  namespaceRules,
  ownNamespaceRules,
  type Rule,
  secureMetricsRules,
} from "./rights.ts";

const GROUP = "rbac.authorization.k8s.io";
const API_VERSION = `${GROUP}/v1`;

/** The account of the program, and what it may do. */
export function accessObjects(installation: Installation): KubeObject[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: localMeta(installation, PROGRAM) },
    ...roleWithBinding(installation, { name: PROGRAM, rules: ownNamespaceRules(installation) }),
    ...clusterRoleWithBinding(installation, {
      name: PROGRAM,
      rules: clusterRules(installation.namespace),
    }),
    ...lookedAt(installation, { name: `${PROGRAM}-controller`, rules: controllerRules() }),
    ...gitOpsObjects(installation),
    ...(installation.metricsSecure ? secureMetricsObjects(installation) : []),
  ];
}

/** The program asks about scrapers; the role for scrapers themselves is there to be bound. */
function secureMetricsObjects(installation: Installation): KubeObject[] {
  return [
    ...clusterRoleWithBinding(installation, {
      name: `${PROGRAM}-metrics`,
      rules: secureMetricsRules(),
    }),
    {
      apiVersion: API_VERSION,
      kind: "ClusterRole",
      metadata: clusterMeta(installation, `${PROGRAM}-metrics-reader`),
      rules: METRICS_READER_RULES,
    },
  ];
}

/**
 * Rights of the loop in a binding of their own. It has another name for each choice, because the role that a binding
 * names cannot be changed.
 */
function gitOpsObjects(installation: Installation): KubeObject[] {
  if (installation.gitOpsRights === "cluster-admin") {
    return [clusterBinding(installation, {
      name: `${PROGRAM}-gitops-cluster-admin`,
      role: "cluster-admin",
    })];
  }
  const rules = installation.watchedNamespace === undefined
    ? [...meshRules(), ...namespaceRules()]
    : meshRules();
  return lookedAt(installation, { name: `${PROGRAM}-gitops`, rules });
}

interface Named {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** Rights in the namespaces that are looked at. */
function lookedAt(installation: Installation, role: Named): KubeObject[] {
  const { watchedNamespace } = installation;
  return watchedNamespace === undefined
    ? clusterRoleWithBinding(installation, role)
    : roleWithBinding(installation, {
      ...role,
      // Two programs may look at one namespace, for a while at least.
      name: `${role.name}.${installation.namespace}`,
      namespace: watchedNamespace,
    });
}

function roleWithBinding(
  installation: Installation,
  { name, rules, namespace = installation.namespace }: Named & { readonly namespace?: string },
): KubeObject[] {
  const metadata = { name, namespace, labels: labelsOf(installation) };
  return [
    { apiVersion: API_VERSION, kind: "Role", metadata, rules },
    {
      apiVersion: API_VERSION,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: GROUP, kind: "Role", name },
      subjects: [subject(installation)],
    },
  ];
}

function clusterRoleWithBinding(installation: Installation, { name, rules }: Named): KubeObject[] {
  const metadata = clusterMeta(installation, name);
  return [
    { apiVersion: API_VERSION, kind: "ClusterRole", metadata, rules },
    clusterBinding(installation, { name, role: metadata.name }),
  ];
}

function clusterBinding(
  installation: Installation,
  { name, role }: { readonly name: string; readonly role: string },
): KubeObject {
  return {
    apiVersion: API_VERSION,
    kind: "ClusterRoleBinding",
    metadata: clusterMeta(installation, name),
    roleRef: { apiGroup: GROUP, kind: "ClusterRole", name: role },
    subjects: [subject(installation)],
  };
}

function subject({ namespace }: Installation) {
  return { kind: "ServiceAccount", name: PROGRAM, namespace };
}
