import type { MeshSync, Notify } from "#api";
import {
  type AddressPolicy,
  type Clock,
  contentHash,
  deadline,
  errorText,
  keyOf,
  keyText,
  type KubeObject,
  pause,
  redactedText,
  secretData,
} from "#base";
import { type ClusterClient, isForbidden, withReadGrant } from "#kube";
import { OutboundClient, RefusedAddressError } from "#outbound";
import type { EventDraft, Notice } from "#plan";
import { type Logger, type Metrics } from "#telemetry";
import { type NotifyRequest, notifyRequest, type NotifySecret } from "./request.ts";

/** What a {@linkcode Notifier} needs. */
export interface NotifierOptions {
  /** Reads what a MeshSync refers to, with the rights of whoever acts for it. */
  readonly readerFor: (sync: MeshSync) => Pick<ClusterClient, "get">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whom may be called: MeshSyncs say where to. */
  readonly addresses: AddressPolicy;
  readonly events: { record(object: KubeObject, event: EventDraft): void };
  readonly metrics?: Pick<Metrics, "countNotification">;
  /** How long to wait before the first try again; each later one waits four times as long. 1 s when left out. */
  readonly retryMs?: number;
}

const SECRET = { apiVersion: "v1", kind: "Secret", plural: "secrets", namespaced: true } as const;
/** Calls that wait, of all MeshSyncs together; more are dropped. */
const PENDING_MAX = 500;
const TRIES_MAX = 5;
/** How long disposing may take. */
const LAST_CALLS_MS = 5_000;
const CALL_LIMIT_MS = 10_000;
const FIELD_LENGTH_MAX = 1_000;
/** Destinations that are remembered. */
const DESTINATIONS_MAX = 4_096;
/** How long nobody tries to tell again what could not be told. */
const GIVEN_UP_MS = 10 * 60_000;

/** What is known of one destination of one MeshSync. */
interface Destination {
  /** What it was told last or is about to be told. */
  news: string;
  /** Resolves when all deliveries so far have ended; undefined when there are none. */
  line: Promise<void> | undefined;
  /** The newest notice for which there was no room: older ones are out of date by then. */
  held: Delivery | undefined;
  /** When the same may be told again: never once it was told, or while that is under way. */
  againMs: number;
}

interface Delivery {
  readonly news: string;
  readonly sync: MeshSync;
  readonly notify: Notify;
  readonly notice: Notice;
}

type Outcome = "told" | "again" | { readonly refused: string };

/**
 * Tells others what became of revisions, in the background.
 *
 * # Guarantees
 * Telling never fails and never waits; notices to one destination arrive in order; one that a destination was told last
 * is not told again. One that it was not told may be told again after ten minutes; one for which there was no room is told
 * when there is, unless there is newer news by then. A destination that is away holds up nobody else, is tried five times, and then reported by an event
 * on the MeshSync; at the end of the program once more, at once, and reported then. Addresses, tokens and answers are in no log line and no event.
 */
export class Notifier implements AsyncDisposable {
  readonly #options: NotifierOptions;
  readonly #destinations = new Map<string, Destination>();
  /** The program ends: whoever waits tries for the last time. */
  readonly #ending = new AbortController();
  /** Its time is up. */
  readonly #stop = new AbortController();
  #pending = 0;
  #dropped = 0;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** Notices that were never told, as too many waited and newer ones came. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Tells everybody whom the MeshSync names for this event. */
  tell(sync: MeshSync, notice: Notice): void {
    const safe = safeNotice(notice);
    for (const notify of sync.spec.notify ?? []) {
      if (notify.events !== undefined && !notify.events.includes(notice.event)) continue;
      const key = `${sync.metadata.uid} ${keyText(keyOf(sync))} ${contentHash(notify)}`;
      const news = `${notice.event} ${notice.revision} ${notice.reason}`;
      const destination = this.#destination(key);
      if (destination.news === news && this.#options.clock.monotonicMs() < destination.againMs) {
        continue;
      }
      destination.news = news;
      destination.againMs = Infinity;
      this.#accept(destination, { sync, notify, notice: safe, news });
    }
  }

