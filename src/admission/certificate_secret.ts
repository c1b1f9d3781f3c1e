import { idText, type KubeObject, type ObjectKey, secretData, StalledError } from "#base";
import {
  type ClusterClient,
  isAlreadyExists,
  isConflict,
  isNotFound,
  type ResourceType,
} from "#kube";
import {
  type Certificates,
  type CertificateTerms,
  pemCertificates,
  renewedCertificates,
} from "./certificate.ts";

/** Secrets. */
export const SECRET_TYPE: ResourceType = {
  apiVersion: "v1",
  kind: "Secret",
  plural: "secrets",
  namespaced: true,
};

/** Says that the program made an object and may change it. */
export const MANAGED_LABELS: Readonly<Record<string, string>> = {
  "app.kubernetes.io/component": "webhook",
  "app.kubernetes.io/managed-by": "meshwright",
};

const FIELD_MANAGER = "meshwright-webhook";
/** Each try but the first follows another replica that was faster: more than a few mean something else. */
const TRIES_MAX = 5;

/** The certificates, and whether this call made any. */
export interface KeptCertificates {
  readonly certificates: Certificates;
  readonly renewed: boolean;
}

/**
 * The certificates of a Secret, which is made, completed and renewed as needed. Replicas that do so at the same time
 * agree: who comes second (409) takes what the first one stored.
 *
 * @throws {StalledError} when the Secret belongs to somebody else
 * @throws {ApiError} when the server refuses
 */
export async function keepCertificates(
  cluster: ClusterClient,
  key: ObjectKey,
  terms: CertificateTerms & { readonly signal?: AbortSignal },
): Promise<KeptCertificates> {
  let cause: unknown;
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    const secret = await cluster.get(SECRET_TYPE, key, terms.signal);
    if (secret !== undefined) checkOwner(secret, key);
    const held = secret === undefined ? undefined : certificatesFrom(secret);
    const certificates = await renewedCertificates(held, terms);
    if (certificates === held) return { certificates, renewed: false };
    try {
      await storeCertificates(cluster, certificates, { ...terms, key, secret });
      return { certificates, renewed: true };
    } catch (error) {
      if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error;
      // Not found: deleted since it was read, or its namespace is not there, which the next try says again.
      cause = error;
    }
  }
  throw new Error(`Cannot keep certificates in ${secretText(key)}: others keep changing it`, {
    cause,
  });
}

async function storeCertificates(
  cluster: ClusterClient,
  certificates: Certificates,
  options: {
    readonly key: ObjectKey;
    readonly secret: KubeObject | undefined;
    readonly signal?: AbortSignal;
  },
): Promise<void> {
  const { key, secret, signal } = options;
  const how = { fieldManager: FIELD_MANAGER, ...(signal === undefined ? {} : { signal }) };
  const id = { apiVersion: SECRET_TYPE.apiVersion, kind: SECRET_TYPE.kind, ...key };
  const data = dataOf(certificates);
  if (secret === undefined) {
    const metadata = { ...key, labels: MANAGED_LABELS };
    const { apiVersion, kind } = SECRET_TYPE;
    await cluster.create({ apiVersion, kind, metadata, type: "kubernetes.io/tls", data }, how);
    return;
  }
  // The version makes a write after somebody else's a conflict instead of a mixture.
  const resourceVersion = secret.metadata.resourceVersion ?? "";
  await cluster.patch(id, { metadata: { resourceVersion }, data }, how);
}

function checkOwner(secret: KubeObject, key: ObjectKey): void {
  const owner = secret.metadata.labels?.["app.kubernetes.io/managed-by"];
  if (owner === MANAGED_LABELS["app.kubernetes.io/managed-by"]) return;
  throw new StalledError(
    "ForeignSecret",
    `Cannot use ${secretText(key)}: it is not this program's (no label ` +
      "app.kubernetes.io/managed-by: meshwright); delete it, or mount it and name its folder " +
      "with --cert-dir",
  );
}

function certificatesFrom(secret: KubeObject): Certificates | undefined {
  const data = secretData(secret);
  const [authorities, authorityKey, certificate, privateKey] = [
    "ca.crt",
    "ca.key",
    "tls.crt",
    "tls.key",
  ].map((name) => data[name]);
  if (authorities === undefined || authorityKey === undefined) return undefined;
  return {
    authorities: pemCertificates(authorities),
    authorityKey,
    certificate: certificate ?? "",
    privateKey: privateKey ?? "",
  };
}

function dataOf(certificates: Certificates): Record<string, string> {
  return {
    "ca.crt": btoa(certificates.authorities.join("")),
    "ca.key": btoa(certificates.authorityKey),
    "tls.crt": btoa(certificates.certificate),
    "tls.key": btoa(certificates.privateKey),
  };
}

function secretText(key: ObjectKey): string {
  return idText({ kind: SECRET_TYPE.kind, ...key });
}
