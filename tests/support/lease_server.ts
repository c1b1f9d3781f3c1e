import type { JsonObject, KubeObject } from "#base";
import { ApiError, type LeaseOptions } from "#kube";
import { FakeClock } from "./fake_clock.ts";

/** The lease that is asked for. */
export const LEASE_KEY = { namespace: "mesh", name: "a3f45fce.functionmesh.io" };

/** How a lease server answers one request: after a while, perhaps not at all. */
export interface Answering {
  /** From the request to when the server does what it asks. */
  readonly beforeMs?: number;
  /** From then to the answer. */
  readonly afterMs?: number;
  readonly fails?: boolean;
}

/** One Lease on a server whose answers take as long as a test wants, by the test's clock. */
export class LeaseServer {
  readonly writes: string[] = [];
  lease: KubeObject | undefined;
  answering: (verb: "get" | "create" | "patch", index: number) => Answering = () => ({});
  readonly #clock: FakeClock;
  #version = 0;
  #requests = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get holder(): unknown {
    return this.spec["holderIdentity"];
  }

  get spec(): Record<string, unknown> {
    return (this.lease?.spec ?? {}) as Record<string, unknown>;
  }

  /** Somebody else writes. */
  store(spec: JsonObject): void {
    const resourceVersion = String(++this.#version);
    this.lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { ...LEASE_KEY, resourceVersion },
      spec: { ...this.spec, ...spec },
    };
  }

  client(name: string): LeaseOptions["cluster"] {
    return {
      get: (_type, _key, signal) => this.#answer("get", signal, () => this.lease),
      create: (object, options) =>
        this.#answer("create", options?.signal, () => {
          if (this.lease !== undefined) throw refusal(409, "AlreadyExists");
          this.#write(name, object.spec as JsonObject);
          return this.#stored();
        }),
      patch: (_id, patch, options) =>
        this.#answer("patch", options.signal, () => {
          if (this.lease === undefined) throw refusal(404, "NotFound");
          const seen = (patch["metadata"] as JsonObject)["resourceVersion"];
          if (seen !== this.lease.metadata.resourceVersion) throw refusal(409, "Conflict");
          this.#write(name, patch["spec"] as JsonObject);
          return this.#stored();
        }),
    };
  }

  #write(name: string, spec: JsonObject): void {
    this.store(spec);
    this.writes.push(`${this.#clock.monotonicMs() - START_MS} ${name}: ${this.holder}`);
  }

  #stored(): KubeObject {
    if (this.lease === undefined) throw refusal(404, "NotFound");
    return this.lease;
  }

  async #answer<T>(
    verb: "get" | "create" | "patch",
    signal: AbortSignal | undefined,
    act: () => T,
  ): Promise<T> {
    signal?.throwIfAborted();
    const { beforeMs = 0, afterMs = 0, fails = false } = this.answering(verb, this.#requests++);
    // What has been sent is done, whoever still waits for the answer.
    const done = beforeMs > 0
      ? this.#clock.sleep(beforeMs, signal).then(act)
      : Promise.resolve().then(act);
    const answer = await done;
    if (afterMs > 0) await this.#clock.sleep(afterMs, signal);
    if (fails) throw new Error("no answer");
    return answer;
  }
}

/** Where the monotonic clock of a test begins. */
export const START_MS = new FakeClock().monotonicMs();

function refusal(status: number, reason: string): ApiError {
  return new ApiError({
    ask: { verb: "patch", kind: "Lease", key: LEASE_KEY },
    status,
    reason,
    text: reason,
  });
}
