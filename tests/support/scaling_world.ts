/** Components, their pods and an API server in memory: what a {@linkcode ScalingLoop} sees and writes. */
import { type Component, resourceOf, type ScalingStatus } from "#api";
import { isPlainObject, type JsonObject, keyOf, type KubeObject, type ObjectId } from "#base";
import { ApiError, type PatchOptions, type ResourceType } from "#kube";
import type { EventDraft } from "#plan";
import { type LiveCache, ScalingLoop } from "#reconcile";
import { createMetrics, type Logger, silentLogger } from "#telemetry";
import { FakeClock } from "./fake_clock.ts";
import { functionObject, statefulSetObject } from "./objects.ts";

const CACHED = [
  "Function",
  "Sink",
  "FunctionMesh",
  "StatefulSet",
  "Pod",
  "HorizontalPodAutoscaler",
] as const;
type Cached = typeof CACHED[number];
type CacheOutage = NonNullable<LiveCache["outage"]>;

/** As addresses of this machine are all that a test has. */
const LOCAL = { apiServer: [], allowLoopback: true };

/** How often the loop of a world looks. */
export const INTERVAL_MS = 10_000;

/** A world without a cluster. */
export class ScalingWorld {
  readonly clock = new FakeClock(1_800_000_000_000);
  readonly metrics = createMetrics();
  /** By kind, then by namespace and name. */
  readonly objects = new Map<Cached, Map<string, KubeObject>>(
    CACHED.map((kind) => [kind, new Map()]),
  );
  readonly outages = new Map<Cached, CacheOutage>();
  /** Of the ConfigMap and the Secret of each namespace. */
  readonly data: Record<string, Record<string, string>>;
  /** Every request, e.g. `get ConfigMap shop/pulsar` and `scale orders 5`. */
  readonly requests: string[] = [];
  readonly events: string[] = [];
  readonly warnings: string[] = [];
  /** What was wrong, of each warning that says it. */
  readonly errors: unknown[] = [];
  /** Has a write fail; asked with what it is, e.g. `scale orders 5`. */
  refusal: (request: string) => Error | undefined = () => undefined;
  /** What the ConfigMap and the Secret of a namespace hold. */
  dataOf: (namespace: string) => Record<string, Record<string, string>> = () => this.data;
  quarantineOf: (object: KubeObject) => string | undefined = () => undefined;
  pauseRollout = false;
  /** Version of each ConfigMap and Secret. */
  dataVersion = "1";

  constructor(webServiceURL: string) {
    this.data = { ConfigMap: { webServiceURL }, Secret: {} };
  }

