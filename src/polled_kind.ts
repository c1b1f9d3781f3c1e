import {
  type Clock,
  errorText,
  idOf,
  idText,
  isAbort,
  type KubeObject,
  pause,
  spread,
} from "#base";
import type { ClusterClient, ObjectChange, ResourceType } from "#kube";
import type { Logger } from "#telemetry";

/** How often a kind is listed: drift may live that long. */
const LIST_EVERY_MS = 10 * 60_000;

/** What is listed now and then, and whom it tells. */
export interface PolledKindOptions {
  readonly cluster: Pick<ClusterClient, "list">;
  readonly type: ResourceType;
  readonly namespace?: string;
  readonly labelSelector: string;
  /** What may be told of an object. */
  readonly project?: (object: KubeObject) => KubeObject;
  readonly onChange: (change: ObjectChange) => void;
  /** Why the kind is not watched, in words for a status. */
  readonly because: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
  readonly signal: AbortSignal;
}

/** Finds changes of a kind by a list every ten minutes; keeps names and versions, no objects. */
export class PolledKind {
  readonly #options: PolledKindOptions;
  readonly #known = new Map<string, KubeObject>();
  #failure = "";

  constructor(options: PolledKindOptions) {
    this.#options = options;
  }

  /** Why the kind is not watched, and what keeps it from being listed. */
  get because(): string {
    const { because } = this.#options;
    return this.#failure === "" ? because : `${because}; ${this.#failure}`;
  }

  /** Lists until the signal aborts. */
  async run(): Promise<void> {
    const { clock, log, random = Math.random, signal, type } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#list();
        this.#failure = "";
      } catch (error) {
        if (isAbort(error, signal)) return;
        const failure = errorText(error);
        if (failure !== this.#failure) log.warn("Cannot list a kind", { kind: type.kind, error });
        this.#failure = failure;
      }
      await pause(spread(LIST_EVERY_MS, random()), { clock, signal });
    }
  }

  async #list(): Promise<void> {
    const { cluster, labelSelector, namespace, project, signal, type } = this.#options;
    const objects = await cluster.list(type, {
      labelSelector,
      ...(namespace === undefined ? {} : { namespace }),
      signal,
    });
    const gone = new Map(this.#known);
    for (const object of objects) {
      const key = idText(idOf(object));
      const before = gone.get(key);
      gone.delete(key);
      if (before?.metadata.resourceVersion === object.metadata.resourceVersion) continue;
      this.#known.set(key, traceOf(object));
      const after = project?.(object) ?? object;
      this.#options.onChange(before === undefined ? { after } : { before, after });
    }
    for (const [key, before] of gone) {
      this.#known.delete(key);
      this.#options.onChange({ before });
    }
  }
}

/** What is remembered of an object: enough to find it, and to see that it changed. */
function traceOf({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, labels } = metadata;
  const present = Object.entries({ namespace, uid, resourceVersion, labels })
    .filter(([, value]) => value !== undefined);
  return { apiVersion, kind, metadata: { name, ...Object.fromEntries(present) } };
}
