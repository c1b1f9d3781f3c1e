import { StreamPieces } from "./stream_pieces.ts";

/** What was read of a stream. */
export interface BoundedBytes {
  /** At most as many as were allowed. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether that is all that there was. */
  readonly isWhole: boolean;
}

/**
 * Reads a stream to its end, or until it has given more bytes than are allowed. A stream that falls silent is left when
 * the signal aborts; a stream that is left is cancelled.
 *
 * @throws the signal's reason when it aborts first, and what the stream fails with
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { boundedBytes } from "#base";
 * const { signal } = new AbortController();
 * const { bytes, isWhole } = await boundedBytes(new Blob(["abc"]).stream(), { bytesMax: 2, signal });
 * assertEquals([new TextDecoder().decode(bytes), isWhole], ["ab", false]);
 * ```
 */
export async function boundedBytes(
  stream: ReadableStream<Uint8Array>,
  { bytesMax, signal }: { readonly bytesMax: number; readonly signal: AbortSignal },
): Promise<BoundedBytes> {
  const pieces = new StreamPieces(stream);
  // Cancelling a stream that has failed rejects with that same failure, which the read reports.
  const cancel = () => void pieces.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    while (length <= bytesMax) {
      const piece = await pieces.next();
      if (piece === undefined) break;
      chunks.push(piece.slice());
      length += piece.length;
    }
    // A stream that was cancelled ends like one that is complete.
    signal.throwIfAborted();
    return { bytes: joinedBytes(chunks, Math.min(length, bytesMax)), isWhole: length <= bytesMax };
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

/** Pieces of bytes as one, or so many bytes of them. */
export function joinedBytes(
  chunks: readonly Uint8Array[],
  length: number = chunks.reduce((sum, chunk) => sum + chunk.length, 0),
): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    const part = chunk.subarray(0, length - at);
    all.set(part, at);
    at += part.length;
  }
  return all;
}
