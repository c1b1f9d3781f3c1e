import { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension } from "@peculiar/x509";
import { X509CertificateGenerator } from "@peculiar/x509";

/** What only the secure broker and its clients know. */
export interface BrokerSecrets {
  /** Signs tokens, base64. */
  readonly signingKey: string;
  readonly adminToken: string;
  readonly functionsToken: string;
  readonly strangerToken: string;
  /** A certificate authority of its own, PEM. */
  readonly caPem: string;
  readonly caKeyPem: string;
}

/** New secrets: nothing of a run is of use in another one. */
export async function newBrokerSecrets(): Promise<BrokerSecrets> {
  const signingKey = crypto.getRandomValues(new Uint8Array(32));
  const [adminToken, functionsToken, strangerToken] = await Promise.all([
    roleToken("admin", signingKey),
    roleToken("functions", signingKey),
    roleToken("stranger", signingKey),
  ]);
  const authority = await newAuthority();
  return {
    signingKey: signingKey.toBase64(),
    adminToken,
    functionsToken,
    strangerToken,
    ...authority,
  };
}

/** A JSON Web Token (RFC 7519) whose subject is a role, signed with HMAC and SHA-256. */
export async function roleToken(
  role: string,
  signingKey: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const encoder = new TextEncoder();
  const part = (value: unknown) => base64Url(encoder.encode(JSON.stringify(value)));
  const signed = `${part({ alg: "HS256" })}.${part({ sub: role })}`;
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", signingKey, algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(signed));
  return `${signed}.${base64Url(new Uint8Array(signature))}`;
}

function base64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

async function newAuthority(): Promise<{ readonly caPem: string; readonly caKeyPem: string }> {
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const now = Date.now();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=meshwright end-to-end",
    serialNumber: "01",
    // Machines of one cluster may differ a little in what time it is.
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + 48 * 3_600_000),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  const lines = key.toBase64().match(/.{1,64}/g) ?? [];
  return {
    caPem: `${certificate.toString("pem")}\n`,
    caKeyPem: ["-----BEGIN PRIVATE KEY-----", ...lines, "-----END PRIVATE KEY-----", ""].join("\n"),
  };
}
