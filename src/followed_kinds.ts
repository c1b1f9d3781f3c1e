import { LABELS } from "#api";
import { contentHash, isAbort, type KubeObject, type ObjectKey, pause, unlessAborted } from "#base";
import { Informer, type ObjectChange, type ResourceType } from "#kube";
import type { Logger, RestartCause } from "#telemetry";
import type { Parts } from "./parts.ts";
import { PolledKind } from "./polled_kind.ts";

/** Kinds that are watched at the same time: each is a connection and a copy of its objects. */
const WATCHED_MAX = 64;
/** Kinds beyond those, which are listed now and then. */
const POLLED_MAX = 512;
/** How long a kind that nobody applies any more is still followed: what comes back at once is not read again. */
const GRACE_MS = 10 * 60_000;

/** What {@linkcode FollowedKinds} is made from, and whom it tells. */
export interface FollowedKindsOptions {
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** A labelled object changed. That of a Secret is told without its data. */
  readonly onChange: (change: ObjectChange) => void;
  /** All objects of a kind have been seen, for the first time or again after a failure. */
  readonly onSynced?: (type: ResourceType) => void;
  /** The server says that a kind may not be followed. */
  readonly onRefused?: (type: ResourceType) => void;
  /** Kinds that are watched at the same time; {@linkcode WATCHED_MAX} when left out. */
  readonly watchedMax?: number;
  /** Kinds beyond those; {@linkcode POLLED_MAX} when left out. */
  readonly polledMax?: number;
}

/** One kind that is followed. */
interface Followed {
  readonly type: ResourceType;
  readonly source: Informer | PolledKind;
  readonly stop: AbortController;
  /** Resolved when the kind is read, or the server said why it cannot be. */
  readonly decided: PromiseWithResolvers<void>;
  /** What the server said last against following. */
  cause: RestartCause | undefined;
  /** Aborted when somebody wants the kind again; undefined while somebody does. */
  leaving: AbortController | undefined;
}

/**
 * Caches of what MeshSyncs applied, of kinds that the controller does not follow anyway.
 *
 * # Guarantees
 * - {@linkcode cache} is only what is complete and current: who finds none asks the server.
 * - Beyond 64 kinds changes are still found, by lists every ten minutes; {@linkcode obstacle} says so.
 * - No data of a Secret is kept. {@linkcode cache} has none for Secrets, so that nobody takes a part for the whole; who
 *   knows which version of one is in order compares {@linkcode version}, and reads it where that is another.
 */
export class FollowedKinds {
  readonly #parts: Pick<Parts, "clock" | "cluster" | "config" | "log" | "metrics" | "transport">;
  readonly #options: FollowedKindsOptions;
  readonly #log: Logger;
  readonly #kinds = new Map<string, Followed>();
  readonly #running = new Set<Promise<void>>();

  constructor(
    parts: Pick<Parts, "clock" | "cluster" | "config" | "log" | "metrics" | "transport">,
    options: FollowedKindsOptions,
  ) {
    this.#parts = parts;
    this.#options = options;
    this.#log = parts.log;
  }

