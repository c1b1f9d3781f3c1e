import { durationMs } from "#api";
import { SHARDS_MAX } from "#base";
import { parseRef, RefSyntaxError } from "#git";
import type { LogLevel } from "#telemetry";
import type {
  BootstrapConfig,
  Config,
  GitOpsConfig,
  LeaderElectionConfig,
  WebhookConfig,
} from "../config.ts";
import { type FlagValues, UsageError } from "./flag.ts";
import { backendNamesFrom, settingsFrom } from "./settings.ts";

/** The configuration that flags and environment ask for. @throws {UsageError} when they contradict each other */
export async function configFrom(
  flags: FlagValues,
  { servers = true }: { readonly servers?: boolean } = {},
): Promise<Config> {
  const watchedNamespace = given(flags, "watched-namespace");
  const bootstrap = bootstrapFrom(flags);
  const config: Config = {
    cluster: clusterFrom(flags),
    settings: await settingsFrom(flags),
    ...backendNamesFrom(flags),
    ...(bootstrap === undefined ? {} : { bootstrap }),
    gitOps: gitOpsFrom(flags),
    cacheDirectory: given(flags, "cache-dir") ?? `${temporaryFolder()}/meshwright-git`,
    concurrency: Math.max(1, flags.integer("concurrency")),
    ...(watchedNamespace === undefined ? {} : { watchedNamespace }),
    pauseRollout: flags.boolean("pause-rollout"),
    rolloutOnUpgrade: flags.boolean("rollout-on-upgrade"),
    reconcileMeshes: flags.boolean("enable-function-mesh-controller"),
    allowLocalAddresses: flags.boolean("allow-local-addresses"),
    installDefinitions: flags.boolean("install-crds"),
    logLevel: flags.text("log-level") as LogLevel,
    metricsAddress: servers ? flags.text("metrics-addr") : "0",
    secureMetrics: servers && secureMetricsFrom(flags),
    healthAddress: servers ? flags.text("health-probe-addr") : "0",
    metricsPollIntervalMs: servers ? durationMs(flags.text("instance-status-interval")) ?? 0 : 0,
    scalingIntervalMs: servers ? durationMs(flags.text("scaling-interval")) ?? 0 : 0,
    consoleAddress: servers ? flags.text("console-addr") : "0",
    receiverAddress: servers ? flags.text("receiver-addr") : "0",
    ...(servers ? { ...leaderElectionFrom(flags), ...webhookFrom(flags) } : {}),
  };
  return Object.freeze(config);
}

