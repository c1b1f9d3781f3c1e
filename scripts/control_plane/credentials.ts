/** A user of the API server, known by a token. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

/** A user with the token that was made for it. */
export interface UserToken extends User {
  readonly token: string;
}

/** 256 random bits, as text. */
export function newToken(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toHex();
}

/** The lines of an API server's `--token-auth-file`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tokenFileText } from "./credentials.ts";
 * assertEquals(tokenFileText([{ token: "t", name: "ann", groups: ["a", "b"] }]), 't,ann,ann,"a,b"\n');
 * ```
 */
export function tokenFileText(users: readonly UserToken[]): string {
  return users.map(({ token, name, groups }) => `${token},${name},${name},"${groups.join(",")}"\n`)
    .join("");
}

/** The key pair that service account tokens are signed with, PEM: elliptic, because it is made in no time. */
export async function newSigningKey(): Promise<{ privatePem: string; publicPem: string }> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  return {
    privatePem: pem("PRIVATE KEY", await crypto.subtle.exportKey("pkcs8", privateKey)),
    publicPem: pem("PUBLIC KEY", await crypto.subtle.exportKey("spki", publicKey)),
  };
}

function pem(label: string, bytes: ArrayBuffer): string {
  const lines = new Uint8Array(bytes).toBase64().match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
