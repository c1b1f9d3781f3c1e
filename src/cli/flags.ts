import type { Flag } from "./flag.ts";

/** Flags that change what the controller creates: for `run`, `sync` and `render` alike. */
export const SETTINGS_FLAGS: readonly Flag[] = [
  text(
    "config-file",
    "CONFIG_FILE",
    "",
    "FILE",
    "Controller configuration: runner images, pull secrets and policy, labels, annotations",
  ),
  flag(
    "enable-init-containers",
    "ENABLE_INIT_CONTAINERS",
    "false",
    "Download packages in an init container",
  ),
  flag(
    "add-default-affinity",
    "ADD_DEFAULT_AFFINITY",
    "true",
    "Prefer different nodes for the pods of a resource",
  ),
  flag(
    "run-as-non-root",
    "RUN_AS_NON_ROOT",
    "false",
    "Set runAsNonRoot in the default pod security context",
  ),
  text(
    "pod-service-accounts",
    "POD_SERVICE_ACCOUNTS",
    "",
    "NAMES",
    "ServiceAccounts as which pods may run, NAME or NAMESPACE/NAME,… (default: any of the namespace)",
  ),
  text(
    "global-backend-config",
    "GLOBAL_BACKEND_CONFIG",
    "",
    "NAME",
    "BackendConfig for the resources of all namespaces; empty turns it off",
  ),
  text(
    "global-backend-config-namespace",
    "GLOBAL_BACKEND_CONFIG_NAMESPACE",
    "default",
    "NAMESPACE",
    "Namespace of the global BackendConfig",
  ),
  text(
    "namespaced-backend-config",
    "NAMESPACED_BACKEND_CONFIG",
    "backend-config",
    "NAME",
    "BackendConfig for the resources of its own namespace; empty turns it off",
  ),
];

/** Flags that say which cluster. */
export const CLUSTER_FLAGS: readonly Flag[] = [
  text(
    "kubeconfig",
    "KUBECONFIG",
    "",
    "FILE",
    "Kubeconfig; without one the pod's service account, then ~/.kube/config",
  ),
  text(
    "context",
    "KUBE_CONTEXT",
    "",
    "NAME",
    "Context of the kubeconfig (default: its current one)",
  ),
  {
    ...text(
      "namespace",
      "NAMESPACE",
      "",
      "NAMESPACE",
      "Namespace of the program's own objects (default: that of its pod, or of the context)",
    ),
    short: "n",
  },
];

/** Flags that say what to take from Git. */
export const GIT_FLAGS: readonly Flag[] = [
  text("git-url", "GIT_URL", "", "URL", "Repository to sync; makes a MeshSync called bootstrap"),
  text(
    "git-ref",
    "GIT_REF",
    "",
    "REF",
    "Branch, or tag:NAME, semver:RANGE, commit:HASH (default: the default branch)",
  ),
  text("git-path", "GIT_PATH", ".", "FOLDER", "Folder in the repository"),
  duration("git-interval", "GIT_INTERVAL", "1m", "Time between looks at the repository"),
  duration("git-timeout", "GIT_TIMEOUT", "5m", "Longest time that one run may take"),
  text(
    "git-target-namespace",
    "GIT_TARGET_NAMESPACE",
    "",
    "NAMESPACE",
    "Namespace of everything that has one",
  ),
  text(
    "git-secret",
    "GIT_SECRET",
    "",
    "NAME",
    "Secret with credentials, in the program's namespace",
  ),
  flag("git-prune", "GIT_PRUNE", "true", "Delete what the repository no longer holds"),
  text(
    "cache-dir",
    "MESHWRIGHT_CACHE_DIR",
    "",
    "FOLDER",
    "Where fetched repositories are kept (default: a folder below the system's temporary one)",
  ),
];

/** Flags that say as whom MeshSyncs act, and how far. */
export const TENANCY_FLAGS: readonly Flag[] = [
  text(
    "gitops-service-account",
    "GITOPS_SERVICE_ACCOUNT",
    "",
    "NAMESPACE/NAME",
    "ServiceAccount as which MeshSyncs of the program's namespace act (default: the program itself)",
  ),
  {
    name: "gitops-rights",
    env: "GITOPS_RIGHTS",
    kind: "choice",
    default: "cluster-admin",
    value: "RIGHTS",
    choices: ["none", "mesh-only", "cluster-admin"],
    help: "What these may apply: nothing, what meshes consist of, or all that the account may",
  },
  text(
    "default-service-account",
    "DEFAULT_SERVICE_ACCOUNT",
    "default",
    "NAME",
    "ServiceAccount of its namespace as which a MeshSync elsewhere acts that names none",
  ),
  flag(
    "single-tenant",
    "SINGLE_TENANT",
    "auto",
    "Let MeshSyncs of all namespaces act as those of the program's; auto: outside of a cluster only",
  ),
];

