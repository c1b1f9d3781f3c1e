import type { JsonObject, KubeObject, ObjectKey } from "#base";
import type { ClusterClient } from "./cluster.ts";
import type { ResourceType } from "./resource_type.ts";

/** The kind of leases. */
export const LEASE_TYPE: ResourceType = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
};
const HEAD = { apiVersion: LEASE_TYPE.apiVersion, kind: LEASE_TYPE.kind };

/** What is written to a lease; null takes an annotation away. */
export interface LeaseContent {
  readonly annotations?: JsonObject;
  readonly spec?: JsonObject;
}

/** Leases, the way leaders are elected in Kubernetes, as one replica reads and writes them. */
export class Leases {
  readonly #cluster: Pick<ClusterClient, "get" | "create" | "patch">;
  readonly #fieldManager: string;

  constructor(
    { cluster, identity }: {
      readonly cluster: Pick<ClusterClient, "get" | "create" | "patch">;
      readonly identity: string;
    },
  ) {
    this.#cluster = cluster;
    this.#fieldManager = identity.slice(0, 128);
  }

  async get(key: ObjectKey, signal: AbortSignal): Promise<KubeObject | undefined> {
    return await this.#cluster.get(LEASE_TYPE, key, signal);
  }

  async create(
    key: ObjectKey,
    { annotations = {}, spec = {} }: LeaseContent,
    signal: AbortSignal,
  ): Promise<KubeObject> {
    const given = Object.entries(annotations).filter((entry): entry is [string, string] =>
      typeof entry[1] === "string"
    );
    const metadata = {
      ...key,
      ...(given.length === 0 ? {} : { annotations: Object.fromEntries(given) }),
    };
    const options = { fieldManager: this.#fieldManager, signal };
    return await this.#cluster.create({ ...HEAD, metadata, spec }, options);
  }

  /** Writes only if nobody else did since `seen`: a merge patch that names the version is refused with 409 otherwise. */
  async patch(
    key: ObjectKey,
    seen: KubeObject,
    { annotations = {}, spec, ...options }: LeaseContent & {
      readonly deadlineMs?: number;
      readonly signal: AbortSignal;
    },
  ): Promise<KubeObject> {
    const metadata = {
      resourceVersion: seen.metadata.resourceVersion ?? "",
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    };
    return await this.#cluster.patch(
      { ...HEAD, ...key },
      { metadata, ...(spec === undefined ? {} : { spec }) },
      { ...options, fieldManager: this.#fieldManager },
    );
  }
}
