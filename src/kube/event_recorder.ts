import {
  type Clock,
  contentHash,
  idOf,
  keyOf,
  type KubeObject,
  type ObjectId,
  timestamp,
} from "#base";
import { type Logger, silentLogger } from "#telemetry";
import { isAlreadyExists, isNotFound } from "./api_error.ts";
import type { ClusterClient } from "./cluster.ts";
import { EventBudget } from "./event_budget.ts";

/** Whom Events of this program name as their source. */
export const EVENT_SOURCE = "meshwright";

/** Something that happened to an object, for who looks at it with `kubectl describe`. */
export interface EventNote {
  readonly type: "Normal" | "Warning";
  /** CamelCase word; the same as the condition's. */
  readonly reason: string;
  /** A sentence without secrets; longer than 1024 characters is cut. */
  readonly message: string;
  /** What was done, CamelCase; the reason when left out. */
  readonly action?: string;
}

/** Who records, and how much. */
export interface EventRecorderOptions {
  readonly cluster: ClusterClient;
  /** Name of the program: shown as the source of the event. */
  readonly component: string;
  /** Which process of the program, e.g. the pod's name. */
  readonly instance: string;
  readonly clock: Clock;
  readonly log?: Logger;
}

/** An event that was written, so that the next one like it only counts up. */
interface Written {
  readonly namespace: string;
  readonly name: string;
  readonly count: number;
  readonly lastMs: number;
}

/** What an Event is about: not the object itself, which would be kept for as long as its Event waits. */
interface Regarding extends ObjectId {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

interface Pending {
  readonly regarding: Regarding;
  readonly note: EventNote;
  readonly firstMs: number;
  lastMs: number;
  count: number;
}

/** Events that wait to be written, enough for a commit with 5,000 new components; more are dropped, warnings last. */
const PENDING_MAX = 5_000;
/** Events that are remembered for counting up. */
const WRITTEN_MAX = 4_096;
/** An event older than this is not counted up any longer: the server drops it after an hour. */
const WRITTEN_KEPT_MS = 45 * 60_000;
/** How long disposing may take. */
const LAST_WRITES_MS = 5_000;
const MESSAGE_LENGTH_MAX = 1_024;

/**
 * Writes Events in the background.
 *
 * Events are core `v1`, not `events.k8s.io/v1`: only those carry a count and times that `kubectl get events` sorts by,
 * and that every tool shows.
 *
 * # Guarantees
 * Recording never fails, never waits, and never takes more than a bounded amount of memory and requests: the same
 * note on the same object counts up one Event, an object has a budget, and what is too much is dropped and counted.
 */
export class EventRecorder implements AsyncDisposable {
  readonly #options: EventRecorderOptions;
  readonly #log: Logger;
  readonly #pending = new Map<string, Pending>();
  readonly #written = new Map<string, Written>();
  readonly #budget: EventBudget;
  #writing: Promise<void> | undefined;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLogger;
    this.#budget = new EventBudget(options.clock);
  }

  /** Events that were not written: too many, or refused. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Notes something about an object. */
  record(object: KubeObject, note: EventNote): void {
    const { uid = "" } = object.metadata;
    const { type, reason, message } = note;
    const key = contentHash({ kind: object.kind, ...keyOf(object), uid, type, reason, message });
    const now = this.#options.clock.now();
    const pending = this.#pending.get(key);
    if (pending !== undefined) {
      pending.count++;
      pending.lastMs = now;
      return;
    }
    const owner = `${object.kind}/${
      object.metadata.namespace ?? ""
    }/${object.metadata.name}/${uid}`;
    if (!this.#hasRoom(note) || !this.#budget.take(owner)) {
      this.#dropped++;
      return;
    }
    const regarding = regardingOf(object);
    this.#pending.set(key, { regarding, note, firstMs: now, lastMs: now, count: 1 });
    this.#writing ??= this.#writeAll();
  }

  /** Whether one more may wait: a warning takes the place of what is none. */
  #hasRoom({ type }: EventNote): boolean {
    if (this.#pending.size < PENDING_MAX) return true;
    if (type !== "Warning") return false;
    for (const [key, { note }] of this.#pending) {
      if (note.type === "Warning") continue;
      this.#dropped++;
      return this.#pending.delete(key);
    }
    return false;
  }

  /** Resolves when everything recorded so far is written or given up. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** Writes what is left, for a few seconds at most: a server that is down must not hold up the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    const written = new AbortController();
    const limit = this.#options.clock.sleep(LAST_WRITES_MS, written.signal).then(
      () => this.#pending.clear(),
      () => {}, // All was written first.
    );
    await Promise.race([this.flush(), limit]);
    written.abort();
    await limit;
  }

  async #writeAll(): Promise<void> {
    // Lets a burst of equal notes become one.
    await Promise.resolve();
    for (const [key, pending] of this.#pending) {
      this.#pending.delete(key);
      try {
        await this.#write(key, pending);
      } catch (error) {
        this.#dropped++;
        const { kind } = pending.regarding;
        this.#log.debug("Cannot write an event", { kind, reason: pending.note.reason, error });
      }
    }
    this.#writing = undefined;
  }

  async #write(key: string, pending: Pending): Promise<void> {
    const written = this.#written.get(key);
    if (written !== undefined && pending.lastMs - written.lastMs < WRITTEN_KEPT_MS) {
      const counted = { ...written, count: written.count + pending.count, lastMs: pending.lastMs };
      if (await this.#countUp(counted)) return this.#remember(key, counted);
    }
    const event = eventFrom(key, pending, this.#options);
    try {
      await this.#options.cluster.create(event, { fieldManager: this.#options.component });
    } catch (error) {
      // The first try arrived although its answer did not: the name says that it is this very event.
      if (!isAlreadyExists(error)) throw error;
    }
    this.#remember(key, { ...keyOf(event), count: pending.count, lastMs: pending.lastMs });
  }

  /** Whether the event was still there to be counted up. */
  async #countUp(written: Written): Promise<boolean> {
    try {
      await this.#options.cluster.patch(
        { apiVersion: "v1", kind: "Event", namespace: written.namespace, name: written.name },
        { count: written.count, lastTimestamp: timestamp(written.lastMs) },
        { fieldManager: this.#options.component },
      );
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  #remember(key: string, written: Written): void {
    this.#written.delete(key);
    this.#written.set(key, written);
    const [oldest] = this.#written.keys();
    if (this.#written.size > WRITTEN_MAX && oldest !== undefined) this.#written.delete(oldest);
  }
}

function regardingOf(object: KubeObject): Regarding {
  const { uid, resourceVersion } = object.metadata;
  return {
    ...idOf(object),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}

function eventFrom(key: string, pending: Pending, options: EventRecorderOptions): KubeObject {
  const { note, regarding } = pending;
  const suffix = contentHash({ key, first: pending.firstMs, instance: options.instance });
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: {
      // Events about cluster-scoped objects live in `default`, where kubectl looks for them.
      namespace: regarding.namespace === "" ? "default" : regarding.namespace,
      name: `${regarding.name.slice(0, 230)}.${suffix}`,
    },
    involvedObject: regarding,
    type: note.type,
    reason: note.reason,
    action: note.action ?? note.reason,
    message: note.message.slice(0, MESSAGE_LENGTH_MAX),
    count: pending.count,
    firstTimestamp: timestamp(pending.firstMs),
    lastTimestamp: timestamp(pending.lastMs),
    source: { component: options.component },
    reportingComponent: options.component,
    reportingInstance: options.instance,
  };
}
