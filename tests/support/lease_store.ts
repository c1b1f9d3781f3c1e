import type { JsonObject, KubeObject, ObjectKey } from "#base";
import { ApiError, type LeaseOptions } from "#kube";
import type { FakeClock } from "./fake_clock.ts";

/** Who asks, and how that is for it. */
export interface LeaseClient {
  readonly cluster: LeaseOptions["cluster"];
  /** From now on nothing arrives that it sends: it is cut off. */
  cut(): void;
}

/** The Leases of an API server in memory: merge patches, versions, and an answer after a while. */
export class LeaseStore {
  readonly #clock: FakeClock;
  readonly #leases = new Map<string, KubeObject>();
  /** What `get` does not answer, by name. */
  readonly forbidden = new Set<string>();
  /** Called after each write. */
  onWrite: (by: string, lease: KubeObject) => void = () => {};
  #version = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  lease(name: string): KubeObject | undefined {
    return this.#leases.get(name);
  }

  holder(name: string): string {
    const spec = (this.#leases.get(name)?.spec ?? {}) as { readonly holderIdentity?: string };
    return spec.holderIdentity ?? "";
  }

  annotation(name: string, annotation: string): string | undefined {
    return this.#leases.get(name)?.metadata.annotations?.[annotation];
  }

  /** Somebody else writes. */
  store(name: string, spec: JsonObject, annotations: Record<string, string> = {}): void {
    const resourceVersion = String(++this.#version);
    const { apiVersion, kind } = HEAD;
    const metadata = { namespace: "mesh", name, resourceVersion, annotations };
    this.#leases.set(name, { apiVersion, kind, metadata, spec });
  }

  client(by: string): LeaseClient {
    let isCut = false;
    const answer = async <T>(signal: AbortSignal | undefined, act: () => T): Promise<T> => {
      signal?.throwIfAborted();
      if (isCut) await this.#clock.sleep(Infinity, signal);
      return act();
    };
    return {
      cut: () => isCut = true,
      cluster: {
        get: (_type, { name }, signal) =>
          answer(signal, () => {
            if (this.forbidden.has(name)) throw refusal(403, "Forbidden");
            return this.#leases.get(name);
          }),
        create: (object, options) =>
          answer(options?.signal, () => {
            const { name } = object.metadata;
            if (this.#leases.has(name)) throw refusal(409, "AlreadyExists");
            return this.#put(by, object);
          }),
        patch: ({ name }, patch, options) =>
          answer(options.signal, () => this.#put(by, this.#patched(name, patch))),
      },
    };
  }

  #patched(name: string, patch: JsonObject): KubeObject {
    const live = this.#leases.get(name);
    if (live === undefined) throw refusal(404, "NotFound");
    const { annotations = {}, resourceVersion } = (patch["metadata"] ?? {}) as {
      readonly annotations?: Record<string, string | null>;
      readonly resourceVersion?: string;
    };
    if (resourceVersion !== live.metadata.resourceVersion) throw refusal(409, "Conflict");
    const merged = Object.entries({ ...live.metadata.annotations, ...annotations })
      .filter(([, value]) => value !== null);
    return {
      ...live,
      metadata: {
        ...live.metadata,
        annotations: Object.fromEntries(merged) as Record<string, string>,
      },
      spec: { ...live.spec as JsonObject, ...patch["spec"] as JsonObject },
    };
  }

  #put(by: string, lease: KubeObject): KubeObject {
    const resourceVersion = String(++this.#version);
    const stored = { ...lease, metadata: { ...lease.metadata, resourceVersion } };
    this.#leases.set(lease.metadata.name, stored);
    this.onWrite(by, stored);
    return stored;
  }
}

/** The lease of the first shard. */
export const FIRST: ObjectKey = { namespace: "mesh", name: "lease" };

const HEAD = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" };

function refusal(status: number, reason: string): ApiError {
  const ask = { verb: "patch", kind: "Lease", key: FIRST } as const;
  return new ApiError({ ask, status, reason, text: reason });
}
