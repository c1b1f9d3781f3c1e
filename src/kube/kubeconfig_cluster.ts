import { isPlainObject, proxyOf, StalledError } from "#base";
import { isIP } from "node:net";
import { isPem } from "./in_cluster.ts";
import {
  type ContextParts,
  dataField,
  fieldError,
  fileText,
  flagField,
  type KubeconfigEntry,
  pathField,
  textField,
  unusable,
} from "./kubeconfig.ts";

/** Where the server of a context is, and how it is known. */
export interface ClusterTerms {
  readonly server: string;
  /** PEM */
  readonly certificateAuthority?: string;
  readonly tlsServerName?: string;
  readonly isUnverified?: true;
  readonly proxyUrl?: string;
}

/**
 * What a context says of its server.
 *
 * @throws {StalledError} where it contradicts itself or cannot be used
 */
export async function clusterTerms(
  { cluster, context }: ContextParts,
  env: (name: string) => string | undefined,
): Promise<ClusterTerms> {
  const server = serverOf(cluster);
  const proxyUrl = proxyField(cluster);
  if (server.protocol === "http:") {
    return { server: server.href, ...(proxyUrl === undefined ? {} : { proxyUrl }) };
  }
  const isUnverified = flagField(cluster, "insecure-skip-tls-verify");
  const certificateAuthority = await authorityOf(cluster, context);
  const tlsServerName = serverNameOf(cluster);
  if (isUnverified && certificateAuthority !== undefined) {
    const remedy = "leave it out, as the certificate authority is there to verify the server";
    throw fieldError(cluster, "insecure-skip-tls-verify", remedy);
  }
  const isOwnTls = isUnverified || tlsServerName !== undefined;
  // Where `fetch` connects it finds the proxies of the environment itself.
  const proxy = proxyUrl ?? (isOwnTls ? proxyOf(server, env) : undefined);
  if (isOwnTls && proxy?.startsWith("socks") === true) {
    const name = isUnverified ? "insecure-skip-tls-verify" : "tls-server-name";
    throw unusable(
      `Cannot use context ${context}: ${cluster.path}.${name} does not go with a socks5 proxy; ` +
        "use an http or https proxy, or a certificate for the server's own address",
    );
  }
  return {
    server: server.href,
    ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
    ...(isUnverified ? { isUnverified } : {}),
    ...(proxy === undefined ? {} : { proxyUrl: proxy }),
  };
}

/**
 * The authority of a context as it is said now: of the same server as before, and of no other. Undefined where that is
 * not said, or cannot be used.
 */
export async function authorityNow(
  parts: () => Promise<ContextParts>,
  { server }: Pick<ClusterTerms, "server">,
): Promise<string | undefined> {
  try {
    const { cluster, context } = await parts();
    return serverOf(cluster).href === server ? await authorityOf(cluster, context) : undefined;
  } catch (error) {
    // Who asked goes on with what it has; the file is perhaps being written.
    if (error instanceof StalledError) return undefined;
    throw error;
  }
}

/** What a plugin is told of the server, if it asks (`provideClusterInfo`). */
export function clusterInfo(cluster: KubeconfigEntry, terms: ClusterTerms): object {
  const { certificateAuthority: pem, isUnverified, tlsServerName } = terms;
  const proxyUrl = textField(cluster, "proxy-url");
  const config = extensionConfig(cluster.fields["extensions"]);
  return {
    server: terms.server,
    ...(tlsServerName === undefined ? {} : { "tls-server-name": tlsServerName }),
    ...(isUnverified === true ? { "insecure-skip-tls-verify": true } : {}),
    ...(pem === undefined ? {} : {
      "certificate-authority-data": new TextEncoder().encode(pem).toBase64(),
    }),
    ...(proxyUrl === undefined ? {} : { "proxy-url": proxyUrl }),
    ...(config === undefined ? {} : { config }),
  };
}

function extensionConfig(extensions: unknown): unknown {
  if (!Array.isArray(extensions)) return undefined;
  const found: unknown = extensions.find((one: unknown) =>
    isPlainObject(one) && one["name"] === "client.authentication.k8s.io/exec"
  );
  return isPlainObject(found) ? found["extension"] : undefined;
}

function serverOf(cluster: KubeconfigEntry): URL {
  const url = URL.parse(textField(cluster, "server") ?? "");
  if (url !== null && ["http:", "https:"].includes(url.protocol) && url.username === "") return url;
  throw fieldError(cluster, "server", "write https://HOST:PORT");
}

/** By the field: Deno takes the same schemes, and socks5h. */
function proxyField(cluster: KubeconfigEntry): string | undefined {
  const text = textField(cluster, "proxy-url");
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url !== null && ["http:", "https:", "socks5:"].includes(url.protocol)) return text;
  throw fieldError(
    cluster,
    "proxy-url",
    "write http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT",
  );
}

function serverNameOf(cluster: KubeconfigEntry): string | undefined {
  const name = textField(cluster, "tls-server-name");
  if (name === undefined) return undefined;
  if (isIP(name) === 0 && URL.canParse(`https://${name}`)) return name;
  throw fieldError(cluster, "tls-server-name", "write a DNS name of the server's certificate");
}

async function authorityOf(
  cluster: KubeconfigEntry,
  context: string,
): Promise<string | undefined> {
  const data = dataField(cluster, "certificate-authority-data");
  const path = pathField(cluster, "certificate-authority");
  const pem = data ?? (path === undefined ? undefined : await fileText(path, {
    message: `Cannot use context ${context}: cannot read ${cluster.path}.certificate-authority`,
  }));
  if (pem === undefined || isPem(pem)) return pem;
  const name = data === undefined ? "certificate-authority" : "certificate-authority-data";
  throw fieldError(cluster, name, "it holds no PEM certificate");
}
