/** So much is read of a stream in one go: what a frame of HTTP/2 carries. */
const PIECE_BYTES = 16 * 1024;

/**
 * A stream that is read piece by piece, each of which is good until the next one is asked for: all are read into the same
 * memory. Each read would take 64 KiB of its own otherwise, which thousands of changes and programs leave behind faster
 * than they are collected.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { StreamPieces } from "#base";
 * const pieces = new StreamPieces(new Blob(["abc"]).stream());
 * assertEquals(new TextDecoder().decode(await pieces.next()), "abc");
 * assertEquals(await pieces.next(), undefined);
 * await pieces.cancel();
 * ```
 */
export class StreamPieces {
  readonly #reader: ReadableStreamBYOBReader | ReadableStreamDefaultReader<Uint8Array>;
  #memory: ArrayBuffer | undefined;

  /** Takes a stream, which nobody else reads from then on. @throws {TypeError} where somebody does */
  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = readerOf(stream);
  }

  /** The next piece; undefined at the end, or once it is left. @throws what the stream fails with */
  async next(): Promise<Uint8Array | undefined> {
    if (this.#reader instanceof ReadableStreamDefaultReader) {
      return (await this.#reader.read()).value;
    }
    const memory = this.#memory ?? new ArrayBuffer(PIECE_BYTES);
    const { done, value } = await this.#reader.read(new Uint8Array(memory));
    this.#memory = value?.buffer;
    return done ? undefined : value;
  }

  /** Leaves the stream, and gives its memory back. A stream that has failed rejects, as reading it has. */
  async cancel(reason?: unknown): Promise<void> {
    try {
      await this.#reader.cancel(reason);
    } finally {
      if (this.#memory?.detached === false) this.#memory.transfer(0);
    }
  }
}

/** Streams of values, as Node's are, cannot be read into memory that one gives them. */
function readerOf(stream: ReadableStream<Uint8Array>) {
  try {
    return stream.getReader({ mode: "byob" });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return stream.getReader();
  }
}
