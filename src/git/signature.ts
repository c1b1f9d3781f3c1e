import type { Access } from "./environment.ts";
import { GitError } from "./git_error.ts";

/** A public key that may sign commits. */
export interface SignerKey {
  /** What to call its owner, e.g. the member of the Secret that holds it. */
  readonly name: string;
  /** A block of OpenPGP public keys, or lines of OpenSSH public keys. */
  readonly text: string;
}

/** Who signed a commit. */
export interface Signer {
  /** In words: the user id of a GPG key, the name of an ssh key. */
  readonly name: string;
  /** Its id or fingerprint. */
  readonly key: string;
}

/** The keys of one verification, where `gpg` and `ssh-keygen` find them. Disposing of it removes them. */
export interface Keyring extends AsyncDisposable {
  readonly folder: string;
  readonly pgp: readonly string[];
}

type SignatureKind = "pgp" | "ssh" | "other";

/** What a text holds that is to be a public key; undefined when it is none, a private key included. */
export function signerKeyKind(text: string): "pgp" | "ssh" | undefined {
  if (/PRIVATE KEY/.test(text)) return undefined;
  if (text.includes("-----BEGIN PGP PUBLIC KEY BLOCK-----")) return "pgp";
  return sshLines(text).length > 0 ? "ssh" : undefined;
}

const SSH_KEY = /^((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[\w@.-]+\s+[A-Za-z0-9+/=]+)/;

function sshLines(text: string): string[] {
  return text.split(/\r?\n/).flatMap((line) => SSH_KEY.exec(line.trim())?.[1] ?? []);
}

/** Puts keys into a private folder. */
export async function openKeyring(
  options: { readonly keys: readonly SignerKey[]; readonly home: string },
): Promise<Keyring> {
  const folder = await Deno.makeTempDir({ dir: options.home, prefix: "access-keys-" });
  const allowed = options.keys.flatMap(({ name, text }) =>
    // Of a principal no character may mean more than itself.
    sshLines(text).map((key) => `${name.replace(/[^\w.@-]/g, "_")} namespaces="git" ${key}\n`)
  );
  await Deno.writeTextFile(`${folder}/allowed_signers`, allowed.join(""), { mode: 0o600 });
  // A key in the Secret is trusted by being there; nothing else is ever looked for.
  const settings = "trust-model always\nno-auto-key-retrieve\nno-auto-key-locate\n";
  await Deno.writeTextFile(`${folder}/gpg.conf`, settings, { mode: 0o600 });
  return {
    folder,
    pgp: options.keys.map((key) => key.text).filter((text) => signerKeyKind(text) === "pgp"),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Access with which git judges signatures by a keyring, and by nothing else. */
export function withKeyring(access: Access, { folder }: Keyring): Access {
  return {
    ...access,
    env: { ...access.env, GNUPGHOME: folder },
    config: [
      ...access.config,
      ["gpg.program", "gpg"],
      ["gpg.ssh.program", "ssh-keygen"],
      ["gpg.x509.program", "/bin/false"],
      ["gpg.ssh.allowedSignersFile", `${folder}/allowed_signers`],
    ],
  };
}

/** What is to be verified. */
export interface Verification {
  readonly commit: string;
  readonly keyring: Keyring;
  /** `Cannot trust commit …`, for messages. */
  readonly action: string;
}

/** Runs a program with the keyring and answers its output. */
type RunWithKeys = (
  command: {
    readonly program?: "git" | "gpg";
    readonly args: readonly string[];
    readonly stdin?: string;
  },
) => Promise<string>;

/**
 * Who signed a commit with a key of the keyring.
 *
 * @throws {GitError} `unverified` when it is not signed, or not by one of them; `failed` when it cannot be found out
 */
export async function verifiedSigner(
  { action, commit, keyring }: Verification,
  run: RunWithKeys,
): Promise<Signer> {
  const kind = signatureKind(await run({ args: ["cat-file", "commit", commit] }));
  if (kind === undefined) throw new GitError("unverified", `${action}: it is not signed`);
  if (kind === "other") {
    throw new GitError("unverified", `${action}: it is signed neither by GPG nor by ssh`);
  }
  if (kind === "pgp" && keyring.pgp.length > 0) await importKeys({ action, keyring }, run);
  let cause: unknown;
  try {
    // Only its exit code says it: the words of `git log` call the signature of an unknown ssh key good.
    await run({ args: ["verify-commit", commit] });
  } catch (error) {
    if (!(error instanceof GitError) || error.kind !== "failed") throw error;
    cause = error;
  }
  const format = "--format=%G?%x00%GS%x00%GK";
  const [letter = "", name = "", key = ""] =
    (await run({ args: ["log", "-1", format, commit, "--"] })).trimEnd().split("\0");
  if (cause === undefined) return { name, key };
  throw new GitError("unverified", `${action}: ${refusal(letter, { key, kind })}`, { cause });
}

async function importKeys(
  { action, keyring }: Pick<Verification, "action" | "keyring">,
  run: RunWithKeys,
): Promise<void> {
  const args = ["--batch", "--no-tty", "--quiet", "--import"];
  try {
    await run({ program: "gpg", args, stdin: `${keyring.pgp.join("\n")}\n` });
  } catch (error) {
    if (!(error instanceof GitError) || error.kind !== "failed") throw error;
    // No fault of the cache, which is what a failure of git itself would be taken for.
    const message = error.message === action
      ? `${action}: gpg cannot read the public keys of the Secret`
      : error.message;
    throw new GitError("unverified", message, { cause: error });
  }
}

/** The kind of signature in a commit, which stands in its header. */
function signatureKind(commit: string): SignatureKind | undefined {
  const [header = ""] = commit.split("\n\n");
  const match = /^gpgsig(?:-sha256)? -----BEGIN ([A-Z ]+)-----$/m.exec(header);
  if (match === null) return undefined;
  if (match[1]?.startsWith("PGP")) return "pgp";
  return match[1]?.startsWith("SSH") ? "ssh" : "other";
}

function refusal(
  letter: string,
  signed: { readonly key: string; readonly kind: SignatureKind },
): string {
  const what = `${signed.kind === "ssh" ? "ssh" : "GPG"} key ${signed.key || "unknown"}`;
  switch (letter) {
    case "B":
      return "its signature does not fit its content";
    case "X":
      return `its signature by ${what} has expired`;
    case "Y":
      return `it is signed with ${what}, which has expired`;
    case "R":
      return `it is signed with ${what}, which was revoked`;
    default:
      return `it is signed with ${what}, which is not among the keys of the Secret`;
  }
}
