import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { StreamPieces } from "#base";

/** Bytes that come one after the other, as from a connection. */
function bytesOf(...pieces: readonly string[]): ReadableStream<Uint8Array> {
  const rest = pieces.map((piece) => new TextEncoder().encode(piece));
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const next = rest.shift();
      if (next !== undefined) return controller.enqueue(next);
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}

async function textsOf(pieces: StreamPieces): Promise<string[]> {
  const texts: string[] = [];
  for (let piece = await pieces.next(); piece !== undefined; piece = await pieces.next()) {
    texts.push(new TextDecoder().decode(piece));
  }
  return texts;
}

Deno.test("StreamPieces reads all pieces into the same memory", async () => {
  const pieces = new StreamPieces(bytesOf("one", "other", "x".repeat(20_000)));
  const first = await pieces.next();
  assertEquals(first?.length, 3);
  const texts = await textsOf(pieces);
  assertEquals(first?.length, 0, "what was read before is gone");
  assertEquals(texts.join(""), `other${"x".repeat(20_000)}`);
  assertEquals(await pieces.next(), undefined);
  await pieces.cancel();
});

Deno.test("StreamPieces reads streams of values too", async () => {
  const values = ReadableStream.from([new Uint8Array([97]), new Uint8Array([98, 99])]);
  assertEquals(await textsOf(new StreamPieces(values)), ["a", "bc"]);
});

Deno.test("StreamPieces takes no stream that somebody else reads", () => {
  const stream = bytesOf("one");
  stream.getReader();
  assertThrows(() => new StreamPieces(stream), TypeError);
});

Deno.test("StreamPieces ends a read that waits when it is left, and tells the stream why", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const silent = new ReadableStream({
    type: "bytes",
    pull: () => new Promise(() => {}),
    cancel: resolve,
  });
  const pieces = new StreamPieces(silent);
  const waiting = pieces.next();
  await pieces.cancel("enough");
  assertEquals(await waiting, undefined);
  assertEquals(await pieces.next(), undefined);
  assertEquals(await promise, "enough");
});

Deno.test("StreamPieces throws what a stream fails with, when it is read and when it is left", async () => {
  const failing = new ReadableStream({
    type: "bytes",
    pull: () => Promise.reject(new Error("the connection is gone")),
  });
  const pieces = new StreamPieces(failing);
  await assertRejects(() => pieces.next(), Error, "the connection is gone");
  await assertRejects(() => pieces.cancel(), Error, "the connection is gone");
});