  /** Resolves when everything so far is told or given up. */
  async flush(): Promise<void> {
    const lines = () =>
      [...this.#destinations.values()].map(({ line }) => line).filter((line) => line !== undefined);
    for (let some = lines(); some.length > 0; some = lines()) await Promise.all(some);
  }

  /** Tells what is left, for a few seconds at most: a service that is away must not hold up the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    using limit = deadline(LAST_CALLS_MS, { clock: this.#options.clock });
    const stop = () => this.#stop.abort(new DOMException("the program ends", "AbortError"));
    limit.signal.addEventListener("abort", stop);
    await this.flush();
  }

  #destination(key: string): Destination {
    const known = this.#destinations.get(key) ??
      { news: "", line: undefined, held: undefined, againMs: 0 };
    this.#destinations.delete(key);
    this.#destinations.set(key, known);
    if (this.#destinations.size > DESTINATIONS_MAX) {
      const idle = [...this.#destinations].find(([, { line }]) => line === undefined);
      if (idle !== undefined) this.#destinations.delete(idle[0]);
      if (idle?.[1].held !== undefined) this.#drop(idle[1].held);
    }
    return known;
  }

  #accept(destination: Destination, delivery: Delivery): void {
    if (destination.held !== undefined) this.#drop(destination.held);
    destination.held = undefined;
    if (this.#pending >= PENDING_MAX) destination.held = delivery;
    else this.#enqueue(destination, delivery);
  }

  #drop({ notify }: Delivery): void {
    this.#dropped++;
    this.#options.metrics?.countNotification(notify.type, "dropped");
  }

  #enqueue(destination: Destination, delivery: Delivery): void {
    this.#pending++;
    const before = destination.line ?? Promise.resolve();
    const line = before.then(() => this.#deliver(delivery)).then((isTold) => {
      this.#pending--;
      if (!isTold && destination.news === delivery.news) {
        destination.againMs = this.#options.clock.monotonicMs() + GIVEN_UP_MS;
      }
      if (destination.line === line) destination.line = undefined;
      this.#enqueueHeld();
    });
    destination.line = line;
  }

  #enqueueHeld(): void {
    for (const destination of this.#destinations.values()) {
      if (this.#pending >= PENDING_MAX) return;
      const { held } = destination;
      destination.held = undefined;
      if (held !== undefined) this.#enqueue(destination, held);
    }
  }

  /** Whether the destination knows now. */
  async #deliver(delivery: Delivery): Promise<boolean> {
    const { clock, retryMs = 1_000 } = this.#options;
    for (let tries = 1;; tries++) {
      const isLast = this.#ending.signal.aborted;
      const outcome = await this.#try(delivery);
      if (outcome === "told") {
        this.#options.metrics?.countNotification(delivery.notify.type, "told");
        return true;
      }
      if (outcome !== "again") return this.#giveUp(delivery, outcome.refused);
      if (isLast) return this.#giveUp(delivery, "no success before the program ended");
      if (tries >= TRIES_MAX) return this.#giveUp(delivery, `no success in ${TRIES_MAX} tries`);
      // Shorter when the program ends, which the loop notices.
      await pause(retryMs * 4 ** (tries - 1), { clock, signal: this.#ending.signal });
    }
  }

  async #try(delivery: Delivery): Promise<Outcome> {
    try {
      const secret = await this.#secret(delivery);
      if (secret === undefined) return { refused: "its Secret does not exist" };
      const request = requestOf(delivery, secret);
      if (request === undefined) return "told";
      if ("refused" in request) return request;
      const { clock } = this.#options;
      using limit = deadline(CALL_LIMIT_MS, { clock, signal: this.#stop.signal });
      return await call(request, limit.signal, this.#options.addresses);
    } catch (error) {
      // Of the API server, about the Secret: it names who lacks which right.
      if (isForbidden(error)) return { refused: errorText(withReadGrant(error)) };
      // The text of a network error holds the address, which can be a secret.
      const { name } = error instanceof Error ? error : { name: "unknown" };
      this.#options.log.debug("Cannot tell somebody yet", { type: delivery.notify.type, name });
      return "again";
    }
  }

  async #secret({ sync, notify }: Delivery): Promise<NotifySecret | undefined> {
    if (notify.secretRef === undefined) return {};
    const key = { namespace: sync.metadata.namespace ?? "", name: notify.secretRef.name };
    const reader = this.#options.readerFor(sync);
    const secret = await reader.get(SECRET, key, this.#stop.signal);
    if (secret === undefined) return undefined;
    const { address, token } = secretData(secret);
    return {
      ...(address === undefined ? {} : { address }),
      ...(token === undefined ? {} : { token }),
    };
  }

  #giveUp({ sync, notify, notice }: Delivery, cause: string): false {
    const { events, log, metrics } = this.#options;
    metrics?.countNotification(notify.type, "failed");
    const message =
      `Cannot tell ${notify.type} that ${notice.revision} is ${notice.event}: ${cause}`;
    events.record(sync, { type: "Warning", reason: "NotificationFailed", message });
    log.warn("Cannot tell somebody", {
      sync: keyText(keyOf(sync)),
      type: notify.type,
      event: notice.event,
      cause,
    });
    return false;
  }
}

function requestOf(
  { notify, notice }: Delivery,
  secret: NotifySecret,
): NotifyRequest | undefined | { readonly refused: string } {
  try {
    return notifyRequest({ notify, notice, secret });
  } catch (error) {
    return { refused: error instanceof Error ? error.message : "it cannot be called" };
  }
}

/** Redirects are not followed: they would take the token to somebody else. Only the status of an answer is told. */
async function call(
  { url: text, headers, body }: NotifyRequest,
  signal: AbortSignal,
  policy: AddressPolicy,
): Promise<Outcome> {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return { refused: "the address is none" };
  using client = new OutboundClient({ policy });
  try {
    const answer = await client.call({
      url,
      method: "POST",
      headers: { ...headers, "user-agent": "meshwright" },
      body,
      bytesMax: 0,
      signal,
    });
    const { status } = answer;
    if (status >= 200 && status < 300) return "told";
    const isPassing = status >= 500 || [408, 425, 429].includes(status);
    return isPassing ? "again" : { refused: `it answered ${status}` };
  } catch (error) {
    if (error instanceof RefusedAddressError) return { refused: error.message };
    throw error;
  }
}

/** A notice without anything that looks like a credential, whoever wrote it there, and of bounded length. */
function safeNotice(notice: Notice): Notice {
  const entries = Object.entries(notice).map(([name, value]) => [
    name,
    redactedText(String(value)).slice(0, FIELD_LENGTH_MAX),
  ]);
  return Object.fromEntries(entries) as Notice;
}
