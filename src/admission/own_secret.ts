import { idText, type JsonObject, type KubeObject, type ObjectKey, StalledError } from "#base";
import type { ClusterClient, ResourceType } from "#kube";

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

/**
 * A Secret of the program; undefined when it is not there.
 *
 * @throws {StalledError} when it belongs to somebody else
 */
export async function ownSecret(
  cluster: ClusterClient,
  key: ObjectKey,
  signal: AbortSignal | undefined,
): Promise<KubeObject | undefined> {
  const secret = await cluster.get(SECRET_TYPE, key, signal);
  const owner = secret?.metadata.labels?.["app.kubernetes.io/managed-by"];
  if (secret === undefined || owner === MANAGED_LABELS["app.kubernetes.io/managed-by"]) {
    return secret;
  }
  throw new StalledError(
    "ForeignSecret",
    `Cannot use ${secretText(key)}: it is not this program's (no label ` +
      "app.kubernetes.io/managed-by: meshwright); delete it, or mount a certificate and name its " +
      "folder with --cert-dir",
  );
}

/**
 * Creates a Secret of the program, or changes members of the one that was read; null takes a member away.
 *
 * @throws {ApiError} 409 when somebody else was faster
 */
export async function storeOwnSecret(
  cluster: ClusterClient,
  data: JsonObject,
  options: {
    readonly key: ObjectKey;
    /** What was read. */
    readonly secret: KubeObject | undefined;
    /** Of a Secret that is created; `Opaque` when left out. */
    readonly type?: string;
    readonly signal: AbortSignal | undefined;
  },
): Promise<KubeObject> {
  const { key, secret, signal, type } = options;
  const how = { fieldManager: FIELD_MANAGER, ...(signal === undefined ? {} : { signal }) };
  const { apiVersion, kind } = SECRET_TYPE;
  if (secret === undefined) {
    const metadata = { ...key, labels: MANAGED_LABELS };
    const object = { apiVersion, kind, metadata, ...(type === undefined ? {} : { type }), data };
    return await cluster.create(object, how);
  }
  // The version makes a write after somebody else's a conflict instead of a mixture.
  const resourceVersion = secret.metadata.resourceVersion ?? "";
  return await cluster.patch(
    { apiVersion, kind, ...key },
    { metadata: { resourceVersion }, data },
    how,
  );
}

/** How messages name a Secret. */
export function secretText(key: ObjectKey): string {
  return idText({ kind: SECRET_TYPE.kind, ...key });
}
