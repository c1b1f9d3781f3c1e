/**
 * How to reach an API server: a pod's service account, or a kubeconfig. The one file that imports client-node, and
 * only when a kubeconfig has to be read: loading it costs about 70 MB of memory.
 *
 * @module
 */
import { type Clock, isPlainObject, StalledError } from "#base";
import type { KubeConfig } from "@kubernetes/client-node";
import { dirname } from "node:path";
import type { Credentials, Endpoint } from "./http_transport.ts";
import { inClusterEndpoint } from "./in_cluster.ts";

/** Where to look for a server. */
export interface ConnectOptions {
  /** A file, or several as in `$KUBECONFIG`; when left out a pod's service account, then the user's own kubeconfig. */
  readonly kubeconfig?: string;
  /** The kubeconfig's current context when left out. */
  readonly context?: string;
  readonly env: (name: string) => string | undefined;
  readonly clock: Clock;
  /** Where a pod finds its service account; the usual place when left out. */
  readonly serviceAccountDirectory?: string;
}

/** A server, and the namespace that is meant where none is named. */
export interface Connection {
  readonly endpoint: Endpoint;
  readonly namespace: string;
  /** Found as a pod of the cluster finds it. */
  readonly inCluster: boolean;
  /** Where this was found: for logs. */
  readonly source: string;
}

/**
 * Finds the server: a named kubeconfig, the pod's service account, `$KUBECONFIG`, `~/.kube/config`, in this order.
 *
 * @throws {StalledError} when there is none, or what there is cannot be used
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { env, clock, context } = options;
  if (options.kubeconfig === undefined && context === undefined) {
    const directory = options.serviceAccountDirectory;
    const pod = await inClusterEndpoint({
      env,
      clock,
      ...(directory === undefined ? {} : { directory }),
    });
    if (pod !== undefined) return { ...pod, inCluster: true, source: "service account" };
  }
  const home = env("HOME") ?? env("USERPROFILE");
  const paths = (options.kubeconfig ?? (env("KUBECONFIG") || undefined) ??
    (home === undefined ? "" : `${home}/.kube/config`))
    .split(Deno.build.os === "windows" ? ";" : ":").filter((path) => path !== "");
  const config = await kubeconfigFrom(paths);
  if (context !== undefined) useContext(config, context);
  return {
    endpoint: await endpointFrom(config),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? "default",
    inCluster: false,
    source: `${paths.join(":")} (context ${config.getCurrentContext()})`,
  };
}

async function kubeconfigFrom(paths: readonly string[]): Promise<KubeConfig> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const merged = new KubeConfig();
  let found = false;
  for (const path of paths) {
    const text = await textOf(path);
    // Of several files some may be missing, as kubectl has it.
    if (text === undefined) continue;
    const config = new KubeConfig();
    try {
      config.loadFromString(text);
    } catch (error) {
      // A file that it names cannot be read: what says so names it and holds nothing of it.
      if (error instanceof Error && "code" in error) {
        throw unusable(`Cannot use kubeconfig ${path}`, error);
      }
      throw unusable(`Cannot use kubeconfig ${path}: ${flawOf(error)}`);
    }
    config.makePathsAbsolute(dirname(path));
    if (found) merged.mergeConfig(config, true);
    else merged.loadFromOptions(config);
    found = true;
  }
  if (found) return merged;
  throw unusable(
    paths.length === 0
      ? "Cannot find an API server: not in a pod, no KUBECONFIG and no home directory"
      : `Cannot find an API server: not in a pod, and no kubeconfig at ${paths.join(", ")}`,
  );
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw unusable(`Cannot read kubeconfig ${path}`, error);
  }
}

/** What client-node says of an entry that lacks something: nothing of the file is in it. */
const MISSING = /^(?:clusters|contexts|users)\[\d+\](?:\.[a-z]+){1,2} is missing$/;

/** What is wrong with a file, in our words: those of parsers quote its lines, and any of them may hold a token. */
function flawOf(error: unknown): string {
  if (!(error instanceof Error)) return NO_KUBECONFIG;
  if ("mark" in error && isPlainObject(error.mark) && typeof error.mark["line"] === "number") {
    return `it is not valid YAML, line ${error.mark["line"] + 1}`;
  }
  return MISSING.test(error.message) ? error.message : NO_KUBECONFIG;
}

const NO_KUBECONFIG =
  "it is not a kubeconfig, whose members clusters, contexts and users are lists of named entries";

function useContext(config: KubeConfig, context: string): void {
  if (config.getContextObject(context) === null) {
    const known = config.getContexts().map(({ name }) => name).sort();
    throw unusable(
      `Cannot use context ${context}: the kubeconfig has ${known.join(", ") || "none"}`,
    );
  }
  config.setCurrentContext(context);
}

async function endpointFrom(config: KubeConfig): Promise<Endpoint> {
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw unusable(
      `Cannot use context ${
        config.getCurrentContext() || "(none)"
      }: the kubeconfig has no such cluster`,
    );
  }
  const insecure = cluster.server.startsWith("http:");
  const first = insecure ? {} : await tlsFrom(config);
  return {
    server: cluster.server,
    ...(first.certificateAuthority === undefined || cluster.skipTLSVerify
      ? {}
      : { certificateAuthority: first.certificateAuthority }),
    ...(cluster.proxyUrl === undefined ? {} : { proxyUrl: cluster.proxyUrl }),
    // client-node keeps what a plugin said until it expires, so asking it every time is cheap. Nothing secret goes over
    // a connection that is not encrypted (`kubectl proxy`).
    credentials: insecure ? () => Promise.resolve({}) : () => tlsFrom(config),
  };
}

/** What client-node makes of the user: certificates and tokens, plugins run where needed. */
async function tlsFrom(
  config: KubeConfig,
): Promise<Credentials & { readonly certificateAuthority?: string }> {
  const options: Parameters<KubeConfig["applyToHTTPSOptions"]>[0] = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (cause) {
    const message = `Cannot authenticate as user ${config.getCurrentUser()?.name}`;
    // A parser quotes what it read, which is where the token should be.
    if (cause instanceof SyntaxError) {
      throw unusable(`${message}: its plugin or its token is not the JSON that it should be`);
    }
    throw unusable(message, cause);
  }
  const headers = new Headers(stringMembers(options.headers));
  const basic = typeof options.auth === "string" ? `Basic ${btoa(options.auth)}` : undefined;
  const authorization = headers.get("authorization") ?? basic;
  return {
    ...textMember("authorization", authorization),
    ...textMember("certificateAuthority", options.ca),
    ...textMember("clientCertificate", options.cert),
    ...textMember("clientKey", options.key),
  };
}

function textMember<Name extends string>(
  name: Name,
  value: unknown,
): { readonly [member in Name]?: string } {
  const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
  return typeof text === "string" && text !== ""
    ? { [name]: text } as { readonly [member in Name]: string }
    : {};
}

function stringMembers(headers: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).filter(([, value]) => typeof value === "string"),
  );
}

function unusable(message: string, cause?: unknown): StalledError {
  return new StalledError("NoConnection", message, cause === undefined ? undefined : { cause });
}
