/** What may answer at an address where a broker or an instance should be. */
import { ANSWERS, grpcAnswer } from "../support/instance_double.ts";
import { paused } from "./settled.ts";
import type { Said, Saying } from "./raw_server.ts";

/** A lie, and what the program has to say of it. */
export interface Lie {
  readonly saying: Saying;
  readonly says: RegExp;
  /** That nobody reads: who has no pod starts one, so that messages find somebody. */
  readonly isOfReaders?: boolean;
}

const MEBIBYTE = 1024 * 1024;

/** A whole answer of HTTP/1.1. */
export function page(
  body: string,
  { status = "200 OK", type = "application/json", length = body.length, more = "" }: {
    readonly status?: string;
    readonly type?: string;
    /** As the answer says. */
    readonly length?: number;
    readonly more?: string;
  } = {},
): Saying {
  return ({ write }) =>
    write(
      `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n${more}` +
        `connection: close\r\n\r\n${body}`,
    );
}

/** Nothing is ever said. */
export async function silence({ signal }: Said): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve());
  await promise;
}

/** The same words for as long as somebody listens. */
function endless(first: string, again: string, everyMs = 0): Saying {
  return async ({ signal, write }) => {
    await write(first);
    while (!signal.aborted) {
      await write(again);
      if (everyMs > 0) await paused(everyMs);
    }
  };
}

const CHUNKED = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" +
  "transfer-encoding: chunked\r\n\r\n";
const CHUNK = `10000\r\n${" ".repeat(0x10000)}\r\n`;

/** Stats of a topic, with one subscription. */
export function stats(
  { backlog, arrived, subscription }: {
    readonly backlog: number | string;
    readonly arrived: number;
    readonly subscription: string;
  },
): string {
  return `{"msgInCounter":${arrived},"subscriptions":{"${subscription}":{"msgBacklog":${backlog}}}}`;
}

function redirect(location: string): Saying {
  return page("", { status: "307 Temporary Redirect", more: `location: ${location}\r\n` });
}

/** Lies of what should be an instance, as HTTP/2 answers, by what they are: until the signal aborts. */
export function instanceLies(signal: AbortSignal): Readonly<
  Record<string, { readonly answer: () => Response | Promise<Response>; readonly says: RegExp }>
> {
  const none = /no function instance/;
  const grpc = (bytes: readonly number[]) => () => grpcAnswer(framed(Uint8Array.from(bytes)));
  const greatest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
  return {
    "hangs": { answer: () => until(signal), says: /no answer in 3 s/ },
    "a page": { answer: () => new Response("<html>log in</html>"), says: none },
    "not now": { answer: () => new Response(null, { status: 503 }), says: /HTTP status 503/ },
    "no such method": {
      answer: () => new Response(null, { headers: { "grpc-status": "12" } }),
      says: /gRPC status 12/,
    },
    "half": { answer: () => grpcAnswer(ANSWERS.javaFunction.slice(0, 40)), says: none },
    "no message": { answer: grpc([0x08, 0xff]), says: none },
    "more than anybody can count": { answer: grpc([0x28, ...greatest]), says: none },
    "nothing but fields": {
      answer: grpc(Array.from({ length: 100_000 }, (_, index) => index % 2 === 0 ? 0x08 : 1)),
      says: none,
    },
    "5 MiB": { answer: () => new Response(new Uint8Array(5 * MEBIBYTE)), says: /too large/ },
    "no end": { answer: () => endlessBody(new Uint8Array(65_536)), says: /too large/ },
    "a byte a second": {
      answer: () => endlessBody(new Uint8Array(1), 1_000),
      says: /no answer in/,
    },
    "go elsewhere": {
      answer: () => Response.redirect("http://127.0.0.1:1/", 307),
      says: /HTTP status 307/,
    },
  };
}

async function until(signal: AbortSignal): Promise<Response> {
  const { promise, resolve } = Promise.withResolvers<Response>();
  signal.addEventListener("abort", () => resolve(new Response()));
  return await promise;
}

function framed(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(5 + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, 5);
  return frame;
}

function endlessBody(bytes: Uint8Array<ArrayBuffer>, everyMs = 0): Response {
  return new Response(
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        if (everyMs > 0) await paused(everyMs);
        controller.enqueue(bytes.slice());
      },
    }),
  );
}

/** Lies of what should be a broker, by what they are. */
export function brokerLies(subscription: string): Readonly<Record<string, Lie>> {
  const none = /no stats of a topic/;
  const unusable = /no usable answer|closed the connection/;
  const said = (backlog: number | string) => stats({ backlog, arrived: 15, subscription });
  return {
    "hangs": { saying: silence, says: /no answer in 3 s/ },
    "hangs up": { saying: () => {}, says: unusable },
    "no HTTP": { saying: ({ write }) => write("SSH-2.0-OpenSSH_9.2\r\n"), says: unusable },
    "headers without end": { saying: endless("HTTP/1.1 200 OK\r\n", "x: y\r\n"), says: unusable },
    "a page": { saying: page("<html>log in</html>", { type: "text/html" }), says: unusable },
    "nothing": { saying: page("", { status: "204 No Content" }), says: unusable },
    "a page of 404": {
      saying: page("<html>", { status: "404 Not Found", type: "text/html" }),
      says: /HTTP status 404/,
    },
    "who are you": { saying: page("{}", { status: "401 Unauthorized" }), says: /status 401/ },
    "not now": { saying: page("{}", { status: "503 Unavailable" }), says: /status 503/ },
    "another's answer": { saying: page('{"status":"ok"}'), says: none },
    "a list": { saying: page("[]"), says: none },
    "another's topic": {
      saying: page(stats({ backlog: 0, arrived: 0, subscription: "public/default/other" })),
      says: /has no subscription/,
      isOfReaders: true,
    },
    "no such topic": {
      saying: page('{"reason":"Topic not found"}', { status: "404 Not Found" }),
      says: /there is no topic/,
      isOfReaders: true,
    },
    "more than anybody can count": { saying: page(said("1e999")), says: none },
    "a word for a number": { saying: page(said('"90"')), says: none },
    "5 MiB": { saying: page(`${" ".repeat(5 * MEBIBYTE)}{}`), says: /too large/ },
    "no end": { saying: endless(CHUNKED, CHUNK), says: /too large/ },
    "a byte a second": { saying: endless(CHUNKED, "1\r\n \r\n", 1_000), says: /no answer in 3 s/ },
    "longer than it is": { saying: page(said(0), { length: 10_000 }), says: unusable },
    "shorter than it is": { saying: page(said(0), { length: 20 }), says: unusable },
    "go in circles": { saying: redirect("/admin/v2/again"), says: /too many redirects/ },
    "go to nobody": { saying: redirect("http://127.255.255.1:9/"), says: /refused|no usable/ },
    "go to a file": { saying: redirect("file:///etc/passwd"), says: /cannot be followed/ },
  };
}
