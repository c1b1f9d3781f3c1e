/**
 * How to reach an API server: a pod's service account, or a kubeconfig. The one file that imports client-node, and
 * only when a login plugin has to be run: loading it costs about 70 MB of memory.
 *
 * @module
 */
import type { Clock } from "#base";
import type { KubeConfig } from "@kubernetes/client-node";
import type { Credentials, Endpoint } from "./endpoint.ts";
import { inClusterEndpoint, tokenCredentials } from "./in_cluster.ts";
import {
  type ContextParts,
  contextParts,
  type Fields,
  type KubeconfigText,
  mergedKubeconfig,
  unusable,
} from "./kubeconfig.ts";
import {
  authorityNow,
  clusterInfo,
  type ClusterTerms,
  clusterTerms,
} from "./kubeconfig_cluster.ts";
import { actingHeaders, type ClientUser, clientUser, ownCredentials } from "./kubeconfig_user.ts";
import { oidcLogin, oidcTokens } from "./oidc_login.ts";

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
  /** What whoever asked for this connection should know of it. */
  readonly warnings: readonly string[];
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
    if (pod !== undefined) {
      return { ...pod, inCluster: true, source: "service account", warnings: [] };
    }
  }
  const home = env("HOME") ?? env("USERPROFILE");
  const paths = (options.kubeconfig ?? (env("KUBECONFIG") || undefined) ??
    (home === undefined ? "" : `${home}/.kube/config`))
    .split(Deno.build.os === "windows" ? ";" : ":").filter((path) => path !== "");
  const partsNow = async (of = context) => contextParts(mergedKubeconfig(await filesAt(paths)), of);
  const parts = await partsNow();
  const terms = await clusterTerms(parts, env);
  const authority = () => authorityNow(() => partsNow(parts.context), terms);
  return {
    endpoint: { ...await endpointFrom(parts, { terms, clock }), authority },
    namespace: parts.namespace,
    inCluster: false,
    source: `${paths.join(":")} (context ${parts.context})`,
    warnings: terms.isUnverified === true ? [unverifiedWarning(parts)] : [],
  };
}

/** Of several files some may be missing, as kubectl has it. */
async function filesAt(paths: readonly string[]): Promise<readonly KubeconfigText[]> {
  const files: KubeconfigText[] = [];
  for (const path of paths) {
    const text = await textOf(path);
    if (text !== undefined) files.push({ path, text });
  }
  if (files.length > 0) return files;
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

function unverifiedWarning({ cluster, context }: ContextParts): string {
  return `Context ${context} does not verify its API server, as ${cluster.path}.insecure-skip-tls-verify of ` +
    `${cluster.file} says: whoever is on the way can read credentials and change answers`;
}

async function endpointFrom(
  parts: ContextParts,
  { terms, clock }: { readonly terms: ClusterTerms; readonly clock: Clock },
): Promise<Endpoint> {
  const { user } = parts;
  const client = clientUser(parts, clusterInfo(parts.cluster, terms));
  const acting = actingHeaders(user);
  const endpoint = { ...terms, ...(acting.length === 0 ? {} : { actingHeaders: acting }) };
  // Nothing secret goes over a connection that is not encrypted (`kubectl proxy`).
  const isPlain = terms.server.startsWith("http:");
  if (isPlain || user === undefined) return { ...endpoint, credentials: () => Promise.resolve({}) };
  const known = await credentialsBy({ ...client, user }, clock);
  // Fails now rather than at the first request.
  checkPair(await known.credentials(), user);
  return { ...endpoint, ...known };
}

/** @throws {StalledError} where no connection can be made with a certificate; nothing of it is repeated */
function checkPair(
  { clientCertificate: cert, clientKey: key }: Credentials,
  user: NamedUser,
): void {
  if (cert === undefined && key === undefined) return;
  try {
    Deno.createHttpClient({ cert: cert ?? "", key: key ?? "" }).close();
  } catch (cause) {
    const remedy = "write a pair in PEM, of X.509 version 3, whose certificate is for that key";
    const what = `its client certificate and key cannot be used: ${remedy}`;
    throw unusable(`Cannot authenticate as user ${user.name}: ${what}`, cause);
  }
}

/** The credentials of a user: from a file, a provider, a plugin, or the kubeconfig itself. */
async function credentialsBy(
  { fields, oidc, tokenPath, user }: ClientUser & { readonly user: NamedUser },
  clock: Clock,
): Promise<Required<Pick<Endpoint, "credentials" | "refused">>> {
  const newSource = await credentialSources(user, fields);
  const read = tokenPath === undefined ? undefined : tokenCredentials(tokenPath, clock);
  const token = async () => {
    try {
      return await read?.();
    } catch (cause) {
      const what = `cannot read ${user.path}.tokenFile, ${tokenPath}`;
      throw unusable(`Cannot authenticate as user ${user.name}: ${what}`, cause);
    }
  };
  const login = oidc === undefined
    ? undefined
    : oidcTokens(await oidcLogin(oidc, user.name), clock);
  const loggedIn = async () =>
    login === undefined ? {} : { authorization: `Bearer ${await login()}` };
  // client-node keeps what a plugin said until it expires, so asking it every time is cheap.
  let source = newSource();
  let last: Credentials = {};
  let asking: Promise<Credentials> | undefined;
  const ask = async () => {
    last = { ...await source(), ...await loggedIn(), ...await token() };
    return last;
  };
  return {
    // Requests at the same time do not have a plugin run, or a token exchanged, once for each.
    credentials: () => asking ??= ask().finally(() => asking = undefined),
    refused(credentials) {
      const { authorization, clientCertificate } = credentials;
      const isLast = authorization === last.authorization &&
        clientCertificate === last.clientCertificate;
      // Who never says how long something is good is asked again, as kubectl does.
      if (isLast && fields["exec"] !== undefined) source = newSource();
    },
  };
}

type NamedUser = NonNullable<ContextParts["user"]>;

/** Makes what gives a user's credentials, each time without what it remembers. */
async function credentialSources(
  user: NamedUser,
  fields: Fields,
): Promise<() => () => Promise<Credentials>> {
  if (fields["exec"] === undefined) return () => () => ownCredentials(user, fields);
  const { KubeConfig } = await import("@kubernetes/client-node");
  // Where the server is, a plugin need not know by this.
  const text = JSON.stringify({
    clusters: [{ name: "server", cluster: { server: "https://kubernetes.invalid" } }],
    users: [{ name: user.name, user: fields }],
    contexts: [{ name: "used", context: { cluster: "server", user: user.name } }],
    "current-context": "used",
  });
  return () => {
    const config = new KubeConfig();
    config.loadFromString(text);
    return () => credentialsOf(config);
  };
}

/** What client-node makes of the user: certificates and tokens, plugins run where needed. */
async function credentialsOf(config: KubeConfig): Promise<Credentials> {
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
