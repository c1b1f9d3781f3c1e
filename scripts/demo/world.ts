import { LABELS, resourceOf } from "#api";
import { idOf, type KubeObject, type ObjectId, systemClock } from "#base";
import {
  type ClusterClient,
  httpCluster,
  httpTransport,
  Informer,
  type ObjectChange,
  type ResourceType,
  type Transport,
} from "#kube";
import type { ControlPlane } from "../control_plane.ts";
import type { Snapshot } from "./component_row.ts";

/** An object that came or went. */
export interface Happening {
  readonly what: "created" | "deleted";
  readonly id: ObjectId;
  /** As `performance.now()` counts. */
  readonly atMs: number;
}

/** What to wait for. */
export interface UntilOptions {
  /** After "Cannot see". */
  readonly what: string;
  readonly timeoutMs: number;
  /** Called before every look: to draw what is there. */
  readonly onLook?: (snapshot: Snapshot) => void;
  /** Why it is not there yet, for the error. */
  readonly state: (snapshot: Snapshot) => string;
}

/** How long nothing may happen before waiting looks again, for the sake of the clock on the screen. */
const TICK_MS = 250;

/** Everything of a mesh that is in the cluster, as its API server tells it. Dispose it to stop watching. */
export class World implements AsyncDisposable {
  readonly cluster: ClusterClient;
  /** What came and went since the start, oldest first. */
  readonly happenings: Happening[] = [];
  readonly #transport: Transport;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #informers: readonly Informer[];
  readonly #running: Promise<unknown>;
  #wake = Promise.withResolvers<void>();

  constructor(plane: ControlPlane, signal: AbortSignal) {
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#transport = httpTransport({
      server: plane.serverUrl,
      certificateAuthority: plane.caPem,
      credentials: () => Promise.resolve({ authorization: `Bearer ${plane.adminToken}` }),
    }, { userAgent: "meshwright-demo" });
    this.cluster = httpCluster(this.#transport);
    this.#informers = watchedTypes().map(({ type, labelSelector }) =>
      new Informer({
        transport: this.#transport,
        type,
        ...(labelSelector === undefined ? {} : { labelSelector }),
        onChange: (change) => this.#note(change),
        clock: systemClock,
        signal: this.#signal,
      })
    );
    this.#running = Promise.all(this.#informers.map((informer) => informer.run()));
  }

  /** Resolves when everything has been seen once. */
  async whenSynced(): Promise<void> {
    for (const informer of this.#informers) await informer.whenSynced(this.#signal);
  }

  /** What is there now. */
  snapshot(): Snapshot {
    return Object.fromEntries(
      this.#informers.map((informer) => [informer.type.kind, informer.list()]),
    );
  }

  /**
   * Resolves with the first value of `look` that is not undefined; looks again after every change.
   *
   * @throws {Error} when the time is up, with the state of things
   */
  async until<T>(look: (snapshot: Snapshot) => T | undefined, options: UntilOptions): Promise<T> {
    const { onLook, state, timeoutMs, what } = options;
    const deadlineMs = performance.now() + timeoutMs;
    while (true) {
      this.#signal.throwIfAborted();
      const snapshot = this.snapshot();
      const found = look(snapshot);
      onLook?.(snapshot);
      if (found !== undefined) return found;
      if (performance.now() > deadlineMs) {
        throw new Error(`Cannot see ${what} after ${timeoutMs / 1000} s: ${state(snapshot)}`);
      }
      await this.#nextChange();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new DOMException("the demo is over", "AbortError"));
    await this.#running;
    await this.#transport[Symbol.asyncDispose]();
  }

  #note({ before, after }: ObjectChange): void {
    const atMs = performance.now();
    // Made again under its name between two looks: both happened.
    const isReplaced = before !== undefined && after !== undefined &&
      before.metadata.uid !== after.metadata.uid;
    if (before !== undefined && (after === undefined || isReplaced)) {
      this.happenings.push({ what: "deleted", id: idOf(before), atMs });
    }
    if (after !== undefined && (before === undefined || isReplaced)) {
      this.happenings.push({ what: "created", id: idOf(after), atMs });
    }
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }

  async #nextChange(): Promise<void> {
    const tick = Promise.withResolvers<void>();
    const timer = setTimeout(tick.resolve, TICK_MS);
    try {
      await Promise.race([this.#wake.promise, tick.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Objects that are being deleted, that lost their owner, or whose owner is one of these: they will go. */
export function leavingObjects(snapshot: Snapshot): KubeObject[] {
  const objects = Object.values(snapshot).flat();
  const staying = new Set(objects);
  for (let before = -1; before !== staying.size;) {
    before = staying.size;
    const uids = new Set([...staying].map(({ metadata }) => metadata.uid));
    for (const object of staying) {
      const { deletionTimestamp, ownerReferences = [] } = object.metadata;
      const isOrphan = ownerReferences.some(({ uid }) => !uids.has(uid));
      if (deletionTimestamp !== undefined || isOrphan) staying.delete(object);
    }
  }
  return objects.filter((object) => !staying.has(object));
}

interface WatchedType {
  readonly type: ResourceType;
  readonly labelSelector?: string;
}

function watchedTypes(): WatchedType[] {
  const ours = (["MeshSync", "FunctionMesh", "Source", "Function", "Sink"] as const)
    .map((kind): WatchedType => ({ type: resourceOf(kind) }));
  const made = [
    { apiVersion: "apps/v1", kind: "StatefulSet", plural: "statefulsets" },
    { apiVersion: "v1", kind: "Service", plural: "services" },
    {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      plural: "horizontalpodautoscalers",
    },
    { apiVersion: "v1", kind: "Pod", plural: "pods" },
  ].map((type): WatchedType => ({
    type: { ...type, namespaced: true },
    labelSelector: LABELS.component,
  }));
  return [...ours, ...made];
}