/** Flags of the controller's own behaviour. */
export const CONTROLLER_FLAGS: readonly Flag[] = [
  integer(
    "concurrency",
    "MESHWRIGHT_CONCURRENCY",
    "32",
    "Objects of one kind that are worked on at the same time",
  ),
  text(
    "watched-namespace",
    "WATCHED_NAMESPACE",
    "",
    "NAMESPACE",
    "Look at one namespace only (default: all)",
  ),
  flag(
    "pause-rollout",
    "PAUSE_ROLLOUT",
    "false",
    "Hold back changes of running objects that no edit of their resource asked for",
  ),
  flag(
    "rollout-on-upgrade",
    "ROLLOUT_ON_UPGRADE",
    "false",
    "Restart pods for what this version renders differently, or the reference operator did",
  ),
  flag(
    "enable-function-mesh-controller",
    "ENABLE_FUNCTION_MESH_CONTROLLER",
    "true",
    "Reconcile FunctionMesh resources",
  ),
  flag(
    "install-crds",
    "INSTALL_CRDS",
    "true",
    "Install the definitions of our kinds at start and wait for them",
  ),
  flag(
    "allow-local-addresses",
    "ALLOW_LOCAL_ADDRESSES",
    "false",
    "Call addresses of this machine where resources name them: for set-ups for tests",
  ),
  {
    name: "log-level",
    env: "LOG_LEVEL",
    kind: "choice",
    default: "info",
    value: "LEVEL",
    choices: ["debug", "info", "warn", "error"],
    help: "debug, info, warn or error",
  },
];

/** Flags of the servers, of leader election, and of what only a running program does. */
export const SERVER_FLAGS: readonly Flag[] = [
  duration(
    "instance-status-interval",
    "INSTANCE_STATUS_INTERVAL",
    "30s",
    "Time between looks at what running instances say of their messages; 0s turns it off",
  ),
  duration(
    "scaling-interval",
    "SCALING_INTERVAL",
    "10s",
    "Time between looks at the backlogs that replicas follow; 0s turns backlogScaling off",
  ),
  text(
    "metrics-addr",
    "METRICS_ADDR",
    ":8080",
    "ADDRESS",
    "Where /metrics is served; 0 turns it off",
  ),
  flag(
    "metrics-secure",
    "METRICS_SECURE",
    "false",
    "Serve /metrics over TLS, for bearers of a token who may get that path",
  ),
  text(
    "health-probe-addr",
    "HEALTH_PROBE_ADDR",
    ":8000",
    "ADDRESS",
    "Where /healthz and /readyz are served; 0 turns it off",
  ),
  text(
    "console-addr",
    "CONSOLE_ADDR",
    "0",
    "ADDRESS",
    "Where people look at what runs: 127.0.0.1:8090 for whoever gets there, :8443 over TLS by token; 0 turns it off",
  ),
  text(
    "receiver-addr",
    "RECEIVER_ADDR",
    "0",
    "ADDRESS",
    "Where Git services call POST /receive/NAMESPACE/NAME, e.g. :9292; 0 turns it off",
  ),
  flag(
    "enable-leader-election",
    "ENABLE_LEADER_ELECTION",
    "false",
    "Let one of several replicas work at a time",
  ),
  text(
    "leader-election-id",
    "LEADER_ELECTION_ID",
    "a3f45fce.functionmesh.io",
    "NAME",
    "Name of the Lease",
  ),
  text(
    "leader-election-namespace",
    "LEADER_ELECTION_NAMESPACE",
    "",
    "NAMESPACE",
    "Namespace of the Lease (default: the program's)",
  ),
  text(
    "shard",
    "MESHWRIGHT_SHARD",
    "",
    "SHARD",
    "Share the work by namespace, in M shards with a Lease each: N/M is at home in shard N, from 0; any/M takes what is free",
  ),
];

/** Flags of the admission webhook. */
export const WEBHOOK_FLAGS: readonly Flag[] = [
  {
    name: "enable-webhooks",
    env: "ENABLE_WEBHOOKS",
    kind: "choice",
    default: "auto",
    value: "CHOICE",
    choices: ["auto", "true", "false"],
    help: "Refuse invalid resources at kubectl apply; auto: in a cluster, or with a webhook URL",
  },
  text("webhook-addr", "WEBHOOK_ADDR", ":9443", "ADDRESS", "Where the webhook is served (HTTPS)"),
  text(
    "webhook-service",
    "WEBHOOK_SERVICE",
    "meshwright-webhook",
    "NAME",
    "Service in the program's namespace that leads to the webhook, port 443",
  ),
  text(
    "webhook-url",
    "WEBHOOK_URL",
    "",
    "URL",
    "Address of the webhook for an API server that cannot use a Service, https://127.0.0.1:9443",
  ),
  text(
    "cert-dir",
    "CERT_DIR",
    "",
    "FOLDER",
    "Folder with tls.crt, tls.key and perhaps ca.crt (default: one is made, kept in a Secret)",
  ),
];

/** How a verb prints. */
export function outputFlag(choices: readonly string[]): Flag {
  return {
    name: "output",
    env: "MESHWRIGHT_OUTPUT",
    kind: "choice",
    default: choices[0] ?? "",
    value: "FORMAT",
    short: "o",
    choices,
    help: choices.join(" or "),
  };
}

/** A flag with any text as its value. */
export function text(name: string, env: string, ...rest: readonly [string, string, string]): Flag {
  const [fallback, value, help] = rest;
  return { name, env, kind: "text", default: fallback, value, help };
}

function flag(name: string, env: string, ...rest: readonly [string, string]): Flag {
  const [fallback, help] = rest;
  return { name, env, kind: "boolean", default: fallback, help };
}

function integer(name: string, env: string, ...rest: readonly [string, string]): Flag {
  const [fallback, help] = rest;
  return { name, env, kind: "integer", default: fallback, value: "NUMBER", help };
}

function duration(name: string, env: string, ...rest: readonly [string, string]): Flag {
  const [fallback, help] = rest;
  return { name, env, kind: "duration", default: fallback, value: "DURATION", help };
}
