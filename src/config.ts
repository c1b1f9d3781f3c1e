import type { ObjectKey } from "#base";
import type { Settings } from "#desired";
import type { AppliedKinds } from "#gitops";
import type { LogLevel } from "#telemetry";

/** Where the program's objects are, and how the cluster is reached. */
export interface ClusterConfig {
  /** Path of a kubeconfig; undefined: the pod's service account, then the usual places. */
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Namespace of the program's own objects; undefined: that of the pod or of the context. */
  readonly namespace?: string;
}

/** What to take from Git, as flags say it: becomes the MeshSync `bootstrap`. */
export interface BootstrapConfig {
  /** Name of the MeshSync; `bootstrap` when left out. */
  readonly name?: string;
  readonly url: string;
  /** Branch, `tag:…`, `semver:…` or `commit:…`; empty for the default branch. */
  readonly ref: string;
  readonly path: string;
  /** Go durations. */
  readonly interval: string;
  readonly timeout: string;
  readonly prune: boolean;
  readonly targetNamespace?: string;
  readonly secretName?: string;
}

/** As whom MeshSyncs act, and how far; what is left out is chosen by where the program runs. */
export interface GitOpsConfig {
  /** As whom the platform's MeshSyncs act: the program itself when left out. */
  readonly account?: ObjectKey;
  /** What these may apply; anything when left out. */
  readonly kinds?: AppliedKinds;
  /** Whether every MeshSync is the platform's. */
  readonly singleTenant?: boolean;
  /** As whom tenants' MeshSyncs act that name nobody; `default` when left out. */
  readonly defaultServiceAccount?: string;
}

/** How resources are checked at `kubectl apply`. */
export interface WebhookConfig {
  /** `auto`: where the API server can get here. */
  readonly mode: "auto" | "true";
  /** Where to listen: `:9443`. */
  readonly address: string;
  /** Service in the program's namespace that leads here. */
  readonly service: string;
  /** `https://host:port` that leads here; goes before the Service. */
  readonly url?: string;
  /** A folder with `tls.crt`, `tls.key` and perhaps `ca.crt`; a certificate is made when left out. */
  readonly certificateFolder?: string;
}

/** How replicas agree who works. */
export interface LeaderElectionConfig {
  /** Of the Lease. */
  readonly name: string;
  /** That of the program when left out. */
  readonly namespace?: string;
  /** Into how many shards they divide the work, and which one is this replica's first choice; not at all when left out. */
  readonly shards?: { readonly count: number; readonly home?: number };
}

/** Everything that the program can be told; made once from flags and environment, then frozen. */
export interface Config {
  readonly cluster: ClusterConfig;
  readonly settings: Settings;
  readonly globalBackendConfig?: ObjectKey;
  readonly namespacedBackendConfig: string;
  readonly bootstrap?: BootstrapConfig;
  readonly gitOps?: GitOpsConfig;
  /** Where fetched repositories are kept. */
  readonly cacheDirectory: string;
  /** Keys of one kind that are worked on at the same time. */
  readonly concurrency: number;
  /** Undefined: all namespaces. */
  readonly watchedNamespace?: string;
  readonly pauseRollout: boolean;
  /** Let pods restart for what a new version of the program renders differently. */
  readonly rolloutOnUpgrade: boolean;
  readonly reconcileMeshes: boolean;
  /** Time between two looks at what running instances say, in milliseconds; never when left out or 0. */
  readonly metricsPollIntervalMs?: number;
  /** Time between two looks at the backlogs that replicas follow, in milliseconds; never when left out or 0. */
  readonly scalingIntervalMs?: number;
  /** Let MeshSyncs and components name addresses of this machine: for set-ups where all runs on one. */
  readonly allowLocalAddresses?: boolean;
  readonly installDefinitions: boolean;
  readonly logLevel: LogLevel;
  /** `:8080`, `127.0.0.1:0`, or `0` for no server. */
  readonly metricsAddress: string;
  /** Metrics over TLS, for bearers of a token who may have them. */
  readonly secureMetrics?: boolean;
  readonly healthAddress: string;
  /** Where Git services call; none when left out or `0`. */
  readonly receiverAddress?: string;
  /** Where people look; nowhere when left out or `0`. On an address of this machine without TLS and without a token. */
  readonly consoleAddress?: string;
  /** Undefined: no webhook. */
  readonly webhook?: WebhookConfig;
  readonly leaderElection?: LeaderElectionConfig;
}
