import type { ObjectMeta } from "#base";

/**
 * What the account may apply as which MeshSyncs of the program's namespace act: nothing, what meshes consist of, or
 * anything, other controllers and this one included.
 */
export type GitOpsRights = "none" | "mesh-only" | "cluster-admin";

/** How the program is to be installed. */
export interface Installation {
  /** Namespace of the program; it is made, too. */
  readonly namespace: string;
  /** Name of the image, tag or digest included. */
  readonly image: string;
  /** Version of the program, for labels. */
  readonly version: string;
  /** From 1; more than one elect a leader. */
  readonly replicas: number;
  /** Shards among which these divide the work; 1: one of them does all of it. */
  readonly shards: number;
  /** The only namespace that is looked at; all when left out. */
  readonly watchedNamespace?: string;
  readonly gitOpsRights: GitOpsRights;
  /** Whether MeshSyncs of all namespaces act as that account: for a cluster of one team. */
  readonly singleTenant: boolean;
  /** As whom a MeshSync of another namespace acts that names nobody. */
  readonly defaultServiceAccount: string;
  /** ServiceAccounts as which pods of meshes may run, as the flag of the program has them; any when empty. */
  readonly podServiceAccounts: string;
  /** Whether Git services may call: adds a Service to the receiver. */
  readonly receiver: boolean;
  /** Whether people may look by a browser: adds a Service to the console, over TLS. */
  readonly console: boolean;
  /** Whether metrics are served over TLS, to who may have them. */
  readonly metricsSecure: boolean;
  /** Whether the Prometheus operator is told of the metrics. */
  readonly serviceMonitor: boolean;
  /** Further arguments of `run`, e.g. `--git-url=…`. */
  readonly arguments: readonly string[];
}

/** Name of ServiceAccount, Deployment, Role and PodDisruptionBudget: the program is there once in a namespace. */
export const PROGRAM = "meshwright";

/** Name of the ServiceAccount as which MeshSyncs of the program's namespace act: the program does so for them. */
export const GITOPS_ACCOUNT = "meshwright-gitops";

/** Names that the program looks for or makes: defaults of its flags. */
export const RUNTIME_NAMES = {
  webhookService: "meshwright-webhook",
  webhookSecret: "meshwright-webhook-tls",
  webhookAuthority: "meshwright-webhook-ca",
  metricsSecret: "meshwright-metrics-tls",
  metricsAuthority: "meshwright-metrics-ca",
  consoleSecret: "meshwright-console-tls",
  consoleAuthority: "meshwright-console-ca",
  lease: "a3f45fce.functionmesh.io",
} as const;

/** Ports on which the program listens: defaults of its flags, but for console and receiver, which are off without one. */
export const PORTS = {
  console: 8443,
  health: 8000,
  metrics: 8080,
  receiver: 9292,
  webhook: 9443,
} as const;

/** Where repositories are kept, and temporary files: the only folders that can be written to. */
export const FOLDERS = { cache: "/var/cache/meshwright", temporary: "/tmp" } as const;

/** By these the Services, the budget and people find the pods. Selectors cannot be changed later. */
export const SELECTOR = {
  "app.kubernetes.io/component": "controller",
  "app.kubernetes.io/name": PROGRAM,
} as const;

/** Labels of everything that is installed. */
export function labelsOf({ version }: Pick<Installation, "version">): Record<string, string> {
  return { ...SELECTOR, "app.kubernetes.io/version": version };
}

/** Metadata of an object in the program's namespace. */
export function localMeta(installation: Installation, name: string): ObjectMeta {
  return { name, namespace: installation.namespace, labels: labelsOf(installation) };
}

/**
 * Metadata of an object without a namespace. The name holds that of the program's, so that two installations do not
 * meet, as with the webhook's configuration.
 */
export function clusterMeta(installation: Installation, name: string): ObjectMeta {
  return { name: `${name}.${installation.namespace}`, labels: labelsOf(installation) };
}
