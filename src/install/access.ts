import type { KubeObject } from "#base";
import {
  clusterMeta,
  GITOPS_ACCOUNT,
  type Installation,
  labelsOf,
  localMeta,
  PROGRAM,
} from "./installation.ts";
import {
  actingRule,
  clusterRules,
  controllerRules,
  meshRules,
  METRICS_READER_RULES,
  namespaceRules,
  ownNamespaceRules,
  reviewRules,
  type Rule,
} from "./rights.ts";

const GROUP = "rbac.authorization.k8s.io";
const API_VERSION = `${GROUP}/v1`;

/** The account of the program, and what it may do. */
export function accessObjects(installation: Installation): KubeObject[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: localMeta(installation, PROGRAM) },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: localMeta(installation, GITOPS_ACCOUNT) },
    ...roleWithBinding(installation, { name: PROGRAM, rules: ownNamespaceRules(installation) }),
    ...clusterRoleWithBinding(installation, {
      name: PROGRAM,
      rules: clusterRules(installation.namespace),
    }),
    ...lookedAt(installation, { name: `${PROGRAM}-controller`, rules: controllerRules() }),
    ...actingObjects(installation),
    ...gitOpsObjects(installation),
    ...(installation.metricsSecure ? secureMetricsObjects(installation) : []),
    ...(installation.console
      ? clusterRoleWithBinding(installation, { name: `${PROGRAM}-console`, rules: reviewRules() })
      : []),
  ];
}

/** The program asks about scrapers; the role for scrapers themselves is there to be bound. */
function secureMetricsObjects(installation: Installation): KubeObject[] {
  return [
    ...clusterRoleWithBinding(installation, {
      name: `${PROGRAM}-metrics`,
      rules: reviewRules(),
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
 * Rights of what comes from Git, bound to the account of MeshSyncs and to no other. The binding has another name for each
 * choice, because the role that a binding names cannot be changed.
 */
function gitOpsObjects(installation: Installation): KubeObject[] {
  const { gitOpsRights, namespace, singleTenant, watchedNamespace } = installation;
  const account = GITOPS_ACCOUNT;
  if (gitOpsRights === "cluster-admin") {
    return [clusterBinding(installation, {
      name: `${PROGRAM}-gitops-cluster-admin`,
      role: "cluster-admin",
      account,
    })];
  }
  // Of a namespace that is a tenant's the accounts there have the rights.
  const isTenants = watchedNamespace !== undefined && watchedNamespace !== namespace &&
    !singleTenant;
  if (gitOpsRights === "none" || isTenants) return [];
  const rules = watchedNamespace === undefined
    ? [...meshRules(), ...namespaceRules()]
    : meshRules();
  return lookedAt(installation, { name: `${PROGRAM}-gitops`, rules, account });
}

/** That the program may act as the account of MeshSyncs, and in a namespace of a tenant as the account that is usual there. */
function actingObjects(installation: Installation): KubeObject[] {
  const { defaultServiceAccount, namespace, singleTenant, watchedNamespace } = installation;
  const isTenants = watchedNamespace !== undefined && watchedNamespace !== namespace &&
    !singleTenant;
  return [
    ...roleWithBinding(installation, {
      name: `${PROGRAM}-acting`,
      rules: [actingRule(GITOPS_ACCOUNT)],
    }),
    ...(isTenants
      ? roleWithBinding(installation, {
        name: `${PROGRAM}-acting.${namespace}`,
        rules: [actingRule(defaultServiceAccount)],
        namespace: watchedNamespace,
      })
      : []),
  ];
}

interface Named {
  readonly name: string;
  readonly rules: readonly Rule[];
  /** Whose the rights are: the program's when left out. */
  readonly account?: string;
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
  { account, name, rules, namespace = installation.namespace }: Named & {
    readonly namespace?: string;
  },
): KubeObject[] {
  const metadata = { name, namespace, labels: labelsOf(installation) };
  return [
    { apiVersion: API_VERSION, kind: "Role", metadata, rules },
    {
      apiVersion: API_VERSION,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: GROUP, kind: "Role", name },
      subjects: [subject(installation, account)],
    },
  ];
}

function clusterRoleWithBinding(
  installation: Installation,
  { account, name, rules }: Named,
): KubeObject[] {
  const metadata = clusterMeta(installation, name);
  return [
    { apiVersion: API_VERSION, kind: "ClusterRole", metadata, rules },
    clusterBinding(installation, { name, role: metadata.name, account }),
  ];
}

function clusterBinding(
  installation: Installation,
  { account, name, role }: {
    readonly name: string;
    readonly role: string;
    readonly account: string | undefined;
  },
): KubeObject {
  return {
    apiVersion: API_VERSION,
    kind: "ClusterRoleBinding",
    metadata: clusterMeta(installation, name),
    roleRef: { apiGroup: GROUP, kind: "ClusterRole", name: role },
    subjects: [subject(installation, account)],
  };
}

function subject({ namespace }: Installation, account = PROGRAM) {
  return { kind: "ServiceAccount", name: account, namespace };
}
