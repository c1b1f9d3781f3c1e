import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";

const DAY_MS = 24 * 60 * 60_000;

/** What is served, and whom its callers trust. PEM texts. */
export interface Certificates {
  /** The one that signed the certificate first, then an older one that is still trusted. */
  readonly authorities: readonly string[];
  readonly certificate: string;
  readonly privateKey: string;
}

/** What signs certificates. PEM texts. */
export interface Authority {
  readonly certificate: string;
  readonly key: string;
}

/** Whom a certificate is for, and for how long. */
export interface CertificateTerms {
  /** DNS names and IP addresses by which the server is called. */
  readonly hosts: readonly string[];
  readonly nowMs: number;
  /** How long an authority lasts; ten years when left out. */
  readonly authorityMs?: number;
  /** How long a certificate lasts; 90 days when left out. */
  readonly certificateMs?: number;
}

/** Clocks of an API server and of this machine may differ. */
const CLOCKS_APART_MS = 60 * 60_000;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/**
 * Whether certificates should stay in use: whole, for these hosts, and certificate and authority in the first two thirds of
 * their life, which leaves a month to notice that renewing fails. The authority's key is not needed to tell.
 */
export function areSound(held: Certificates, terms: CertificateTerms): boolean {
  const [authority] = held.authorities;
  return isSound(() => authority !== undefined && renewalTimeMs(authority) > terms.nowMs) &&
    isSoundServing(held, { ...terms, authority });
}

/** The first authority that will do, or a new one where all are missing, damaged, or past two thirds of their life. */
export async function renewedAuthority(
  candidates: readonly Authority[],
  terms: CertificateTerms,
): Promise<Authority> {
  return candidates.find((one) => isSoundAuthority(one, terms)) ?? await newAuthority(terms);
}

/**
 * The certificates that should be in use: those that are held, or new ones where they are missing, damaged, for other hosts,
 * past two thirds of their life, or of another authority.
 *
 * # Guarantees
 * The authority of what was held stays trusted until its end beside a new one, so that nobody who serves the old
 * certificate is cut off.
 *
 * @returns `held` itself when it will do
 */
export async function renewedCertificates(
  held: Certificates | undefined,
  terms: CertificateTerms & { readonly authority: Authority },
): Promise<Certificates> {
  const { authority } = terms;
  if (
    held !== undefined && held.authorities[0] === authority.certificate && areSound(held, terms)
  ) return held;
  const older = (held?.authorities ?? []).filter((pem) => pem !== authority.certificate);
  return {
    authorities: [authority.certificate, ...stillTrusted(older, terms)],
    ...await newCertificate(authority, terms),
  };
}

/** When a certificate should be replaced: two thirds into its life, in milliseconds since 1970. */
export function renewalTimeMs(certificatePem: string): number {
  const certificate = new X509Certificate(certificatePem);
  const [fromMs, toMs] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  return fromMs + (toMs - fromMs) * 2 / 3;
}

/** When a certificate ends, in milliseconds since 1970. */
export function certificateEndMs(certificatePem: string): number {
  return Date.parse(new X509Certificate(certificatePem).validTo);
}

const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";

/** The certificates of a PEM text, one text each. */
export function pemCertificates(text: string): string[] {
  return text.split(BEGIN).slice(1).flatMap((rest) => {
    const body = rest.slice(0, rest.indexOf(END));
    return body === "" || body.includes("-") ? [] : [`${BEGIN}${body}${END}\n`];
  });
}

/** Whether a private key belongs to a certificate; false when either cannot be read. */
export function isKeyOf(certificatePem: string, keyPem: string): boolean {
  return isSound(() =>
    publicText(new X509Certificate(certificatePem).publicKey) ===
      publicText(createPublicKey(keyPem))
  );
}

function publicText(key: KeyObject): string {
  return String(key.export({ type: "spki", format: "pem" }));
}

function isSoundAuthority({ certificate, key }: Authority, { nowMs }: CertificateTerms): boolean {
  return isKeyOf(certificate, key) && renewalTimeMs(certificate) > nowMs;
}

function isSoundServing(
  held: Certificates,
  { hosts, nowMs, authority }: CertificateTerms & { readonly authority: string | undefined },
): boolean {
  if (authority === undefined || !isKeyOf(held.certificate, held.privateKey)) return false;
  return isSound(() => {
    const certificate = new X509Certificate(held.certificate);
    return certificate.verify(new X509Certificate(authority).publicKey) &&
      hosts.every((host) => isFor(certificate, host)) && renewalTimeMs(held.certificate) > nowMs;
  });
}

function isFor(certificate: X509Certificate, host: string): boolean {
  const name = isAddress(host) ? certificate.checkIP(host) : certificate.checkHost(host);
  return name !== undefined;
}

function stillTrusted(authorities: readonly string[], { nowMs }: CertificateTerms): string[] {
  return authorities.slice(0, 1).filter((pem) =>
    isSound(() => Date.parse(new X509Certificate(pem).validTo) > nowMs)
  );
}

/** What cannot be read is as good as missing: it is made anew. */
function isSound(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

/** Loaded where something has to be made: 14 MB of memory, once in two months. */
async function x509Library(): Promise<typeof import("@peculiar/x509")> {
  return await import("@peculiar/x509");
}

async function newAuthority(terms: CertificateTerms): Promise<Authority> {
  const x509 = await x509Library();
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // Each with a name of its own: with two of the same name a verifier may try the wrong one.
    name: `CN=meshwright webhook authority ${crypto.randomUUID().slice(0, 8)}`,
    ...validity(terms.nowMs, terms.authorityMs ?? 3650 * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificate: pemText(certificate.toString("pem")),
    key: await keyText(keys.privateKey),
  };
}

async function newCertificate(
  { certificate: signer, key }: Authority,
  terms: CertificateTerms,
): Promise<Pick<Certificates, "certificate" | "privateKey">> {
  const x509 = await x509Library();
  const authority = new x509.X509Certificate(signer);
  const signingKey = await crypto.subtle.importKey(
    "pkcs8",
    x509.PemConverter.decodeFirst(key),
    ALGORITHM,
    false,
    ["sign"],
  );
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: "CN=meshwright webhook",
    issuer: authority.subject,
    ...validity(terms.nowMs, terms.certificateMs ?? 90 * DAY_MS),
    signingAlgorithm: ALGORITHM,
    signingKey,
    publicKey: keys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        [...terms.hosts].sort().map((host) => ({
          type: isAddress(host) ? "ip" as const : "dns" as const,
          value: host,
        })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(authority, false),
    ],
  });
  return {
    certificate: pemText(certificate.toString("pem")),
    privateKey: await keyText(keys.privateKey),
  };
}

function validity(nowMs: number, lifeMs: number): { notBefore: Date; notAfter: Date } {
  // A short life, as in tests, must not be over at once: the start is moved by at most that life.
  const earlierMs = Math.min(CLOCKS_APART_MS, lifeMs);
  return { notBefore: new Date(nowMs - earlierMs), notAfter: new Date(nowMs + lifeMs) };
}

async function keyText(key: CryptoKey): Promise<string> {
  const x509 = await x509Library();
  return pemText(
    x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY"),
  );
}

function pemText(text: string): string {
  return `${text.trim()}\n`;
}

function isAddress(host: string): boolean {
  return host.includes(":") || /^\d+(\.\d+){3}$/.test(host);
}
