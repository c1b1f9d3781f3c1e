/**
 * A world in memory for the controller: an API server, caches that lag or break down, pods that come up, faults, and the
 * queue. Passes of `reconcileComponent` and `reconcileMesh` run in it one after the other.
 */
import { COMPONENT_KINDS } from "#api";
import {
  conditionOf,
  contentHash,
  deadline,
  idOf,
  idText,
  keyOf,
  keyText,
  type KubeObject,
  type ObjectId,
} from "#base";
import { DEFAULT_SETTINGS } from "#desired";
import {
  apiErrorFrom,
  type Ask,
  type CacheOutage,
  type ClusterClient,
  httpCluster,
  resourcePath,
} from "#kube";
import type { EventDraft } from "#plan";
import {
  type CachedKind,
  Neighbours,
  reconcileComponent,
  type ReconcileContext,
  type ReconciledKind,
  reconcileMesh,
  type ReconcileOptions,
  StatusPace,
  TerminationLogs,
  type WakeUp,
  watched,
} from "#reconcile";
import { Backoff, verdictOn } from "#runtime";
import { createLogger } from "#telemetry";
import { setImmediate } from "node:timers";
import { lies, podOf, podsOf, SHOP } from "./controller_world_facts.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeCache } from "./fake_cluster_cache.ts";
import { FakeCluster } from "./fake_cluster.ts";
import { type FaultPlan, faultyTransport, type PlannedRequest } from "./fault_plan.ts";

const START_MS = Date.parse("2026-01-01T00:00:00Z");

/** What comes again sooner than this belongs to the same rest: a failure, and a status that was put off. */
const [RETRY_MS, PACE_MS] = [5_000, 500];

/** A cache that a test can cut off. */
class BreakableCache extends FakeCache {
  outage: CacheOutage | undefined;

  override deliver(): void {
    if (this.outage === undefined) super.deliver();
  }
}

/** How one pass ended. */
export interface PassEnd {
  readonly error?: unknown;
  /** Requests of the pass that change something, as `apply StatefulSet orders-function`. */
  readonly writes: readonly string[];
  readonly reads: readonly string[];
}

