import type { MeshSync } from "#api";
import { keyOf, keyText, type KubeObject } from "#base";
import { type GitCredentials, GitError, type Remote, remoteScheme } from "#git";
import type { GitOpsContext } from "./context.ts";

const SECRET = { apiVersion: "v1", kind: "Secret", plural: "secrets", namespaced: true } as const;

/** Whether a MeshSync is the one that this program's flags made, unchanged in what it names. */
export function isBootstrap(sync: MeshSync, ctx: Pick<GitOpsContext, "bootstrap">): boolean {
  return ctx.bootstrap !== undefined && ctx.bootstrap.url === sync.spec.url &&
    keyText(ctx.bootstrap.key) === keyText(keyOf(sync));
}

/**
 * The remote of a MeshSync, with the credentials of its Secret.
 *
 * @throws {GitError} `no_access` when the Secret is not there or lacks what the url needs
 * @throws {RemoteUrlError} when the url cannot be used
 */
export async function remoteOf(sync: MeshSync, ctx: GitOpsContext): Promise<Remote> {
  const { url, secretRef } = sync.spec;
  const plain: Remote = { url, fileAllowed: isBootstrap(sync, ctx) };
  const scheme = remoteScheme(plain);
  if (secretRef === undefined) return plain;
  const key = { namespace: sync.metadata.namespace ?? "", name: secretRef.name };
  const secret = await ctx.cluster.get(SECRET, key, ctx.signal);
  if (secret === undefined) {
    throw new GitError("no_access", `Cannot use Secret ${keyText(key)}: it does not exist`);
  }
  const data = secretData(secret);
  const credentials = scheme === "ssh" ? sshKey(data) : token(data);
  const caPem = data["ca.crt"] ?? data["caFile"];
  if (credentials === undefined && caPem === undefined) {
    const wanted = scheme === "ssh"
      ? "identity (or ssh-privatekey) and known_hosts"
      : "password (and username), token, bearerToken or ca.crt";
    throw new GitError("no_access", `Cannot use Secret ${keyText(key)}: it holds no ${wanted}`);
  }
  return {
    ...plain,
    account: keyText(key),
    ...(credentials === undefined ? {} : { credentials }),
    ...(caPem === undefined ? {} : { caPem }),
  };
}

/** Names as `kubernetes.io/ssh-auth`, Flux and people write them. */
function sshKey(data: Readonly<Record<string, string>>): GitCredentials | undefined {
  const privateKey = data["identity"] ?? data["ssh-privatekey"];
  if (privateKey === undefined) return undefined;
  return { kind: "ssh", privateKey, knownHosts: data["known_hosts"] ?? data["knownHosts"] ?? "" };
}

/** The services take any user name beside a token; those that do not are told one by `username`. */
function token(data: Readonly<Record<string, string>>): GitCredentials | undefined {
  const bearer = data["bearerToken"]?.trim();
  if (bearer !== undefined) return { kind: "bearer", token: bearer };
  const password = data["password"] ?? data["token"];
  if (password === undefined) return undefined;
  const username = data["username"]?.trim() ?? "git";
  return { kind: "basic", username, password: password.replace(/\r?\n$/, "") };
}

/** The data of a Secret as texts. */
export function secretData(secret: KubeObject): Record<string, string> {
  const data = (secret["data"] ?? {}) as Readonly<Record<string, string>>;
  const decoder = new TextDecoder();
  return Object.fromEntries(
    Object.entries(data).map((
      [name, value],
    ) => [name, decoder.decode(Uint8Array.fromBase64(value))]),
  );
}
