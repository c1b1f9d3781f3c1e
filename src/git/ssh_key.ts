const [BEGIN, TITLE_END, END] = ["-----BEGIN ", "PRIVATE KEY-----", "-----END"];
const KIND = /^[A-Z0-9 ]*$/;

/**
 * Why a text cannot serve as ssh key for a program that nobody types a passphrase for; undefined when it can. The key itself
 * is never part of the answer.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sshKeyFlaw } from "./ssh_key.ts";
 * assertEquals(sshKeyFlaw("ssh-ed25519 AAAA bot"), "it is a public key; put the private one in the Secret");
 * ```
 */
export function sshKeyFlaw(text: string): string | undefined {
  if (/^\s*(ssh|ecdsa|sk)-\S+\s/.test(text)) {
    return "it is a public key; put the private one in the Secret";
  }
  const { body, kind } = envelope(text);
  if (body === "") return "it is no private key in PEM or OpenSSH form";
  const isProtected = kind.startsWith("ENCRYPTED") || /Proc-Type: 4,ENCRYPTED/.test(body) ||
    (kind.startsWith("OPENSSH") && opensshCipher(body) !== "none");
  return isProtected
    ? "it is protected by a passphrase; make one without for this program (ssh-keygen -p -N '')"
    : undefined;
}

/** What is in a PEM text; nothing where it holds no private key. */
function envelope(text: string): { readonly kind: string; readonly body: string } {
  for (const part of text.split(BEGIN).slice(1)) {
    const title = part.indexOf(TITLE_END);
    const end = part.indexOf(END, title);
    const kind = part.slice(0, Math.max(0, title));
    if (title >= 0 && end > title && KIND.test(kind)) {
      return { kind, body: part.slice(title + TITLE_END.length, end) };
    }
  }
  return { kind: "", body: "" };
}

const MAGIC = "openssh-key-v1\0";

/** The cipher that an OpenSSH key names after its magic; `none` when its secret part is readable. */
function opensshCipher(body: string): string | undefined {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(body.replace(/\s/g, ""));
  } catch (error) {
    // Cut off or garbled: ssh itself says so.
    if (error instanceof SyntaxError) return "none";
    throw error;
  }
  if (!new TextDecoder("latin1").decode(bytes.subarray(0, MAGIC.length)).startsWith(MAGIC)) {
    return "none";
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (bytes.length < MAGIC.length + 4) return "none";
  const length = view.getUint32(MAGIC.length);
  const start = MAGIC.length + 4;
  return new TextDecoder("latin1").decode(bytes.subarray(start, start + length));
}