function clusterFrom(flags: FlagValues): Config["cluster"] {
  const [kubeconfig, context, namespace] = ["kubeconfig", "context", "namespace"].map((name) =>
    given(flags, name)
  );
  return {
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

const KINDS = { none: "none", "mesh-only": "mesh-only", "cluster-admin": "any" } as const;

/** What `--gitops-rights` lets the platform's MeshSyncs apply. */
export function gitOpsKinds(flags: FlagValues): "any" | "mesh-only" | "none" {
  return KINDS[flags.text("gitops-rights") as keyof typeof KINDS];
}

function gitOpsFrom(flags: FlagValues): GitOpsConfig {
  const account = accountFrom(flags);
  const singleTenant = flags.text("single-tenant");
  return {
    ...(account === undefined ? {} : { account }),
    kinds: gitOpsKinds(flags),
    ...(singleTenant === "auto" ? {} : { singleTenant: singleTenant === "true" }),
    defaultServiceAccount: flags.text("default-service-account") || "default",
  };
}

function accountFrom(flags: FlagValues): GitOpsConfig["account"] {
  const text = given(flags, "gitops-service-account");
  if (text === undefined) return undefined;
  const [namespace = "", name = "", ...rest] = text.split("/");
  if (namespace !== "" && name !== "" && rest.length === 0) return { namespace, name };
  throw new UsageError(`Cannot use --gitops-service-account ${text}: write NAMESPACE/NAME`);
}

function checkRef(ref: string): void {
  try {
    parseRef(ref);
  } catch (error) {
    if (!(error instanceof RefSyntaxError)) throw error;
    throw new UsageError(`Cannot read --git-ref: ${error.message}`, { cause: error });
  }
}

function bootstrapFrom(flags: FlagValues): BootstrapConfig | undefined {
  const url = given(flags, "git-url");
  if (url === undefined) {
    if (given(flags, "git-ref") !== undefined) {
      throw new UsageError("--git-ref needs --git-url URL");
    }
    return undefined;
  }
  checkRef(flags.text("git-ref"));
  const targetNamespace = given(flags, "git-target-namespace");
  const secretName = given(flags, "git-secret");
  return {
    url,
    ref: flags.text("git-ref"),
    path: flags.text("git-path"),
    interval: flags.text("git-interval"),
    timeout: flags.text("git-timeout"),
    prune: flags.boolean("git-prune"),
    ...(targetNamespace === undefined ? {} : { targetNamespace }),
    ...(secretName === undefined ? {} : { secretName }),
  };
}

function secureMetricsFrom(flags: FlagValues): boolean {
  const isSecure = flags.boolean("metrics-secure");
  if (isSecure && flags.text("metrics-addr") === flags.text("health-probe-addr")) {
    throw new UsageError(
      "--metrics-secure needs a --metrics-addr of its own: kubelets ask for health without a token",
    );
  }
  return isSecure;
}

function leaderElectionFrom(flags: FlagValues): Pick<Config, "leaderElection"> {
  const shards = shardsFrom(flags);
  if (!flags.boolean("enable-leader-election")) {
    if (given(flags, "shard") === undefined) return {};
    throw new UsageError("--shard needs --enable-leader-election: a Lease says who leads a shard");
  }
  const namespace = given(flags, "leader-election-namespace");
  const name = flags.text("leader-election-id");
  return {
    leaderElection: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(shards === undefined ? {} : { shards }),
    },
  };
}

/** Undefined where one replica does all the work, as it does that of a single shard. */
function shardsFrom(flags: FlagValues): LeaderElectionConfig["shards"] {
  const text = given(flags, "shard");
  if (text === undefined) return undefined;
  const [, home = "", counted = ""] = /^(any|[0-9]{1,4})\/([0-9]{1,4})$/.exec(text) ?? [];
  const count = Number(counted);
  if (count < 1) {
    throw new UsageError(`Cannot use --shard ${text}: write N/M, e.g. 0/3, or any/M`);
  }
  if (count > SHARDS_MAX) {
    throw new UsageError(`Cannot use --shard ${text}: there are ${SHARDS_MAX} shards at most`);
  }
  if (Number(home) >= count) {
    throw new UsageError(
      `Cannot use --shard ${text}: shards count from 0, the last of ${count} is ${count - 1}`,
    );
  }
  if (count === 1) return undefined;
  return home === "any" ? { count } : { count, home: Number(home) };
}

function webhookFrom(flags: FlagValues): { readonly webhook?: WebhookConfig } {
  const mode = flags.text("enable-webhooks");
  const address = flags.text("webhook-addr");
  if (mode === "false" || address === "0") return {};
  const url = given(flags, "webhook-url");
  const certificateFolder = given(flags, "cert-dir");
  return {
    webhook: {
      mode: mode === "true" ? "true" : "auto",
      address,
      service: flags.text("webhook-service"),
      ...(url === undefined ? {} : { url: originOf(url) }),
      ...(certificateFolder === undefined ? {} : { certificateFolder }),
    },
  };
}

/** The paths below it are ours, and an API server takes nothing but https. */
function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" && `${url.origin}/` === url.href) return url.origin;
  throw new UsageError(`Cannot use --webhook-url ${text}: write https://HOST:PORT`);
}

function given(flags: FlagValues, name: string): string | undefined {
  const value = flags.text(name);
  return value === "" ? undefined : value;
}

function temporaryFolder(): string {
  return Deno.env.get("TMPDIR") ?? "/tmp";
}
