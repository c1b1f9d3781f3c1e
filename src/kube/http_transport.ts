import {
  type Clock,
  deadline,
  isAbort,
  isPlainObject,
  type JsonObject,
  Semaphore,
  systemClock,
  unlessAborted,
  withoutEnd,
} from "#base";
import type { ApiRequestSample } from "#telemetry";
import { ApiError, apiErrorFrom, NoAnswerError } from "./api_error.ts";
import type { Credentials, Endpoint, Sender } from "./endpoint.ts";
import { NotLeadingError } from "./leadership.ts";
import { isRepeatable, retryDelayMs } from "./retry.ts";
import { senderTo } from "./sender.ts";
import type { Transport, TransportRequest } from "./transport.ts";

/** What an {@linkcode httpTransport} can be told. */
export interface TransportOptions {
  /** How long one try of a request may take, its body included; 30 s when left out. */
  readonly deadlineMs?: number;
  /** How often a request is tried at most; 5 when left out. */
  readonly triesMax?: number;
  readonly userAgent?: string;
  readonly clock?: Clock;
  /** Between 0 and 1. */
  readonly random?: () => number;
  /** Told of every try, as it ended. */
  readonly onRequest?: (sample: ApiRequestSample) => void;
}

/**
 * A transport over `fetch`: HTTP/2 where the server speaks it, one pool of connections.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { httpTransport } from "#kube";
 * await using transport = httpTransport({ server: "https://kube.example:6443/", credentials: async () => ({}) });
 * assertEquals(transport.server, "https://kube.example:6443");
 * ```
 */
export function httpTransport(endpoint: Endpoint, options: TransportOptions = {}): Transport {
  return new HttpTransport(endpoint, options);
}

/**
 * Requests under way at the same time, besides streams. An API server takes a hundred of a connection, streams among them,
 * and leaves all others where they are: what comes in turn here can be called off, and is not sent when it may not be.
 */
const REQUESTS_AT_ONCE = 64;

/** A body of so many characters is large: each is in memory several times, as an object, as text, and as what is answered. */
const LARGE_BODY = 256 * 1024;
const LARGE_AT_ONCE = 8;

const NEVER = new AbortController().signal;

/** Who may act as one user only cannot act as another on top of it. */
const NOT_TWICE =
  "the kubeconfig acts as another user already (users[].user.as): leave that out, or name no ServiceAccount";

/** One try: what it came to, and whether it may be made again. */
type Attempt<T> =
  | { readonly ended: "answer"; readonly value: T }
  | { readonly ended: "failure"; readonly error: ApiError | NoAnswerError };

/** A request with its body as it is sent. */
interface OutgoingText extends TransportRequest {
  readonly text: string | undefined;
}

class HttpTransport implements Transport {
  readonly server: string;
  readonly #endpoint: Endpoint;
  readonly #options: TransportOptions;
  readonly #clock: Clock;
  #sender: Sender | undefined;
  #clientCertificate: string | undefined;
  #authority: string | undefined;
  readonly #turns = new Semaphore(REQUESTS_AT_ONCE);
  readonly #largeTurns = new Semaphore(LARGE_AT_ONCE);

  constructor(endpoint: Endpoint, options: TransportOptions) {
    this.#endpoint = endpoint;
    this.#authority = endpoint.certificateAuthority;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.server = withoutEnd(endpoint.server, "/");
  }

  async request(request: TransportRequest): Promise<JsonObject> {
    const { triesMax = 5, random = Math.random } = this.#options;
    const text = request.body === undefined ? undefined : JSON.stringify(request.body);
    for (let tries = 1;; tries++) {
      const attempt = await this.#inTurn({ ...request, text });
      if (attempt.ended === "answer") return attempt.value;
      const { error } = attempt;
      if (tries >= triesMax || !isRepeatable(request, error, tries)) throw error;
      await this.#clock.sleep(retryDelayMs(error, { tries, random: random() }), request.signal);
    }
  }