  /** Follows these kinds too; does not wait. */
  follow(types: Iterable<ResourceType>): void {
    if (this.#options.signal.aborted) return;
    for (const type of types) {
      const known = this.#kinds.get(keyOfType(type));
      if (known === undefined) {
        this.#start(type);
      } else {
        known.leaving?.abort();
        known.leaving = undefined;
      }
    }
  }

  /**
   * Resolves when these kinds are read, or the server said why they cannot be.
   *
   * @throws the signal's reason
   */
  async whenRead(types: Iterable<ResourceType>, signal: AbortSignal): Promise<void> {
    const decided = [...types].map((type) => this.#kinds.get(keyOfType(type))?.decided.promise);
    await unlessAborted(Promise.all(decided), signal);
  }

  /**
   * For who followed while another process led: has everything compared with the server, and no {@linkcode cache} of a
   * kind before it is. Resolves when that is done where the server does not refuse it.
   *
   * @throws the signal's reason
   */
  async compare(signal: AbortSignal): Promise<void> {
    const compared = [...this.#kinds.values()].flatMap(({ cause, source, stop }) => {
      if (!(source instanceof Informer)) return [];
      const ended = AbortSignal.any([this.#options.signal, stop.signal]);
      const comparing = source.compare(ended).catch((error) => {
        if (!isAbort(error, ended)) throw error;
      });
      const isRead = cause === undefined && source.synced;
      this.#run(comparing);
      return isRead ? [comparing] : [];
    });
    await unlessAborted(Promise.all(compared), signal);
  }

  /** The cache of a kind; undefined while it is not followed, not complete or not current, and for Secrets. */
  cache(type: ResourceType): Informer | undefined {
    return isSecret(type) ? undefined : this.#current(type);
  }

  /** The version of an object that is followed, Secrets included; undefined where it is not there or nobody knows. */
  version(type: ResourceType, key: ObjectKey): string | undefined {
    return this.#current(type)?.get(key)?.metadata.resourceVersion;
  }

  /** Ends to follow all other kinds, after a while. */
  keep(types: Iterable<ResourceType>): void {
    const kept = new Set([...types].map(keyOfType));
    for (const [key, followed] of this.#kinds) {
      if (!kept.has(key)) this.#leave(followed);
    }
  }

  /**
   * Why changes of a kind are seen late for as long as nobody does something about it; undefined where they are seen at
   * once, or a watch begins or is taken up again by itself.
   */
  obstacle(type: ResourceType): string | undefined {
    const followed = this.#kinds.get(keyOfType(type));
    if (followed === undefined) return this.#isFull() ? "too many kinds are followed" : undefined;
    const { cause, source } = followed;
    if (source instanceof PolledKind) return source.because;
    return cause === "refused" ? source.problem : undefined;
  }

  /** Resolves when everything has ended, after the signal. */
  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #current(type: ResourceType): Informer | undefined {
    const { source } = this.#kinds.get(keyOfType(type)) ?? {};
    return source instanceof Informer && source.synced && source.problem === undefined
      ? source
      : undefined;
  }

  #start(type: ResourceType): void {
    // Who leaves anyway makes room.
    const leaving = this.#watched().find((followed) => followed.leaving !== undefined);
    const { watchedMax = WATCHED_MAX } = this.#options;
    if (this.#watched().length >= watchedMax && leaving !== undefined) this.#end(leaving);
    if (this.#watched().length >= watchedMax) this.#poll(type);
    else this.#watch(type);
  }

  #isFull(): boolean {
    const { polledMax = POLLED_MAX, watchedMax = WATCHED_MAX } = this.#options;
    return this.#kinds.size >= watchedMax + polledMax;
  }

  #watched(): Followed[] {
    return [...this.#kinds.values()].filter(({ source }) => source instanceof Informer);
  }

  #watch(type: ResourceType): void {
    const { clock, config, log, metrics, transport } = this.#parts;
    const { watchedNamespace } = config;
    const stop = new AbortController();
    const decided = Promise.withResolvers<void>();
    const source = new Informer({
      transport,
      type,
      ...(watchedNamespace === undefined || !type.namespaced
        ? {}
        : { namespace: watchedNamespace }),
      labelSelector: LABELS.syncName,
      ...(isSecret(type) ? { project: withoutData } : {}),
      onChange: this.#options.onChange,
      onSynced: () => {
        followed.cause = undefined;
        decided.resolve();
        this.#options.onSynced?.(type);
      },
      onRestart: (cause) => {
        metrics.countWatchRestart(type.kind, cause);
        const isNews = cause === "refused" && followed.cause !== cause;
        followed.cause = cause;
        if (isNews) this.#options.onRefused?.(type);
        if (cause === "refused" || cause === "not_served") decided.resolve();
      },
      clock,
      log,
      signal: AbortSignal.any([this.#options.signal, stop.signal]),
    });
    const followed: Followed = {
      type,
      source,
      stop,
      decided,
      cause: undefined,
      leaving: undefined,
    };
    this.#add(followed);
  }

  #poll(type: ResourceType): void {
    const { watchedMax: max = WATCHED_MAX } = this.#options;
    if (this.#isFull()) {
      this.#log.warn("Cannot follow another kind, nor list it now and then", { kind: type.kind });
      return;
    }
    this.#log.warn("Cannot watch another kind; listing it now and then", { kind: type.kind, max });
    const { clock, cluster, config, log } = this.#parts;
    const stop = new AbortController();
    const source = new PolledKind({
      cluster,
      type,
      ...(config.watchedNamespace === undefined || !type.namespaced
        ? {}
        : { namespace: config.watchedNamespace }),
      labelSelector: LABELS.syncName,
      ...(isSecret(type) ? { project: withoutData } : {}),
      onChange: this.#options.onChange,
      because: `${max} kinds are watched already`,
      clock,
      log,
      signal: AbortSignal.any([this.#options.signal, stop.signal]),
    });
    const decided = Promise.withResolvers<void>();
    decided.resolve();
    this.#add({ type, source, stop, decided, cause: undefined, leaving: undefined });
  }

  #add(followed: Followed): void {
    this.#kinds.set(keyOfType(followed.type), followed);
    this.#run(followed.source.run());
  }

  #leave(followed: Followed): void {
    if (followed.leaving !== undefined) return;
    const leaving = new AbortController();
    followed.leaving = leaving;
    const { clock } = this.#parts;
    const signal = AbortSignal.any([leaving.signal, followed.stop.signal, this.#options.signal]);
    this.#run(
      pause(GRACE_MS, { clock, signal }).then(() => {
        if (!signal.aborted) this.#end(followed);
      }),
    );
  }

  /** Ends to follow a kind; one that is only listed so far takes its place. */
  #end(followed: Followed): void {
    this.#kinds.delete(keyOfType(followed.type));
    followed.stop.abort(new DOMException("nobody applies this kind any more", "AbortError"));
    // Who waits for it asks the server instead.
    followed.decided.resolve();
    this.#log.info("Following a kind no longer", { kind: followed.type.kind });
    const next = [...this.#kinds.values()]
      .find(({ source, leaving }) => source instanceof PolledKind && leaving === undefined);
    if (!(followed.source instanceof Informer) || next === undefined) return;
    this.#kinds.delete(keyOfType(next.type));
    next.stop.abort(new DOMException("it is watched from now on", "AbortError"));
    this.#watch(next.type);
  }

  #run(work: Promise<void>): void {
    const running = work.finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}

/** A Secret as it is kept: whoever reads the memory of this process finds a hash, which tells that data changed. */
function withoutData({ data, stringData: _text, ...rest }: KubeObject): KubeObject {
  return { ...rest, dataHash: contentHash([PROCESS, data ?? {}]) };
}

/** Makes hashes of short values useless to anybody else. */
const PROCESS = crypto.randomUUID();

function isSecret({ apiVersion, kind }: ResourceType): boolean {
  return apiVersion === "v1" && kind === "Secret";
}

function keyOfType(type: ResourceType): string {
  return `${type.apiVersion} ${type.kind}`;
}