/** The world. */
export class ControllerWorld {
  readonly clock = new FakeClock(START_MS);
  readonly cluster = new FakeCluster(this.clock);
  /** What people do, at which nothing fails. */
  readonly user: ClusterClient = httpCluster(this.cluster.transport({ user: "user" }), {
    clock: this.clock,
  });
  plan: FaultPlan = () => undefined;
  /** What the server has against a request, as a policy of the cluster would. */
  refuse: (request: Ask) => { readonly status: number; readonly message: string } | undefined =
    () => undefined;
  readonly events: string[] = [];
  /** What the status of any object said that was not so when it was said. */
  readonly lies: string[] = [];
  /** The log that every container has. */
  containerLog: () => Promise<string> = () => Promise.resolve("");
  readonly #requests: PlannedRequest[] = [];
  readonly #options: ReconcileOptions = {
    pauseRollout: false,
    namespacedBackendConfig: "backend-config",
    rolloutOnUpgrade: false,
  };
  #caches = new Map<CachedKind, BreakableCache>();
  #context: ReconcileContext;
  #backoff = new Backoff({ random: () => 0 });
  readonly #queue = new Map<string, WakeUp>();

  constructor() {
    this.cluster.store.onEvent = ({ before, after }) => {
      if (after !== undefined) this.lies.push(...lies(before, after, this));
      for (const cache of this.#caches.values()) cache.deliver();
    };
    this.createNow({ apiVersion: "v1", kind: "Namespace", metadata: { name: SHOP } });
    this.#context = this.#newContext();
  }

  /** The program ends and starts again: it remembers nothing, and reads everything. */
  restart(): void {
    this.#queue.clear();
    this.#backoff = new Backoff({ random: () => 0 });
    this.#context = this.#newContext();
  }

  cache(kind: CachedKind): BreakableCache {
    const cache = this.#caches.get(kind);
    if (cache === undefined) throw new TypeError(`Cannot find the cache of ${kind}`);
    return cache;
  }

  /** All caches are so many events behind. */
  set lag(events: number) {
    for (const cache of this.#caches.values()) {
      cache.lag = events;
      cache.deliver();
    }
  }

  /** The kind can no longer be read, or can again. */
  cutOff(kind: CachedKind, outage: Omit<CacheOutage, "sinceMs"> | undefined): void {
    const cache = this.cache(kind);
    cache.outage = outage && { ...outage, sinceMs: this.clock.monotonicMs() };
    if (outage === undefined) cache.relist();
  }

  /** One pass. */
  async pass(kind: ReconciledKind, name: string): Promise<PassEnd> {
    const key = { namespace: SHOP, name };
    this.#requests.length = 0;
    const error = await this.#reconcile({ kind, key }).then(() => undefined, (cause) => cause);
    const [writes, reads] = [true, false].map((isWrite) =>
      this.#requests.filter((request) => request.isWrite === isWrite && request.verb !== "discover")
        .map(requestText)
    );
    return { ...(error === undefined ? {} : { error }), writes: writes ?? [], reads: reads ?? [] };
  }

  /** Passes until nobody wants one; what failed is tried again, with time going by. Answers how many there were. */
  async settle(): Promise<number> {
    let passes = 0;
    for (let [next] = this.#queue; next !== undefined; [next] = this.#queue) {
      const [text, wakeUp] = next;
      this.#queue.delete(text);
      if (++passes > 300) throw new Error(`no rest after ${passes} passes: ${text}`);
      const verdict = await this.#reconcile(wakeUp)
        .then((next) => verdictOn({ next }), (error) => verdictOn({ error }));
      await idle();
      if (verdict.retry === "change") this.#backoff.reset(text);
      const delayMs = verdict.retry === "backoff"
        ? this.#backoff.nextDelayMs(text)
        : verdict.retry === "change"
        ? Infinity
        : verdict.retry.delayMs;
      if (delayMs <= (verdict.retry === "backoff" ? RETRY_MS : PACE_MS)) {
        await this.advance(delayMs);
        this.wake(wakeUp);
      }
    }
    return passes;
  }

  /** Time goes by, and everything is looked at again, as every ten minutes. */
  async resync(afterMs = 600_000): Promise<number> {
    await this.advance(afterMs);
    for (const kind of [...COMPONENT_KINDS, "FunctionMesh"] as const) {
      for (const object of this.cache(kind).list()) this.wake({ kind, key: keyOf(object) });
    }
    return await this.settle();
  }

  /** Time goes by. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + byMs;
    do await idle(); while (this.clock.wakeNext(untilMs));
  }

  wake(wakeUp: WakeUp): void {
    this.#queue.set(`${wakeUp.kind} ${keyText(wakeUp.key)}`, wakeUp);
  }

  /** What the StatefulSet controller and kubelets do: pods of the current template, all ready, and a status that says so. */
  runPods(
    { isReady = true, waiting }: { readonly isReady?: boolean; readonly waiting?: string } = {},
  ): void {
    for (const statefulSet of this.all("apps/v1", "StatefulSet")) {
      const { replicas = 1, template } = statefulSet.spec as {
        replicas?: number;
        template?: unknown;
      };
      const revision = contentHash(template).slice(0, 10);
      for (const pod of podsOf(statefulSet, this)) this.removeNow(idOf(pod));
      for (let ordinal = 0; ordinal < replicas; ordinal++) {
        this.createNow(podOf(statefulSet, { ordinal, revision, isReady, waiting }));
      }
      this.patchNow(idOf(statefulSet), {
        status: {
          observedGeneration: statefulSet.metadata.generation,
          updateRevision: revision,
          readyReplicas: isReady ? replicas : 0,
        },
      }, "status");
    }
  }

  object(id: ObjectId): KubeObject | undefined {
    const kind = this.cluster.store.kindOf(id);
    return kind && this.cluster.store.find({ ...id, kind })?.object;
  }

  /** All objects of a kind. */
  all(apiVersion: string, kind: string): KubeObject[] {
    const type = this.cluster.store.kindOf({ apiVersion, kind });
    const key = `${type?.apiVersion.includes("/") ? type.apiVersion.split("/")[0] : ""}/${kind}`;
    return [...this.cluster.store.all(key)].map(({ object }) => object);
  }

  /** The Ready condition as `True Ready: 1/1 pods ready`. */
  ready(id: ObjectId): string {
    const status = this.object(id)?.status as { readonly conditions?: unknown } | undefined;
    const ready = conditionOf(status?.conditions, "Ready");
    return ready === undefined ? "-" : `${ready.status} ${ready.reason}: ${ready.message}`;
  }

  /** A condition's status. */
  condition(id: ObjectId, type: string): string | undefined {
    const status = this.object(id)?.status as { readonly conditions?: unknown } | undefined;
    return conditionOf(status?.conditions, type)?.status;
  }

  /** Who manages fields of an object. */
  managersOf(id: ObjectId) {
    const kind = this.cluster.store.kindOf(id);
    return (kind && this.cluster.store.find({ ...id, kind }))?.managers ?? [];
  }

  /** All containers end with exit code 1 and no further word. */
  failPods(): void {
    const terminated = { exitCode: 1, reason: "Error", finishedAt: "2026-01-01T00:00:00Z" };
    for (const statefulSet of this.all("apps/v1", "StatefulSet")) {
      this.patchNow(idOf(statefulSet), { status: { readyReplicas: 0 } }, "status");
    }
    for (const pod of this.all("v1", "Pod")) {
      this.patchNow(idOf(pod), {
        status: {
          conditions: [{ type: "Ready", status: "False" }],
          containerStatuses: [{ name: "runner", state: { terminated } }],
        },
      }, "status");
    }
  }

  /** As `kubectl scale` and autoscalers do. */
  scaleNow(id: ObjectId, replicas: number): void {
    this.patchNow(id, { spec: { replicas } }, "scale");
  }

  createNow(object: KubeObject): void {
    const { namespace = "", name } = object.metadata;
    const id = { ...idOf(object), namespace, name: "" };
    this.#answer("POST", id, object);
    const { status } = object;
    if (status !== undefined) {
      this.patchNow({ ...id, name }, { status: status as object }, "status");
    }
  }

  patchNow(id: ObjectId, patch: Record<string, unknown>, subresource?: string): void {
    this.#answer("PATCH", id, patch, subresource);
  }

  removeNow(id: ObjectId): void {
    this.#answer("DELETE", id);
  }

  #answer(
    method: "DELETE" | "PATCH" | "POST",
    id: ObjectId,
    body?: unknown,
    subresource?: string,
  ): void {
    const kind = this.cluster.store.kindOf(id);
    if (kind === undefined) throw new Error(`Cannot act on ${idText(id)}: the kind is not served`);
    const place = subresource === undefined ? id : { ...id, subresource };
    this.cluster.answer({
      method,
      path: resourcePath(kind, id.name === "" ? { namespace: id.namespace } : place),
      query: { fieldManager: "user" },
      ...(body === undefined ? {} : { body }),
      contentType: method === "PATCH" ? "application/merge-patch+json" : "application/json",
      ask: { verb: method.toLowerCase(), kind: id.kind, key: id },
    }, "user");
  }

  async #reconcile({ kind, key }: WakeUp) {
    using limit = deadline(300_000, { clock: this.clock });
    const effects = { ctx: this.#context, signal: limit.signal };
    const passing = kind === "FunctionMesh"
      ? reconcileMesh(key, effects)
      : reconcileComponent(kind, key, effects);
    let isOver = false;
    passing.then(() => isOver = true, () => isOver = true);
    await idle();
    // What waits for time gets it.
    for (; !isOver; await idle()) this.clock.wakeNext(this.clock.nextDueMs);
    return await passing;
  }

  #newContext(): ReconcileContext {
    const log = createLogger({ sink: () => {} });
    this.#caches = new Map();
    const neighbours = new Neighbours();
    const options = { ...this.#options, verticalPodAutoscaler: false, neighbours };
    for (const watch of watched(options)) {
      const cache = new BreakableCache(this.cluster.store, {
        type: watch.type,
        ...(watch.labelSelector === undefined ? {} : { labelSelector: watch.labelSelector }),
        onChange: (change) => {
          for (const one of watch.wakes(change, Object.fromEntries(this.#caches))) this.wake(one);
        },
      });
      this.#caches.set(watch.type.kind as CachedKind, cache);
    }
    for (const cache of this.#caches.values()) cache.relist();
    const server = this.cluster.transport({ user: "meshwright" });
    const transport = faultyTransport({
      ...server,
      request: (request) => {
        const refusal = this.refuse(request.ask);
        if (refusal === undefined) return server.request(request);
        const { status, message } = refusal;
        return Promise.reject(apiErrorFrom({ status, body: { message } }, request.ask));
      },
    }, {
      clock: this.clock,
      plan: (request) => this.plan(request),
      crash: () => {},
      isAlive: () => true,
      onRequest: (request) => this.#requests.push(request),
    });
    return {
      cluster: httpCluster(transport, { clock: this.clock }),
      caches: Object.fromEntries(this.#caches),
      settings: { ...DEFAULT_SETTINGS, verticalPodAutoscaler: false },
      version: "1.0.0",
      options: this.#options,
      clock: this.clock,
      log,
      metrics: { forget() {}, countDriftCorrected() {} } as unknown as ReconcileContext["metrics"],
      events: { record: (object, event) => this.events.push(eventText(object, event)) },
      settled: new Map(),
      scaled: new Map(),
      letGo: new Set(),
      neighbours,
      pace: new StatusPace(),
      terminationLogs: new TerminationLogs({
        read: () => this.containerLog(),
        wake: (owner) => this.wake(owner),
        clock: this.clock,
        log,
      }),
    };
  }
}

/** Resolves after everything that only waits for promises has happened. */
function idle(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => resolve()));
}

function eventText(object: KubeObject, { type, reason, message }: EventDraft): string {
  return `${idText(idOf(object))}: ${type} ${reason} ${message}`;
}

function requestText({ kind, name, subresource, verb }: PlannedRequest): string {
  return `${verb} ${kind}${subresource === "" ? "" : `/${subresource}`} ${name}`;
}
