import { type MeshSync, resourceOf } from "#api";
import { keyText, type ObjectKey, systemClock } from "#base";
import { type ClusterClient, httpCluster, httpTransport, type Transport } from "#kube";
import { connect } from "../kube/connect.ts";
import { VERSION } from "../version.ts";
import { type Flag, UsageError } from "./flag.ts";
import { CLUSTER_FLAGS } from "./flags.ts";
import type { Invocation } from "./verb.ts";

/** The field manager of what people ask for on the command line. */
export const CLI_MANAGER = "meshwright-cli";

/** Which cluster, and which namespace in it: for verbs that look at MeshSyncs. */
export const SESSION_FLAGS: readonly Flag[] = CLUSTER_FLAGS.map((flag) =>
  flag.name !== "namespace" ? flag : {
    ...flag,
    help: "Namespace to look at (default: that of the pod, or of the context)",
  }
);

/** For verbs that look at more than one namespace. */
export const ALL_FLAG: Flag = {
  name: "all-namespaces",
  env: "MESHWRIGHT_ALL_NAMESPACES",
  kind: "boolean",
  default: "false",
  short: "A",
  help: "Those of all namespaces",
};

/** For verbs that list. */
export const SELECTOR_FLAG: Flag = {
  name: "selector",
  env: "MESHWRIGHT_SELECTOR",
  kind: "text",
  default: "",
  value: "SELECTOR",
  short: "l",
  help: "Those with some labels, as kubectl has it: team=shop,stage!=test",
};

/** A connection to the API server, for one command. */
export interface ClusterSession extends AsyncDisposable {
  readonly cluster: ClusterClient;
  /** For what is no object, such as a log, and for watches. */
  readonly transport: Transport;
  readonly namespace: string;
}

/** Opens the connection that the flags name, and notes what is odd about it. @throws {StalledError} when there is none */
export async function openSession(
  { flags, output }: Pick<Invocation, "flags" | "output">,
): Promise<ClusterSession> {
  const [kubeconfig, context, namespace] = ["kubeconfig", "context", "namespace"].map((name) =>
    flags.text(name) || undefined
  );
  const connection = await connect({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    env: (name) => Deno.env.get(name),
    clock: systemClock,
  });
  connection.warnings.forEach((warning) => output.note(`warning: ${warning}`));
  const transport = httpTransport(connection.endpoint, { userAgent: `meshwright/${VERSION}` });
  return {
    cluster: httpCluster(transport),
    transport,
    namespace: namespace ?? connection.namespace,
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

/** The MeshSync that a verb is given by name. */
export async function namedSync(
  words: readonly string[],
  { cluster, namespace }: ClusterSession,
  signal: AbortSignal,
): Promise<MeshSync> {
  const key = { namespace, name: nameFrom(words) };
  const sync = await cluster.get(resourceOf("MeshSync"), key, signal);
  if (sync === undefined) {
    throw new Error(`Cannot find MeshSync ${keyText(key)}: it does not exist`);
  }
  return sync as MeshSync;
}

function nameFrom(words: readonly string[]): string {
  const [name, extra] = words;
  if (name === undefined) throw new UsageError("Name the MeshSync");
  if (extra !== undefined) {
    throw new UsageError(`Cannot make sense of "${extra}": name one MeshSync`);
  }
  return name;
}

/** The identity of a MeshSync, for patches. */
export function syncId(key: ObjectKey) {
  const { apiVersion, kind } = resourceOf("MeshSync");
  return { apiVersion, kind, ...key };
}