  async stream(request: TransportRequest): Promise<ReadableStream<Uint8Array>> {
    const attempt = await this.#attempt(
      { ...request, text: undefined },
      (response) => Promise.resolve(response.body ?? new Blob([]).stream()),
    );
    if (attempt.ended === "failure") throw attempt.error;
    return attempt.value;
  }

  reconnect(): void {
    // Requests that are under way keep the old client's connections until they end.
    this.#sender?.close();
    this.#sender = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.reconnect();
    return Promise.resolve();
  }

  /** Sends once, when it is its turn; users take turns. */
  async #inTurn(request: OutgoingText): Promise<Attempt<JsonObject>> {
    const { actAs = "", signal = NEVER, text = "" } = request;
    using _turn = await this.#turns.acquire(signal, actAs);
    using _large = text.length < LARGE_BODY
      ? undefined
      : await this.#largeTurns.acquire(signal, actAs);
    return await this.#attempt(request, readJson);
  }

  /** Sends once. The deadline covers everything until `read` has its value. */
  async #attempt<T>(
    request: OutgoingText,
    read: (response: Response, request: TransportRequest) => Promise<T>,
  ): Promise<Attempt<T>> {
    const { signal, ask, fence } = request;
    signal?.throwIfAborted();
    const deadlineMs = request.deadlineMs ?? this.#options.deadlineMs ?? 30_000;
    using limit = deadline(deadlineMs, { clock: this.#clock, signals: [signal, fence?.signal] });
    try {
      const response = await this.#send(request, limit.signal);
      this.#count(request, String(response.status));
      if (response.ok) return { ended: "answer", value: await read(response, request) };
      return { ended: "failure", error: await refusal(response, request) };
    } catch (cause) {
      if (signal?.aborted === true) throw isAbort(cause, signal) ? cause : signal.reason;
      if (cause instanceof NotLeadingError) throw cause;
      if (limit.isExpired) {
        this.#count(request, "timeout");
        // Perhaps the connection is dead without anyone having closed it.
        this.reconnect();
        const state = `no answer in ${deadlineMs} ms`;
        return {
          ended: "failure",
          error: new NoAnswerError(ask, state, { cause, timedOut: true }),
        };
      }
      if (cause instanceof NoAnswerError) return { ended: "failure", error: cause };
      this.#count(request, "network");
      await this.#followAuthority();
      const state = `no answer from ${this.server}`;
      return { ended: "failure", error: new NoAnswerError(ask, state, { cause }) };
    }
  }

  /** The next try trusts whom the cluster's authority is said to be by now, and nobody else. */
  async #followAuthority(): Promise<void> {
    const said = await this.#endpoint.authority?.();
    if (said === undefined || said === this.#authority) return;
    this.#authority = said;
    this.reconnect();
  }

  async #send(request: OutgoingText, signal: AbortSignal): Promise<Response> {
    // A plugin that gives them may hang.
    const credentials = await unlessAborted(this.#endpoint.credentials(), signal);
    const { contentType = "application/json", text } = request;
    const headers = new Headers({
      accept: "application/json",
      // Compressing costs both sides more than the network inside a cluster does.
      "accept-encoding": "identity",
      "user-agent": this.#options.userAgent ?? "meshwright",
    });
    if (credentials.authorization !== undefined) {
      headers.set("authorization", credentials.authorization);
    }
    const { actingHeaders = [] } = this.#endpoint;
    if (request.actAs !== undefined) {
      if (actingHeaders.length > 0) throw new NoAnswerError(request.ask, NOT_TWICE);
      // The server adds the groups that every service account is in.
      headers.set("impersonate-user", request.actAs);
    }
    if (text !== undefined) headers.set("content-type", contentType);
    const outgoing = {
      url: urlOf(this.server, request),
      method: request.method ?? "GET",
      headers,
      lines: actingHeaders,
      signal,
      ...(text === undefined ? {} : { body: text }),
    };
    const sender = this.#senderFor(credentials);
    // Nothing is waited for from here on.
    request.fence?.assertLeads();
    const response = await sender.send(outgoing);
    if (response.status === 401) this.#endpoint.refused?.(credentials);
    return response;
  }

  #senderFor({ clientCertificate, clientKey }: Credentials): Sender {
    // A plugin may give a new certificate at any time; connections made with the old one stay valid for others.
    if (clientCertificate !== this.#clientCertificate) this.reconnect();
    this.#clientCertificate = clientCertificate;
    const pair = clientCertificate === undefined || clientKey === undefined
      ? undefined
      : { certificate: clientCertificate, key: clientKey };
    const authority = this.#authority;
    const known = authority === undefined ? {} : { certificateAuthority: authority };
    this.#sender ??= senderTo({ ...this.#endpoint, ...known }, pair);
    return this.#sender;
  }

  #count(request: TransportRequest, code: string): void {
    this.#options.onRequest?.({ verb: request.ask.verb, kind: request.ask.kind, code });
  }
}

function urlOf(server: string, request: TransportRequest): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) query.set(name, value);
  }
  const text = query.toString();
  return `${server}${request.path}${text === "" ? "" : `?${text}`}`;
}

async function readJson(response: Response, request: TransportRequest): Promise<JsonObject> {
  const text = await response.text();
  try {
    const value: unknown = JSON.parse(text);
    if (isPlainObject(value)) return value as JsonObject;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // Its words quote the answer, which may hold a Secret.
    throw new NoAnswerError(request.ask, "the answer is no JSON");
  }
  throw new NoAnswerError(request.ask, "the answer is no JSON object");
}

async function refusal(response: Response, request: TransportRequest): Promise<ApiError> {
  const text = await response.text();
  const retryAfterSeconds = Number(response.headers.get("retry-after") ?? NaN);
  return apiErrorFrom({
    status: response.status,
    body: parsedOr(text),
    retryAfterMs: Number.isFinite(retryAfterSeconds) ? retryAfterSeconds * 1000 : undefined,
  }, request.ask);
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page: its words are all there is.
    return text;
  }
}
