import type { Clock } from "#base";
import type { Transport, TransportRequest, WriteFence } from "./transport.ts";

/** A write that was not sent, or not waited for: this process does not lead, or may not lead any longer. */
export class NotLeadingError extends Error {
  override readonly name = "NotLeadingError";
}

/**
 * Whether this process leads, as far as it can know by itself: until so long after its last renewal was sent that
 * nobody else can have taken over. Looked at before each write, so that a process that was stopped for a while, or
 * whose timers are late, finds out before it writes and not after.
 *
 * # Guarantees
 * Once over, it stays over: the process that lost its lease ends.
 */
export class Leadership implements WriteFence {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #over = new AbortController();
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** How much longer it lasts without another renewal; 0 when it is over, or has not begun. */
  get leftMs(): number {
    if (this.signal.aborted) return 0;
    return Math.max(0, this.#untilMs - this.#clock.monotonicMs());
  }

  /** A renewal arrived: it lasts until then, by the monotonic clock. */
  extend(untilMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, untilMs);
  }

  /** Nothing may be written any longer. */
  end(cause: string): void {
    if (!this.signal.aborted) this.#over.abort(new NotLeadingError(`Cannot lead on: ${cause}`));
  }

  assertLeads(): void {
    this.signal.throwIfAborted();
    if (this.leftMs > 0) return;
    if (this.#untilMs === Number.NEGATIVE_INFINITY) {
      throw new NotLeadingError("Cannot write: this process does not lead yet");
    }
    this.end("the lease was not renewed in time");
    this.signal.throwIfAborted();
  }
}

/** A transport whose writes pass the fence: what only the leader may do. Reads need no leader. */
export function fencedTransport(transport: Transport, fence: WriteFence): Transport {
  const fenced = (request: TransportRequest): TransportRequest =>
    (request.method ?? "GET") === "GET" ? request : { ...request, fence };
  return {
    server: transport.server,
    request: (request) => transport.request(fenced(request)),
    stream: (request) => transport.stream(fenced(request)),
    reconnect: () => transport.reconnect(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
