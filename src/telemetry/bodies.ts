import type { IncomingMessage } from "node:http";
import { type Clock, deadline, joinedBytes } from "#base";

/** How many bodies of requests are read, and how large they may be. */
export interface BodiesOptions {
  readonly clock: Clock;
  /** Of one body. */
  readonly bytesMax: number;
  /** Of all that are read and worked on at the same time. */
  readonly bytesAtOnce: number;
  readonly atOnce: number;
  /** Of one group, e.g. those of one sender. */
  readonly atOnceOfGroup: number;
  /** How long one may take to arrive. */
  readonly limitMs: number;
}

/** Why a body was not read to its end. */
export type BodyRefusal = "too large" | "too slow" | "busy" | "broken off";

/** A body. It counts until it is disposed of. */
export interface Body extends Disposable {
  readonly bytes: Uint8Array;
}

/** A body that takes longer than this may have to make room: nearly all arrive at once. */
const SLOW_MS = 200;

interface Reading {
  readonly groups: readonly string[];
  readonly startMs: number;
  readonly cut: AbortController;
  bytes: number;
  isWhole: boolean;
}

/**
 * Reads bodies of requests of strangers in bounded memory.
 *
 * # Guarantees
 * Who sends slowly keeps nobody out: where there are too many bodies, of all together or of one group, the one that has
 * been arriving for longest makes room for the next.
 */
export class Bodies {
  readonly #options: BodiesOptions;
  /** In the order in which they began. */
  readonly #readings = new Set<Reading>();
  #bytes = 0;

  constructor(options: BodiesOptions) {
    this.#options = options;
  }

  /** The body of a request; its groups have each their own limit. What is refused may still be answered. */
  async read(
    request: IncomingMessage,
    groups: readonly string[] = [],
  ): Promise<Body | { readonly refused: BodyRefusal }> {
    const { clock, bytesMax, limitMs } = this.#options;
    if (Number(request.headers["content-length"] ?? 0) > bytesMax) return { refused: "too large" };
    if (!this.#hasRoom(groups)) return { refused: "busy" };
    const reading: Reading = {
      groups,
      startMs: clock.monotonicMs(),
      cut: new AbortController(),
      bytes: 0,
      isWhole: false,
    };
    this.#readings.add(reading);
    using limit = deadline(limitMs, { clock, signal: reading.cut.signal, reason: TOO_SLOW });
    const chunks: Uint8Array[] = [];
    const end = await whenEnded(request, limit.signal, (chunk) => {
      const refusal = this.#taken(reading, chunk.length);
      if (refusal === undefined) chunks.push(chunk);
      return refusal;
    });
    if (end !== "whole") {
      this.#done(reading);
      return { refused: end };
    }
    reading.isWhole = true;
    const bytes = joinedBytes(chunks, reading.bytes);
    return { bytes, [Symbol.dispose]: () => this.#done(reading) };
  }

  /** Whether one more may begin, perhaps in the place of another. */
  #hasRoom(groups: readonly string[]): boolean {
    const { atOnce, atOnceOfGroup } = this.#options;
    for (const group of groups) {
      const members = [...this.#readings].filter((one) => one.groups.includes(group));
      if (members.length >= atOnceOfGroup && !this.#cutSlowest(members)) return false;
    }
    return this.#readings.size < atOnce || this.#cutSlowest([...this.#readings]);
  }

  #cutSlowest(readings: readonly Reading[]): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    const slow = readings.find(({ isWhole, startMs }) => !isWhole && nowMs - startMs >= SLOW_MS);
    if (slow === undefined) return false;
    this.#done(slow);
    slow.cut.abort(TOO_SLOW);
    return true;
  }

  #taken(reading: Reading, bytes: number): BodyRefusal | undefined {
    const { bytesAtOnce, bytesMax } = this.#options;
    if (reading.bytes + bytes > bytesMax) return "too large";
    while (this.#bytes + bytes > bytesAtOnce) {
      const others = [...this.#readings].filter((one) => one !== reading && one.bytes > 0);
      if (!this.#cutSlowest(others)) return "busy";
    }
    reading.bytes += bytes;
    this.#bytes += bytes;
    return undefined;
  }

  #done(reading: Reading): void {
    if (this.#readings.delete(reading)) this.#bytes -= reading.bytes;
  }
}

const TOO_SLOW = new DOMException("too slow", "TimeoutError");

/** Hands on what arrives, until it ends or somebody has enough of it. The connection stays as it is. */
function whenEnded(
  request: IncomingMessage,
  signal: AbortSignal,
  take: (chunk: Uint8Array) => BodyRefusal | undefined,
): Promise<"whole" | BodyRefusal> {
  const { promise, resolve } = Promise.withResolvers<"whole" | BodyRefusal>();
  const onData = (chunk: Uint8Array) => {
    const refusal = take(chunk);
    if (refusal !== undefined) resolve(refusal);
  };
  const onEnd = () => resolve(request.complete ? "whole" : "broken off");
  const onClose = () => resolve("broken off");
  const onAbort = () => resolve("too slow");
  request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return promise.finally(() => {
    request.off("data", onData).off("end", onEnd).off("close", onClose);
    request.pause();
    signal.removeEventListener("abort", onAbort);
  });
}
