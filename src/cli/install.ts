import {
  type GitOpsRights,
  type Installation,
  installObjects,
  removalText,
  worthText,
} from "#install";
import { SHARDS_MAX } from "#base";
import { VERSION } from "../version.ts";
import { yamlStream } from "./crds.ts";
import { type Flag, type FlagValues, UsageError } from "./flag.ts";
import { GIT_FLAGS, text } from "./flags.ts";
import type { Verb } from "./verb.ts";

/** What becomes a MeshSync of the installed program; where it keeps repositories is ours to say. */
const SYNC_FLAGS = GIT_FLAGS.filter(({ name }) => name !== "cache-dir");

/** Where and how the program is installed. */
export const INSTALL_FLAGS: readonly Flag[] = [
  text("namespace", "NAMESPACE", "meshwright", "NAMESPACE", "Namespace of the program"),
  text("image", "MESHWRIGHT_IMAGE", `meshwright:${VERSION}`, "IMAGE", "Image to run"),
  {
    name: "replicas",
    env: "MESHWRIGHT_REPLICAS",
    kind: "integer",
    default: "1",
    value: "NUMBER",
    help: "Pods of the program; more than one elect a leader",
  },
  {
    name: "shards",
    env: "MESHWRIGHT_SHARDS",
    kind: "integer",
    default: "1",
    value: "NUMBER",
    help:
      "Shards among which as many pods divide the work, by namespace; 1: one of them does all of it",
  },
  text(
    "watched-namespace",
    "WATCHED_NAMESPACE",
    "",
    "NAMESPACE",
    "Look at one namespace only, with rights there only (default: all)",
  ),
  {
    name: "gitops-rights",
    env: "MESHWRIGHT_GITOPS_RIGHTS",
    kind: "choice",
    default: "mesh-only",
    value: "RIGHTS",
    choices: ["none", "mesh-only", "cluster-admin"],
    help:
      "What MeshSyncs of --namespace may apply: nothing; our kinds with Namespaces, ConfigMaps, " +
      "Secrets; or anything",
  },
  boolean(
    "single-tenant",
    "SINGLE_TENANT",
    "Let MeshSyncs of all namespaces do what those of --namespace may: for a cluster of one team",
  ),
  text(
    "default-service-account",
    "DEFAULT_SERVICE_ACCOUNT",
    "default",
    "NAME",
    "ServiceAccount of its namespace as which a MeshSync elsewhere acts that names none",
  ),
  text(
    "pod-service-accounts",
    "POD_SERVICE_ACCOUNTS",
    "",
    "NAMES",
    "ServiceAccounts as which pods may run, NAME or NAMESPACE/NAME,… (default: any of the namespace)",
  ),
  boolean("receiver", "MESHWRIGHT_RECEIVER", "Add a Service where Git services call"),
  boolean(
    "console",
    "MESHWRIGHT_CONSOLE",
    "Add a Service where people look at what runs, over TLS, each with the rights of a token",
  ),
  boolean(
    "metrics-secure",
    "METRICS_SECURE",
    "Serve metrics over TLS, to accounts with the role meshwright-metrics-reader.NAMESPACE",
  ),
  boolean(
    "service-monitor",
    "MESHWRIGHT_SERVICE_MONITOR",
    "Add a ServiceMonitor for the Prometheus operator",
  ),
  ...SYNC_FLAGS,
];

/** `meshwright install` */
export const installVerb: Verb = {
  name: "install",
  summary: "Print everything a cluster needs to run this program, as YAML",
  words: "",
  description: [
    "For `kubectl apply --server-side -f -`, or for a Git repository. Needs no cluster.",
    "Run it again with other flags and apply that to change an installation.",
  ],
  flags: INSTALL_FLAGS,
  run({ flags, output }) {
    const installation = installationFrom(flags);
    output.out(installText(installation));
    return Promise.resolve(0);
  },
};

/** What `install` prints: everything, and before it in comments what each account is worth. */
export function installText(installation: Installation): string {
  return `${worthText(installation)}\n${yamlStream(installObjects(installation))}`;
}

/** `meshwright uninstall` */
export const uninstallVerb: Verb = {
  name: "uninstall",
  summary: "Print how to take the program out of a cluster, and what stays",
  words: "",
  description: [
    "Removes nothing: prints commands, with those that would delete meshes commented out.",
    "Takes the flags of install.",
  ],
  flags: INSTALL_FLAGS,
  run({ flags, output }) {
    output.out(removalText(installationFrom(flags)));
    return Promise.resolve(0);
  },
};

/** The installation that flags ask for. @throws {UsageError} for what cannot work */
export function installationFrom(flags: FlagValues): Installation {
  const namespace = namespaceFrom(flags, "namespace");
  if (/^(default|kube-.*)$/.test(namespace)) {
    throw new UsageError(
      `Cannot use --namespace ${namespace}: the program wants one of its own, as pods with more ` +
        "rights than it needs are refused there",
    );
  }
  const watched = flags.text("watched-namespace");
  const replicas = flags.integer("replicas");
  if (replicas < 1) throw new UsageError("--replicas needs 1 at least: kubectl scale stops it");
  const shards = flags.integer("shards");
  if (shards < 1 || shards > SHARDS_MAX) {
    throw new UsageError(`--shards needs a number from 1 to ${SHARDS_MAX}`);
  }
  if (flags.text("image") === "") throw new UsageError("--image needs the name of an image");
  if (watched !== "" && watched !== namespace && flags.text("git-url") !== "") {
    throw new UsageError(
      "--git-url makes a MeshSync in --namespace, which --watched-namespace leaves out: " +
        "make a MeshSync there instead",
    );
  }
  return {
    namespace,
    image: flags.text("image"),
    version: VERSION,
    replicas: Math.max(replicas, shards),
    shards,
    ...(watched === "" ? {} : { watchedNamespace: namespaceFrom(flags, "watched-namespace") }),
    gitOpsRights: flags.text("gitops-rights") as GitOpsRights,
    singleTenant: flags.boolean("single-tenant"),
    defaultServiceAccount: flags.text("default-service-account") || "default",
    podServiceAccounts: flags.text("pod-service-accounts"),
    receiver: flags.boolean("receiver"),
    console: flags.boolean("console"),
    metricsSecure: flags.boolean("metrics-secure"),
    serviceMonitor: flags.boolean("service-monitor"),
    arguments: syncArguments(flags),
  };
}

function namespaceFrom(flags: FlagValues, name: string): string {
  const namespace = flags.text(name);
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(namespace)) return namespace;
  throw new UsageError(`Cannot use --${name} "${namespace}": it is no name of a namespace`);
}

/** The flags that differ from what the program does anyway. */
function syncArguments(flags: FlagValues): string[] {
  if (flags.text("git-url") === "") return [];
  return SYNC_FLAGS.filter((flag) => flags.text(flag.name) !== flag.default)
    .map(({ name }) => `--${name}=${flags.text(name)}`);
}

function boolean(name: string, env: string, help: string): Flag {
  return { name, env, kind: "boolean", default: "false", help };
}
