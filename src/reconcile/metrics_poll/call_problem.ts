import { boundedBytes, type Clock, deadline, errorText, systemClock } from "#base";

/** A call that came to nothing, in words that are the same each time. */
export class CallProblem extends Error {
  override readonly name = "CallProblem";
  /** Nobody answered at all: worth to be left alone for a while. */
  readonly isSilence: boolean;
  constructor(message: string, options: ErrorOptions & { readonly isSilence: boolean }) {
    super(message, options);
    this.isSilence = options.isSilence;
  }
}

/** What the network layers say, in words of ours. Their own texts hold addresses and numbers that change. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/connection refused|ECONNREFUSED/i, "connection refused"],
  [/no route to host|host is unreachable|EHOSTUNREACH/i, "no route to it"],
  [/network is unreachable|ENETUNREACH/i, "its network is unreachable"],
  [/certificate|UnknownIssuer|tls handshake/i, "its certificate is not trusted"],
  [/dns error|failed to lookup|name resolution|ENOTFOUND|EAI_/i, "its name is not known"],
  [
    /connection reset|connection closed|broken pipe|unexpected eof|ECONNRESET|hang up/i,
    "it closed the connection",
  ],
];

/**
 * Calls with a deadline; what goes wrong becomes a {@linkcode CallProblem}.
 *
 * @throws {CallProblem} for everything but the end of `signal`, whose reason is thrown
 */
export async function withDeadline<T>(
  call: (signal: AbortSignal) => Promise<T>,
  { signal, deadlineMs, clock = systemClock }: {
    readonly signal: AbortSignal;
    readonly deadlineMs: number;
    readonly clock?: Clock;
  },
): Promise<T> {
  signal.throwIfAborted();
  using limit = deadline(deadlineMs, { clock, signal });
  try {
    return await call(limit.signal);
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    if (cause instanceof CallProblem) throw cause;
    if (limit.isExpired) {
      const message = `no answer in ${deadlineMs / 1000} s`;
      throw new CallProblem(message, { cause, isSilence: true });
    }
    const text = errorText(cause);
    const known = CAUSES.find(([pattern]) => pattern.test(text));
    throw new CallProblem(known?.[1] ?? "no usable answer", { cause, isSilence: true });
  }
}

/**
 * The whole body of a response, unless it is larger than anything that is expected.
 *
 * @throws {CallProblem} when it is
 */
export async function boundedBody(
  response: Response,
  limit: { readonly bytesMax: number; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const stream = response.body ?? new Blob([]).stream();
  const { bytes, isWhole } = await boundedBytes(stream, limit);
  if (!isWhole) throw new CallProblem("the answer is too large", { isSilence: false });
  return bytes;
}
