import type { GitOutcome } from "./command.ts";
import type { LocalAccess } from "./environment.ts";
import { GitError } from "./git_error.ts";

/** A public key that may sign commits and tags. */
export interface SignerKey {
  /** What to call its owner, e.g. the member of the Secret that holds it. */
  readonly name: string;
  /** A block of OpenPGP public keys, or lines of OpenSSH public keys. */
  readonly text: string;
}

/** Who signed a commit or a tag. */
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
export function withKeyring(access: LocalAccess, { folder }: Keyring): LocalAccess {
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
  readonly object: SignedObject;
  readonly keyring: Keyring;
  /** `Cannot trust commit …`, for messages. */
  readonly action: string;
}

/** A commit, or an annotated tag of this name that has to point to a commit. */
export type SignedObject =
  | { readonly type: "commit"; readonly hash: string }
  | { readonly type: "tag"; readonly hash: string; readonly name: string; readonly commit: string };

/** Runs a program with the keyring and answers how it ended. */
type RunWithKeys = (
  command: {
    readonly program?: "git" | "gpg";
    readonly args: readonly string[];
    readonly stdin?: string;
  },
) => Promise<GitOutcome>;

/**
 * Who signed a commit or a tag with a key of the keyring.
 *
 * @throws {GitError} `unverified` when it is not signed, or not by one of them; `failed` when it cannot be found out
 */
export async function verifiedSigner(
  { action, keyring, object }: Verification,
  run: RunWithKeys,
): Promise<Signer> {
  const { hash, type } = object;
  const read = await run({ args: ["cat-file", type, hash] });
  if (!read.isSuccess) throw new GitError("failed", `${action}: ${read.stderr.trim()}`);
  const text = new TextDecoder().decode(read.stdout);
  const kind = object.type === "commit" ? commitSignature(text) : tagSignature(text);
  if (kind === undefined) throw new GitError("unverified", `${action}: it is not signed`);
  if (kind === "other") {
    throw new GitError("unverified", `${action}: it is signed neither by GPG nor by ssh`);
  }
  if (object.type === "tag") checkPlace(text, object, action);
  if (kind === "pgp" && keyring.pgp.length > 0) await importKeys({ action, keyring }, run);
  const { isSuccess, stderr } = await run({ args: [`verify-${type}`, "--raw", hash] });
  const said = kind === "pgp" ? gpgWords(stderr) : sshWords(stderr);
  // Only the exit code says it: the words call the signature of an unknown ssh key good.
  if (isSuccess) return { name: said.name, key: said.key };
  const cause = new Error(stderr.trim().slice(-CAUSE_LENGTH_MAX));
  const what = refusal(said, kind);
  throw new GitError("unverified", `${action}: ${what}`, { cause });
}

const CAUSE_LENGTH_MAX = 400;

/** A good signature of another tag, or of a tag of something else, says nothing about this one. */
function checkPlace(
  text: string,
  { commit, name }: Extract<SignedObject, { type: "tag" }>,
  action: string,
): void {
  const field = (member: string) => new RegExp(`^${member} (.*)$`, "m").exec(text)?.[1];
  if (field("tag") !== name) {
    const own = field("tag");
    throw new GitError("unverified", `${action}: what is signed is the tag ${own}, not ${name}`);
  }
  if (field("type") === "commit" && field("object") === commit) return;
  throw new GitError("unverified", `${action}: what is signed is no tag of commit ${commit}`);
}

async function importKeys(
  { action, keyring }: Pick<Verification, "action" | "keyring">,
  run: RunWithKeys,
): Promise<void> {
  const args = ["--batch", "--no-tty", "--quiet", "--import"];
  const stdin = `${keyring.pgp.join("\n")}\n`;
  const { isSuccess, stderr } = await run({ program: "gpg", args, stdin }).catch((error) => {
    if (!(error instanceof GitError) || error.kind !== "failed") throw error;
    // Not installed: no fault of the cache, which is what a failure of git itself would be taken for.
    throw new GitError("unverified", error.message, { cause: error });
  });
  if (isSuccess) return;
  const cause = new Error(stderr.trim().slice(-CAUSE_LENGTH_MAX));
  const message = `${action}: gpg cannot read the public keys of the Secret`;
  throw new GitError("unverified", message, { cause });
}

/** The kind of signature in a commit, which stands in its header. */
function commitSignature(commit: string): SignatureKind | undefined {
  const [header = ""] = commit.split("\n\n");
  const match = /^gpgsig(?:-sha256)? -----BEGIN ([A-Z ]+)-----$/m.exec(header);
  return match === null ? undefined : kindOf(match[1]);
}

/** The kind of signature of a tag, which stands at its end. */
function tagSignature(tag: string): SignatureKind | undefined {
  const match = /^-----BEGIN ([A-Z ]+)-----$/m.exec(tag);
  return match === null ? undefined : kindOf(match[1]);
}

function kindOf(title = ""): SignatureKind {
  if (title.startsWith("PGP")) return "pgp";
  return title.startsWith("SSH") ? "ssh" : "other";
}

/** What a program said about a signature. */
interface Words {
  readonly name: string;
  readonly key: string;
  readonly flaw?: "bad" | "expired" | "key expired" | "key revoked";
}

const GPG_FLAWS: Readonly<Record<string, NonNullable<Words["flaw"]>>> = {
  BADSIG: "bad",
  EXPSIG: "expired",
  EXPKEYSIG: "key expired",
  REVKEYSIG: "key revoked",
};

/** The lines that gpg writes for programs. */
function gpgWords(text: string): Words {
  const pattern = /^\[GNUPG:\] (GOODSIG|BADSIG|EXPSIG|EXPKEYSIG|REVKEYSIG|ERRSIG) (\S+) ?/;
  const line = text.split("\n").find((one) => pattern.test(one)) ?? "";
  const [words = "", status = "", key = ""] = pattern.exec(line) ?? [];
  const name = line.slice(words.length);
  const flaw = GPG_FLAWS[status];
  return flaw === undefined ? { name, key } : { name, key, flaw };
}

const GOOD = 'Good "git" signature for ';

function sshWords(text: string): Words {
  const key = /key (SHA256:\S+)/.exec(text)?.[1] ?? "";
  const line = text.split("\n").find((one) => one.startsWith(GOOD)) ?? "";
  const end = line.lastIndexOf(" with ");
  const name = end < 0 ? "" : line.slice(GOOD.length, end);
  return /incorrect signature/.test(text) ? { name, key, flaw: "bad" } : { name, key };
}

function refusal({ flaw, key }: Words, kind: SignatureKind): string {
  const what = `${kind === "ssh" ? "ssh" : "GPG"} key ${key || "unknown"}`;
  switch (flaw) {
    case "bad":
      return "its signature does not fit its content";
    case "expired":
      return `its signature by ${what} has expired`;
    case "key expired":
      return `it is signed with ${what}, which has expired`;
    case "key revoked":
      return `it is signed with ${what}, which was revoked`;
    case undefined:
      return `it is signed with ${what}, which is not among the keys of the Secret`;
    default:
      return flaw satisfies never;
  }
}
