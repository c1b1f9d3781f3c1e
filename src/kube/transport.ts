import type { JsonObject, KubeObject } from "#base";
import type { Ask } from "./api_error.ts";

/** One request to an API server. */
export interface TransportRequest {
  /** GET when left out. */
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From the root of the server, each segment encoded: `/api/v1/namespaces/shop/pods`. */
  readonly path: string;
  /** Undefined members are left out. */
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** `application/json` when left out. */
  readonly contentType?: string;
  /** What the request means: for error messages and metrics. */
  readonly ask: Ask;
  /** User to act as, with that user's rights only: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly actAs?: string | undefined;
  /** Whether sending it twice does what sending it once does; by method when left out (all but POST). */
  readonly idempotent?: boolean;
  /** How long one try may take; the transport's own limit when left out. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Looked at right before each try; when it ends, a try that is under way is given up. */
  readonly fence?: WriteFence;
}

/** Says whether this process may write: several may run, of which one leads. */
export interface WriteFence {
  /** Aborts when the process may not lead any longer. */
  readonly signal: AbortSignal;
  /** @throws unless the process leads for certain, at this very moment */
  assertLeads(): void;
}

/**
 * Raw JSON to and from one API server.
 *
 * # Guarantees
 * A request ends: with the answer, an `ApiError` (the server said no), a `NoAnswerError` (it said nothing, after
 * bounded retries) or the reason of the signal. Tries are repeated only where that cannot do a thing twice.
 */
export interface Transport extends AsyncDisposable {
  /** The server, without credentials: for logs. */
  readonly server: string;
  /** Sends a request and reads the whole answer. */
  request(request: TransportRequest): Promise<JsonObject>;
  /**
   * Sends a request and gives the body as it comes, for watches: the deadline only limits the wait for the answer's
   * head, there are no retries, and the caller must read the stream to its end or cancel it.
   */
  stream(request: TransportRequest): Promise<ReadableStream<Uint8Array>>;
  /**
   * Lets new requests use a new connection. For who notices that a connection is dead although nobody closed it (a
   * node gone, a firewall that forgot): requests would go on waiting on it.
   */
  reconnect(): void;
}

/** An answer as an object of its kind: the server's word is taken for the type. */
export function asObject(answer: JsonObject): KubeObject {
  return answer as unknown as KubeObject;
}
