import type { Clock } from "#base";
import type { Credentials, Endpoint } from "./endpoint.ts";

/** Where a pod finds its service account. */
export const SERVICE_ACCOUNT_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Tokens are exchanged by the kubelet long before they end; reading one again every minute is soon enough. */
const TOKEN_KEPT_MS = 60_000;

/** What a pod's environment says. */
export interface InClusterOptions {
  readonly env: (name: string) => string | undefined;
  readonly clock: Clock;
  /** {@linkcode SERVICE_ACCOUNT_DIRECTORY} when left out. */
  readonly directory?: string;
}

/** The server of the cluster that this process runs in, and the pod's namespace; undefined outside of a pod. */
export async function inClusterEndpoint(
  options: InClusterOptions,
): Promise<{ readonly endpoint: Endpoint; readonly namespace: string } | undefined> {
  const { env, clock, directory = SERVICE_ACCOUNT_DIRECTORY } = options;
  const [host, port] = [env("KUBERNETES_SERVICE_HOST"), env("KUBERNETES_SERVICE_PORT")];
  if (host === undefined || host === "" || port === undefined || port === "") return undefined;
  const read = (name: string) => Deno.readTextFile(`${directory}/${name}`);
  const [certificateAuthority, namespace] = await Promise.all([read("ca.crt"), read("namespace")]);
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const credentials = tokenCredentials(`${directory}/token`, clock);
  await credentials(); // Fails now rather than at the first request.
  const authority = () => certificatesIn(`${directory}/ca.crt`);
  const endpoint = { server, certificateAuthority, authority, credentials };
  return { endpoint, namespace: namespace.trim() };
}

/** The certificates of a file that somebody else renews; undefined while it holds none, or cannot be read. */
async function certificatesIn(path: string): Promise<string | undefined> {
  // While files are swapped who asked goes on with what it has, and says what failed for it.
  const text = await Deno.readTextFile(path).catch(() => "");
  return isPem(text) ? text : undefined;
}

/** Whether a text holds certificates. */
export function isPem(text: string): boolean {
  return text.includes("-----BEGIN CERTIFICATE-----");
}

/** Bearer credentials from a file that somebody else renews. */
export function tokenCredentials(path: string, clock: Clock): () => Promise<Credentials> {
  let kept: { readonly credentials: Credentials; readonly untilMs: number } | undefined;
  return async () => {
    const now = clock.monotonicMs();
    if (kept !== undefined && now < kept.untilMs) return kept.credentials;
    try {
      const token = (await Deno.readTextFile(path)).trim();
      kept = {
        credentials: { authorization: `Bearer ${token}` },
        untilMs: now + TOKEN_KEPT_MS,
      };
      return kept.credentials;
    } catch (cause) {
      // While the kubelet swaps files the old token is still good; without any there is nothing to go on with.
      if (kept !== undefined) return kept.credentials;
      throw new Error(`Cannot read the service account token ${path}`, { cause });
    }
  };
}
