import type { MeshSync, Notify } from "#api";
import {
  type Clock,
  contentHash,
  deadline,
  keyOf,
  keyText,
  type KubeObject,
  pause,
  redactedText,
  secretData,
} from "#base";
import type { ClusterClient } from "#kube";
import type { EventDraft, Notice } from "#plan";
import { type Logger, type Metrics } from "#telemetry";
import { type NotifyRequest, notifyRequest, type NotifySecret } from "./request.ts";

/** What a {@linkcode Notifier} needs. */
export interface NotifierOptions {
  readonly cluster: Pick<ClusterClient, "get">;
  readonly clock: Clock;
  readonly log: Logger;
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
/** Destinations whose last notice is remembered. */
const TOLD_MAX = 4_096;

interface Delivery {
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
 * is not told again. A destination that is away holds up nobody else, is tried five times, and then reported by an event
 * on the MeshSync; at the end of the program once more, at once, and reported then. Addresses, tokens and answers are in no log line and no event.
 */
export class Notifier implements AsyncDisposable {
  readonly #options: NotifierOptions;
  /** Destination -> its last delivery. */
  readonly #lines = new Map<string, Promise<void>>();
  readonly #told = new Map<string, string>();
  /** The program ends: whoever waits tries for the last time. */
  readonly #ending = new AbortController();
  /** Its time is up. */
  readonly #stop = new AbortController();
  #pending = 0;
  #dropped = 0;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** Notices that were not told as too many waited. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Tells everybody whom the MeshSync names for this event. */
  tell(sync: MeshSync, notice: Notice): void {
    const safe = safeNotice(notice);
    for (const notify of sync.spec.notify ?? []) {
      if (notify.events !== undefined && !notify.events.includes(notice.event)) continue;
      const line = `${sync.metadata.uid} ${keyText(keyOf(sync))} ${contentHash(notify)}`;
      const news = `${notice.event} ${notice.revision} ${notice.reason}`;
      if (this.#told.get(line) === news) continue;
      this.#remember(line, news);
      if (this.#pending >= PENDING_MAX) {
        this.#dropped++;
        this.#options.metrics?.countNotification(notify.type, "dropped");
        continue;
      }
      this.#enqueue(line, { sync, notify, notice: safe });
    }
  }

  /** Resolves when everything so far is told or given up. */
  async flush(): Promise<void> {
    while (this.#lines.size > 0) await Promise.all(this.#lines.values());
  }

  /** Tells what is left, for a few seconds at most: a service that is away must not hold up the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    using limit = deadline(LAST_CALLS_MS, { clock: this.#options.clock });
    const stop = () => this.#stop.abort(new DOMException("the program ends", "AbortError"));
    limit.signal.addEventListener("abort", stop);
    await this.flush();
  }

  #remember(line: string, news: string): void {
    this.#told.delete(line);
    this.#told.set(line, news);
    const [oldest] = this.#told.keys();
    if (this.#told.size > TOLD_MAX && oldest !== undefined) this.#told.delete(oldest);
  }

  #enqueue(line: string, delivery: Delivery): void {
    this.#pending++;
    const before = this.#lines.get(line) ?? Promise.resolve();
    const turn = before.then(() => this.#deliver(delivery)).finally(() => {
      this.#pending--;
      if (this.#lines.get(line) === turn) this.#lines.delete(line);
    });
    this.#lines.set(line, turn);
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { clock, retryMs = 1_000 } = this.#options;
    for (let tries = 1;; tries++) {
      const isLast = this.#ending.signal.aborted;
      const outcome = await this.#try(delivery);
      if (outcome === "told") {
        this.#options.metrics?.countNotification(delivery.notify.type, "told");
        return;
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
      return await call(request, limit.signal);
    } catch (error) {
      // The text of a network error holds the address, which can be a secret.
      const { name } = error instanceof Error ? error : { name: "unknown" };
      this.#options.log.debug("Cannot tell somebody yet", { type: delivery.notify.type, name });
      return "again";
    }
  }

  async #secret({ sync, notify }: Delivery): Promise<NotifySecret | undefined> {
    if (notify.secretRef === undefined) return {};
    const key = { namespace: sync.metadata.namespace ?? "", name: notify.secretRef.name };
    const secret = await this.#options.cluster.get(SECRET, key, this.#stop.signal);
    if (secret === undefined) return undefined;
    const { address, token } = secretData(secret);
    return {
      ...(address === undefined ? {} : { address }),
      ...(token === undefined ? {} : { token }),
    };
  }

  #giveUp({ sync, notify, notice }: Delivery, cause: string): void {
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

/** Redirects are not followed: they would take the token to somebody else. */
async function call(request: NotifyRequest, signal: AbortSignal): Promise<Outcome> {
  if (!URL.canParse(request.url)) return { refused: "the address is none" };
  const { url, headers, body } = request;
  const answer = await fetch(url, {
    method: "POST",
    headers: { ...headers, "user-agent": "meshwright" },
    body,
    redirect: "manual",
    signal,
  });
  await answer.body?.cancel();
  if (answer.ok) return "told";
  const isPassing = answer.status >= 500 || [408, 425, 429].includes(answer.status);
  return isPassing ? "again" : { refused: `it answered ${answer.status}` };
}

/** A notice without anything that looks like a credential, whoever wrote it there, and of bounded length. */
function safeNotice(notice: Notice): Notice {
  const entries = Object.entries(notice).map(([name, value]) => [
    name,
    redactedText(String(value)).slice(0, FIELD_LENGTH_MAX),
  ]);
  return Object.fromEntries(entries) as Notice;
}