  /** A program as it starts: it remembers nothing. */
  loop(): ScalingLoop {
    const ctx = {
      cluster: {
        get: (type: ResourceType, { namespace, name }: { namespace: string; name: string }) =>
          this.#get(type, { namespace, name }),
        patch: (id: ObjectId, body: JsonObject, options: PatchOptions) =>
          this.#patch(id, body, options),
      },
      caches: Object.fromEntries(CACHED.map((kind) => [kind, this.#cache(kind)])),
      clock: this.clock,
      events: {
        record: ({ metadata }: KubeObject, { reason, message }: EventDraft) => {
          this.events.push(`${metadata.name} ${reason} ${message}`);
        },
      },
      log: {
        ...silentLogger,
        warn: (message: string, facts?: Record<string, unknown>) => {
          this.warnings.push(message);
          if (facts?.["error"] !== undefined) this.errors.push(facts["error"]);
        },
      } as Logger,
      metrics: this.metrics,
      options: {
        pauseRollout: this.pauseRollout,
        namespacedBackendConfig: "",
        rolloutOnUpgrade: false,
      },
      quarantineOf: (object: KubeObject) => this.quarantineOf(object),
    };
    return new ScalingLoop({ ctx, intervalMs: INTERVAL_MS, addresses: LOCAL });
  }

  add(kind: Cached, object: KubeObject): void {
    this.objects.get(kind)?.set(keyIn(object), { ...object, kind });
  }

  /** A component and its StatefulSet, as the reconciler left them. */
  addComponent(component: KubeObject): void {
    const { name, namespace } = component.metadata;
    const kind = component.kind as "Function" | "Sink";
    this.add(kind, { ...component, metadata: { resourceVersion: "1", ...component.metadata } });
    const set = statefulSetObject({ name: `${name}-${kind.toLowerCase()}` });
    this.add("StatefulSet", { ...set, metadata: { ...set.metadata, namespace: namespace ?? "" } });
  }

  component(name: string, { kind = "Function", namespace = "shop" } = {}): Component {
    const found = this.objects.get(kind as Cached)?.get(`${namespace}/${name}`);
    if (found === undefined) throw new Error(`There is no ${kind} ${namespace}/${name}`);
    return found as Component;
  }

  scaling(name: string, options?: { readonly kind?: string }): ScalingStatus | undefined {
    return this.component(name, options).status?.scaling;
  }

  replicas(name: string, options?: { readonly kind?: string }): number | undefined {
    return this.component(name, options).spec.replicas;
  }

  /** Requests since this was asked last, by their first words. */
  takeRequests(): readonly string[] {
    return this.requests.splice(0);
  }

  async #get(
    { apiVersion, kind }: ResourceType,
    key: { readonly namespace: string; readonly name: string },
  ): Promise<KubeObject> {
    this.requests.push(`get ${kind} ${key.namespace}/${key.name}`);
    const data = this.dataOf(key.namespace)[kind] ?? {};
    const metadata = { ...key, uid: `${kind}-${key.name}`, resourceVersion: this.dataVersion };
    return await Promise.resolve({ apiVersion, kind, metadata, data });
  }

  async #patch(id: ObjectId, body: JsonObject, { subresource }: PatchOptions): Promise<KubeObject> {
    await Promise.resolve();
    const kind = id.kind as Cached;
    const key = `${id.namespace}/${id.name}`;
    const object = this.objects.get(kind)?.get(key);
    if (object === undefined) throw apiError(404, "NotFound");
    const spec = body["spec"] as { readonly replicas?: number } | undefined;
    const request = subresource === "scale"
      ? `scale ${id.name} ${spec?.replicas}`
      : `status ${id.name}`;
    this.requests.push(request);
    const refusal = this.refusal(request);
    if (refusal !== undefined) throw refusal;
    const { resourceVersion } = body["metadata"] as { readonly resourceVersion?: string };
    if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion) {
      throw apiError(409, "Conflict");
    }
    const { metadata: _metadata, ...rest } = body;
    const merged = merge(object, rest) as KubeObject;
    const version = String(Number(object.metadata.resourceVersion) + 1);
    const written = { ...merged, metadata: { ...object.metadata, resourceVersion: version } };
    this.objects.get(kind)?.set(key, written);
    return written;
  }

  /** Without a copy of all: thousands of components ask for it. */
  #ownedBy(kind: Cached, uid: string): KubeObject[] {
    const owned: KubeObject[] = [];
    for (const object of this.objects.get(kind)?.values() ?? []) {
      if (object.metadata.ownerReferences?.some((one) => one.uid === uid)) owned.push(object);
    }
    return owned;
  }

  #cache(kind: Cached): LiveCache {
    const all = () => [...this.objects.get(kind)?.values() ?? []];
    const { outages } = this;
    return {
      type: resourceOf("Function"),
      synced: true,
      get size() {
        return all().length;
      },
      get outage() {
        return outages.get(kind);
      },
      get: ({ namespace, name }) => this.objects.get(kind)?.get(`${namespace}/${name}`),
      list: (namespace) =>
        namespace === undefined
          ? all()
          : all().filter(({ metadata }) => metadata.namespace === namespace),
      ownedBy: (uid) => this.#ownedBy(kind, uid),
      index: () => [],
      observe() {},
    };
  }
}

/** A Function that follows its backlog, with terms that need no learning. */
export function scaledFunction(
  name: string,
  spec: Record<string, unknown> = {},
  metadata: Record<string, unknown> = {},
): KubeObject {
  return functionObject(name, {
    replicas: 2,
    minReplicas: 0,
    maxReplicas: 10,
    backlogScaling: { maxBacklogPerReplica: 10, idleAfter: "10m" },
    input: { topics: [`persistent://public/default/${name}-in`] },
    output: { topic: `persistent://public/default/${name}-out` },
    ...spec,
  }, metadata);
}

/** What an API server answers that says no. */
export function apiError(status: number, reason: string): ApiError {
  return new ApiError({ ask: { verb: "patch", kind: "Function" }, status, reason, text: "no" });
}

function keyIn(object: KubeObject): string {
  const { namespace, name } = keyOf(object);
  return `${namespace}/${name}`;
}

/** A merge patch. */
function merge(before: unknown, patch: unknown): unknown {
  if (!isPlainObject(patch)) return patch;
  const old = isPlainObject(before) ? before : {};
  const entries = Object.entries(patch).map(([name, value]) => [name, merge(old[name], value)]);
  return Object.fromEntries(
    Object.entries({ ...old, ...Object.fromEntries(entries) }).filter(([, value]) =>
      value !== null
    ),
  );
}
