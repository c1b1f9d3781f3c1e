import { type Clock, deadline, StreamPieces } from "#base";

/** A line longer than this is no object that an API server would store (etcd's limit is 1.5 MiB). */
const LINE_LENGTH_MAX = 16 * 1024 * 1024;

type StreamState = "silent" | "garbage" | "rewound" | "expired";

/** A stream that ended in a way that its reader has to know about. */
export class StreamError extends Error {
  override readonly name = "StreamError";
  /**
   * `silent`: no byte for too long; `garbage`: a line that is no JSON; `rewound`: what comes is older than what came;
   * `expired`: what came is worth nothing any longer.
   */
  readonly state: StreamState;
  constructor(state: StreamState, message: string, options?: ErrorOptions) {
    super(message, options);
    this.state = state;
  }
}

/**
 * The values of a stream of JSON lines. Ends with the stream or when the signal aborts; a last line without its line
 * feed was cut off and is dropped. Cancels the stream when its consumer stops.
 *
 * # Guarantees
 * No text is kept once its value has been given away.
 *
 * @throws {StreamError} after `silentMs` without a byte, and for a line that is no JSON
 */
export async function* jsonLines(
  stream: ReadableStream<Uint8Array>,
  options: {
    readonly silentMs: number;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<unknown, void, undefined> {
  const { signal } = options;
  const pieces = new StreamPieces(stream);
  const stop = () => cancel(pieces);
  signal.addEventListener("abort", stop, { once: true });
  const decoder = new TextDecoder();
  let rest = "";
  try {
    while (!signal.aborted) {
      const piece = await nextWithin(pieces, options);
      if (piece === undefined) return;
      const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > LINE_LENGTH_MAX) throw new StreamError("garbage", "a line without an end");
      for (const line of lines) {
        if (line !== "") yield parsed(line);
      }
    }
  } finally {
    signal.removeEventListener("abort", stop);
    cancel(pieces);
  }
}

async function nextWithin(
  pieces: StreamPieces,
  { silentMs, clock }: { readonly silentMs: number; readonly clock: Clock },
): Promise<Uint8Array | undefined> {
  using limit = deadline(silentMs, { clock });
  limit.signal.addEventListener("abort", () => cancel(pieces));
  const piece = await pieces.next();
  if (limit.isExpired) throw new StreamError("silent", `no byte in ${silentMs} ms`);
  return piece;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // Its words quote the line, which may hold a Secret.
    throw new StreamError("garbage", "a line is no JSON");
  }
}

function cancel(pieces: StreamPieces): void {
  // Cancelling a stream that has failed rejects with that same failure, which the read has reported.
  pieces.cancel().catch(() => {});
}
