import type { ObjectKey } from "#base";
import { Counter, Gauge, type Registry } from "prom-client";

/** What is known of a resource when the metrics are asked for. */
export interface ResourceSample {
  readonly kind: string;
  readonly key: ObjectKey;
  readonly uid: string;
  /** What `Ready` says; Unknown is not ready. */
  readonly isReady: boolean;
  /** The reason of `Ready`. */
  readonly reason: string;
  /** Messages that wait for it, as far as the broker was asked. */
  readonly backlog?: number;
  /** Messages that its instances processed since they started. */
  readonly processed?: number;
  /** Exceptions of its instances since they started. */
  readonly exceptions?: number;
}

/** How far the program's view of a kind is behind. */
export interface WatchSample {
  readonly kind: string;
  readonly behindSeconds: number;
}

/** Where samples come from: asked at each exposition, so that nothing of what is gone stays. */
export interface MetricsSource {
  resources(): Iterable<ResourceSample>;
  watches(): Iterable<WatchSample>;
}

/** Resources that are looked at in one go: a few milliseconds. */
const RESOURCES_A_TURN = 500;

const OBJECT = ["kind", "namespace", "name"] as const;

/** What was counted of a component, and what of it the series have. */
type Counted = Partial<Record<"exceptions" | "processed", number>>;

/** The series about resources and watches as they are now. */
export class ResourceSeries {
  readonly #ready: Gauge;
  readonly #backlog: Gauge;
  readonly #counters: Readonly<Record<"exceptions" | "processed", Counter>>;
  readonly #behind: Gauge;
  #counted = new Map<string, Counted>();
  #source: MetricsSource | undefined;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#ready = new Gauge({
      name: "mesh_resource_ready",
      help: "Whether a resource is ready, 1 or 0, with the reason that its status gives.",
      labelNames: [...OBJECT, "reason"],
      registers,
    });
    this.#backlog = new Gauge({
      name: "mesh_component_backlog_messages",
      help: "Messages that wait for a component, as far as its broker was asked.",
      labelNames: OBJECT,
      registers,
    });
    const counter = (name: string, help: string) =>
      new Counter({ name, help, labelNames: OBJECT, registers });
    this.#counters = {
      exceptions: counter(
        "mesh_component_exceptions_total",
        "Exceptions of a component's instances that came while this process looked.",
      ),
      processed: counter(
        "mesh_component_processed_total",
        "Messages that a component's instances processed while this process looked.",
      ),
    };
    this.#behind = new Gauge({
      name: "mesh_watch_behind_seconds",
      help: "For how long nothing is heard of a kind; 0 while it is followed.",
      labelNames: ["kind"],
      registers,
    });
  }

  /** Has each exposition ask `source`, until what is answered is disposed of. */
  follow(source: MetricsSource): Disposable {
    this.#source = source;
    return {
      [Symbol.dispose]: () => {
        if (this.#source === source) this.#source = undefined;
      },
    };
  }

  /**
   * Brings the series to what the source says now, some hundreds at a time.
   *
   * @param breathe lets everything else have a turn
   */
  async collect(breathe: () => Promise<void>): Promise<void> {
    for (const gauge of [this.#ready, this.#backlog, this.#behind]) gauge.reset();
    const counted = new Map<string, Counted>();
    for (const sample of this.#source?.resources() ?? []) {
      const { backlog, isReady, key, kind, reason, uid } = sample;
      const labels = { kind, namespace: key.namespace, name: key.name };
      this.#ready.set({ ...labels, reason }, isReady ? 1 : 0);
      if (backlog !== undefined) this.#backlog.set(labels, backlog);
      counted.set(`${kind} ${key.namespace}/${key.name} ${uid}`, this.#count(sample, labels));
      if (counted.size % RESOURCES_A_TURN === 0) await breathe();
    }
    this.#forget(counted);
    for (const { behindSeconds, kind } of this.#source?.watches() ?? []) {
      this.#behind.set({ kind }, behindSeconds);
    }
  }

  /**
   * Counts what came since the last time. What was there before the first look is not news, and a smaller sum is that of
   * instances that started anew: neither counts. While nobody can be asked there is no series: one that stands still would
   * say that nothing is done.
   */
  #count(sample: ResourceSample, labels: Readonly<Record<string, string>>): Counted {
    const before = this.#counted.get(
      `${sample.kind} ${sample.key.namespace}/${sample.key.name} ${sample.uid}`,
    );
    const counted: Counted = {};
    for (const what of ["exceptions", "processed"] as const) {
      const [was, now] = [before?.[what], sample[what]];
      if (now === undefined) this.#counters[what].remove(labels);
      else this.#counters[what].inc(labels, Math.max(0, now - (was ?? now)));
      const kept = now ?? was;
      if (kept !== undefined) counted[what] = kept;
    }
    return counted;
  }

  #forget(counted: Map<string, Counted>): void {
    const objects = new Set(counted.keys().map(objectOf));
    for (const id of this.#counted.keys()) {
      if (counted.has(id)) continue;
      const [kind = "", text = ""] = id.split(" ");
      const [namespace = "", name = ""] = text.split("/");
      // One that was made anew under the same name goes on counting.
      if (objects.has(objectOf(id))) continue;
      for (const counter of Object.values(this.#counters)) {
        counter.remove({ kind, namespace, name });
      }
    }
    this.#counted = counted;
  }
}

/** What of an id outlives the object: without its uid. */
function objectOf(id: string): string {
  return id.slice(0, id.lastIndexOf(" "));
}
