import { LABELS } from "#api";
import { Informer, type ObjectChange, type ResourceType } from "#kube";
import type { Parts } from "./parts.ts";

/** Kinds that are followed at the same time; drift of further ones is seen when their file changes in Git. */
const KINDS_MAX = 64;
/** How long a pass waits for a kind to be read: without, it asks for each object. */
const WAIT_MS = 10_000;

/** Caches of what MeshSyncs applied, of kinds that the controller does not follow anyway; started when one is applied. */
export class FollowedKinds {
  readonly #parts: Parts;
  readonly #signal: AbortSignal;
  readonly #onChange: (change: ObjectChange) => void;
  readonly #informers = new Map<string, Informer>();
  readonly #running: Promise<void>[] = [];

  constructor(
    parts: Parts,
    options: {
      readonly signal: AbortSignal;
      readonly onChange: (change: ObjectChange) => void;
    },
  ) {
    this.#parts = parts;
    this.#signal = options.signal;
    this.#onChange = options.onChange;
  }

  /** The cache of a kind; undefined while it is not followed. */
  cache(type: ResourceType): Informer | undefined {
    return this.#informers.get(keyOfType(type));
  }

  /** Follows these kinds too, and resolves when they are read, or after a while. */
  async follow(types: readonly ResourceType[]): Promise<void> {
    for (const type of types) this.#start(type);
    const informers = types.map((type) => this.cache(type)).filter((one) => one !== undefined);
    if (informers.every((informer) => informer.synced)) return;
    const late = AbortSignal.any([AbortSignal.timeout(WAIT_MS), this.#signal]);
    await Promise.all(informers.map((informer) => informer.whenSynced(late))).catch((error) => {
      if (!late.aborted) throw error;
      const unread = informers.filter((informer) => !informer.synced);
      const kinds = unread.map((informer) => `${informer.type.kind}: ${informer.problem}`);
      this.#parts.log.warn("Cannot follow all that is applied yet", { kinds });
    });
  }

  /** Resolves when everything has ended, after the signal. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  #start(type: ResourceType): void {
    const key = keyOfType(type);
    if (this.#informers.has(key) || this.#signal.aborted) return;
    const { log, transport, clock, metrics, config } = this.#parts;
    if (this.#informers.size >= KINDS_MAX) {
      log.warn("Cannot follow another kind: too many already", { kind: type.kind, max: KINDS_MAX });
      return;
    }
    const { watchedNamespace } = config;
    const informer = new Informer({
      transport,
      type,
      ...(watchedNamespace === undefined || !type.namespaced
        ? {}
        : { namespace: watchedNamespace }),
      labelSelector: LABELS.syncName,
      onChange: this.#onChange,
      onRestart: (cause) => metrics.countWatchRestart(type.kind, cause),
      clock,
      log,
      signal: this.#signal,
    });
    this.#informers.set(key, informer);
    this.#running.push(informer.run());
  }
}

function keyOfType(type: ResourceType): string {
  return `${type.apiVersion} ${type.kind}`;
}
