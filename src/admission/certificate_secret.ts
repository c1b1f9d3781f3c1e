import { errorText, isAbort, type KubeObject, type ObjectKey, secretData } from "#base";
import { type ClusterClient, isAlreadyExists, isConflict, isNotFound } from "#kube";
import type { Logger } from "#telemetry";
import { keepAuthority } from "./authority_secret.ts";
import {
  areSound,
  type Authority,
  type Certificates,
  type CertificateTerms,
  pemCertificates,
  renewedCertificates,
} from "./certificate.ts";
import { ownSecret, secretText, storeOwnSecret } from "./own_secret.ts";

/** Each try but the first follows another replica that was faster: more than a few mean something else. */
const TRIES_MAX = 5;
/**
 * How long a key that an earlier version kept beside the serving key stays there as well: replicas of that version may go on
 * for a while, and would make a new authority without it.
 */
const HANDOVER_MS = 10 * 60_000;

/** Where certificates are kept: who reads or mounts what is served holds nothing that signs. */
export interface CertificateSecrets {
  /** Certificate, its key, and whom to trust: read all the time. */
  readonly serving: ObjectKey;
  /** The authority with its key: read only when a certificate has to be made. */
  readonly authority: ObjectKey;
}

/** The certificates, and whether this call made any. */
export interface KeptCertificates {
  readonly certificates: Certificates;
  readonly renewed: boolean;
  /** Why the authority's key could not be taken away from beside the serving key, where an earlier version put it. */
  readonly keyStays?: unknown;
}

type KeepTerms = CertificateTerms & { readonly signal?: AbortSignal };

/**
 * The certificates of two Secrets, which are made, completed and renewed as needed. Replicas that do so at the same time
 * agree: who comes second (409) takes what the first one stored. The authority is stored before what it signed.
 *
 * A key of the authority that an earlier version kept beside the serving key is moved: stored in its own Secret first, taken
 * away later. Whatever happens between, the next call goes on with it; meanwhile the certificates serve.
 *
 * @throws {StalledError} when a Secret that is needed belongs to somebody else
 * @throws {ApiError} when the server refuses what is needed
 */
export async function keepCertificates(
  cluster: ClusterClient,
  secrets: CertificateSecrets,
  terms: KeepTerms,
): Promise<KeptCertificates> {
  let cause: unknown;
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    const secret = await ownSecret(cluster, secrets.serving, terms.signal);
    const held = secret === undefined ? undefined : certificatesFrom(secret);
    if (secret !== undefined && held !== undefined && areSound(held, terms)) {
      const keyStays = await problemOfMove(cluster, secrets, { ...terms, secret });
      return { certificates: held, renewed: false, ...keyStays };
    }
    try {
      const certificates = await makeCertificates(cluster, secrets, { ...terms, secret, held });
      return { certificates, renewed: true };
    } catch (error) {
      if (!wasSlower(error)) throw error;
      // Not found: deleted since it was read, or its namespace is not there, which the next try says again.
      cause = error;
    }
  }
  throw new Error(
    `Cannot keep certificates in ${secretText(secrets.serving)}: others keep changing it`,
    { cause },
  );
}

function wasSlower(error: unknown): boolean {
  return isAlreadyExists(error) || isConflict(error) || isNotFound(error);
}

async function makeCertificates(
  cluster: ClusterClient,
  secrets: CertificateSecrets,
  options: KeepTerms & {
    readonly secret: KubeObject | undefined;
    readonly held: Certificates | undefined;
  },
): Promise<Certificates> {
  const { held, secret, signal } = options;
  const others = authoritiesBesideServing(secret);
  const { authority } = await keepAuthority(cluster, secrets.authority, { ...options, others });
  const made = await renewedCertificates(held, { ...options, authority });
  const data = {
    "ca.crt": btoa(made.authorities.join("")),
    "tls.crt": btoa(made.certificate),
    "tls.key": btoa(made.privateKey),
  };
  const type = "kubernetes.io/tls";
  await storeOwnSecret(cluster, data, { key: secrets.serving, secret, type, signal });
  return made;
}

/** Moves the authority's key out of the Secret of what is served, one step a call. What hinders that hinders nothing else. */
async function problemOfMove(
  cluster: ClusterClient,
  secrets: CertificateSecrets,
  options: KeepTerms & { readonly secret: KubeObject },
): Promise<{ readonly keyStays?: unknown }> {
  const { secret, signal } = options;
  if (secretData(secret)["ca.key"] === undefined) return {};
  try {
    const others = authoritiesBesideServing(secret);
    const { ageMs } = await keepAuthority(cluster, secrets.authority, { ...options, others });
    if (ageMs < HANDOVER_MS) return {};
    await storeOwnSecret(cluster, { "ca.key": null }, { key: secrets.serving, secret, signal });
    return {};
  } catch (error) {
    if (isAbort(error, signal)) throw error;
    // Another replica did it.
    return wasSlower(error) ? {} : { keyStays: error };
  }
}

/** The authority as an earlier version kept it. */
function authoritiesBesideServing(secret: KubeObject | undefined): Authority[] {
  const { "ca.crt": bundle = "", "ca.key": key } = secretData(secret);
  const [certificate] = pemCertificates(bundle);
  return certificate === undefined || key === undefined ? [] : [{ certificate, key }];
}

function certificatesFrom(secret: KubeObject): Certificates | undefined {
  const data = secretData(secret);
  const { "ca.crt": bundle, "tls.crt": certificate = "", "tls.key": privateKey = "" } = data;
  if (bundle === undefined) return undefined;
  return { authorities: pemCertificates(bundle), certificate, privateKey };
}

/** Logs that the authority's key stays beside the serving key, and why: once, until that changes. */
export class KeyStaysReport {
  readonly #log: Logger;
  #problem = "";

  constructor(log: Logger) {
    this.#log = log;
  }

  tell({ keyStays: error }: KeptCertificates): void {
    const problem = error === undefined ? "" : errorText(error);
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (error === undefined) return;
    const hint =
      "Certificates serve as before. The rights that install prints let the program keep " +
      "the key in a Secret of its own";
    this.#log.warn("The authority's key stays in the Secret of what is served", { error, hint });
  }
}
