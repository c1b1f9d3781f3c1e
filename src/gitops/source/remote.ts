import type { MeshSync } from "#api";
import { contentHash, isPlainObject, keyOf, keyText, type KubeObject, secretData } from "#base";
import {
  type GitCredentials,
  GitError,
  type Remote,
  remoteScheme,
  type SignerKey,
  signerKeyKind,
} from "#git";
import { type ClusterClient, withReadGrant } from "#kube";
import {
  ageIdentities,
  type ManifestFile,
  manifestsOnce,
  type ReadInputs,
  type ReadManifests,
  type Variable,
  type Variables,
} from "#manifests";
import type { SyncContext } from "../context.ts";
import { InputError } from "../phase.ts";

const SECRET = { apiVersion: "v1", kind: "Secret", plural: "secrets", namespaced: true } as const;

/** Whether a MeshSync is the one that this program's flags made, unchanged in what it names. */
export function isBootstrap(sync: MeshSync, ctx: Pick<SyncContext, "bootstrap">): boolean {
  return ctx.bootstrap !== undefined && ctx.bootstrap.url === sync.spec.url &&
    keyText(ctx.bootstrap.key) === keyText(keyOf(sync));
}

/**
 * The remote of a MeshSync, with the credentials of its Secret.
 *
 * @throws {GitError} `no_access` when the Secret is not there or lacks what the url needs
 * @throws {RemoteUrlError} when the url cannot be used
 */
export async function remoteOf(
  sync: MeshSync,
  ctx: Pick<SyncContext, "bootstrap"> & InputContext,
): Promise<Remote> {
  const { url, secretRef } = sync.spec;
  const plain: Remote = { url, fileAllowed: isBootstrap(sync, ctx) };
  const scheme = remoteScheme(plain);
  if (secretRef === undefined) return plain;
  const key = { namespace: sync.metadata.namespace ?? "", name: secretRef.name };
  const secret = await readable(ctx.acting.get(SECRET, key, ctx.signal));
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

/** How to read what a MeshSync refers to: with the rights of whoever acts for it. */
export interface InputContext {
  readonly acting: Pick<ClusterClient, "get">;
  readonly signal: AbortSignal;
}

/** What else than a commit decides what is applied: values and keys from the cluster, patterns from the spec. */
export interface Inputs extends ReadInputs {
  /** Differs when any of them does. */
  readonly key: string;
  /** Whose commits are taken; absent when everybody's are. */
  readonly signers?: readonly SignerKey[];
}

/**
 * Reads what a MeshSync refers to in its namespace; costs a request for each object that it names, none otherwise.
 *
 * @throws {InputError} when an object is not there or holds nothing of use
 */
export async function readInputs(sync: MeshSync, ctx: InputContext): Promise<Inputs> {
  const { decryption, exclude, include, verify } = sync.spec;
  const variables = await variablesOf(sync, ctx);
  const identities = decryption === undefined
    ? undefined
    : await identitiesOf(decryption.secretRef.name, sync, ctx);
  const signers = verify === undefined
    ? undefined
    : await signersOf(verify.secretRef.name, sync, ctx);
  const key = contentHash({
    exclude,
    identities,
    include,
    signers: verify?.mode === undefined ? signers : [verify.mode, signers],
    variables: variables === undefined ? undefined : [...variables],
  });
  return {
    key,
    ...(variables === undefined ? {} : { variables }),
    ...(identities === undefined ? {} : { identities }),
    ...(signers === undefined ? {} : { signers }),
  };
}

/** Later objects win over earlier ones, and what the spec itself says over all. */
async function variablesOf(sync: MeshSync, ctx: InputContext): Promise<Variables | undefined> {
  const { variables, variablesFrom } = sync.spec;
  if (variables === undefined && variablesFrom === undefined) return undefined;
  const found = new Map<string, Variable>();
  for (const { kind, name, optional } of variablesFrom ?? []) {
    const object = await referred({ kind, name }, sync, ctx);
    if (object === undefined) {
      if (optional === true) continue;
      throw new InputError(
        "VariablesNotFound",
        `Cannot read variables of ${kind} ${place(sync, name)}: it does not exist`,
      );
    }
    const isSecret = kind === "Secret";
    const data = isSecret ? secretData(object) : texts(object["data"]);
    for (const [member, value] of Object.entries(data)) found.set(member, { value, isSecret });
  }
  for (const [member, value] of Object.entries(variables ?? {})) {
    found.set(member, { value, isSecret: false });
  }
  return new Map([...found].sort(([a], [b]) => a < b ? -1 : 1));
}

async function identitiesOf(name: string, sync: MeshSync, ctx: InputContext): Promise<string[]> {
  const data = await secretOf(name, sync, ctx);
  const identities = ageIdentities(Object.values(data));
  if (identities.length === 0) {
    throw new InputError(
      "DecryptionKeyNotFound",
      `Cannot use Secret ${place(sync, name)}: no member holds an age identity (AGE-SECRET-KEY-1…)`,
    );
  }
  return identities;
}

async function signersOf(name: string, sync: MeshSync, ctx: InputContext): Promise<SignerKey[]> {
  const data = await secretOf(name, sync, ctx);
  const keys = Object.entries(data).sort(([a], [b]) => a < b ? -1 : 1)
    .map(([member, text]) => ({ name: member, text }));
  const strange = keys.find((key) => signerKeyKind(key.text) === undefined);
  if (keys.length > 0 && strange === undefined) return keys;
  const what = strange === undefined
    ? "it is empty"
    : `${strange.name} is no armored GPG public key and no ssh public key`;
  throw new InputError(
    "SignerKeysNotFound",
    `Cannot use Secret ${place(sync, name)} to verify commits: ${what}`,
  );
}

async function secretOf(
  name: string,
  sync: MeshSync,
  ctx: InputContext,
): Promise<Record<string, string>> {
  const secret = await referred({ kind: "Secret", name }, sync, ctx);
  if (secret !== undefined) return secretData(secret);
  const message = `Cannot use Secret ${place(sync, name)}: it does not exist`;
  throw new InputError("SecretNotFound", message);
}

async function referred(
  { kind, name }: { readonly kind: "ConfigMap" | "Secret"; readonly name: string },
  sync: MeshSync,
  ctx: InputContext,
): Promise<KubeObject | undefined> {
  const plural = kind === "Secret" ? "secrets" : "configmaps";
  const type = { apiVersion: "v1", kind, plural, namespaced: true } as const;
  const key = { namespace: sync.metadata.namespace ?? "", name };
  return await readable(ctx.acting.get(type, key, ctx.signal));
}

/** What is only read needs one right to one object: that is what to grant. */
async function readable<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw withReadGrant(error);
  }
}

function place(sync: MeshSync, name: string): string {
  return keyText({ namespace: sync.metadata.namespace ?? "", name });
}

function texts(data: unknown): Record<string, string> {
  const entries = isPlainObject(data) ? Object.entries(data) : [];
  return Object.fromEntries(
    entries.flatMap(([name, value]) => typeof value === "string" ? [[name, value]] : []),
  );
}

/**
 * Files as a MeshSync would read them: its variables replaced, what SOPS encrypted opened with its keys, in memory only.
 *
 * @throws {InputError} when an object that the MeshSync refers to is not there, or of no use
 */
export async function syncManifests(
  files: readonly ManifestFile[],
  { sync, ...ctx }: InputContext & { readonly sync: MeshSync },
): Promise<ReadManifests> {
  return await manifestsOnce(await readInputs(sync, ctx), files);
}
