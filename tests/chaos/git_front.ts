/** A Git server whose faults are real: it goes away, is slow, and breaks off in the middle of an answer. */
import { gitServer } from "../support/git_server.ts";
import type { GitAnswer } from "./hostile_git.ts";

/** Where clones come from. */
export interface GitFront extends AsyncDisposable {
  readonly url: string;
  /** Requests so far. */
  readonly requestCount: number;
  /** Nobody listens any longer. */
  goAway(): Promise<void>;
  /** Somebody listens again, at the same port. */
  comeBack(): void;
  /** How long each answer takes from now on. */
  delayMs: number;
  /** Of how many of the next answers only a half is sent. */
  halves: number;
  /** What is answered in place of Git's answers. */
  instead: GitAnswer;
}

/** Serves the repositories in a folder. */
export function gitFront(folder: string): GitFront {
  const inner = gitServer({ folder });
  let requestCount = 0;
  let end = new AbortController();
  const serve = (port: number) => {
    // Of its own: a server that has ended cannot be ended again.
    end = new AbortController();
    const address = { hostname: "127.0.0.1", port, signal: end.signal, onListen() {} };
    return Deno.serve(address, async (request) => {
      requestCount++;
      const { pathname, search } = new URL(request.url);
      const body = request.body === null ? null : await request.bytes();
      const other = front.instead({ method: request.method, body });
      if (other !== undefined) return other;
      const headers = new Headers(request.headers);
      headers.delete("host");
      const answer = await fetch(`${inner.url}${pathname}${search}`, {
        method: request.method,
        headers,
        body,
      });
      if (front.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, front.delayMs));
      const { status } = answer;
      if (front.halves === 0) return new Response(answer.body, { status, headers: answer.headers });
      front.halves--;
      const half = halfOf(await answer.bytes());
      return new Response(half, { status, headers: answer.headers });
    });
  };
  let server = serve(0);
  const { port } = server.addr;
  let isThere = true;
  const front: GitFront = {
    url: `http://127.0.0.1:${port}`,
    get requestCount() {
      return requestCount;
    },
    delayMs: 0,
    halves: 0,
    instead: () => undefined,
    async goAway() {
      isThere = false;
      await server.shutdown();
    },
    comeBack() {
      isThere = true;
      server = serve(port);
    },
    async [Symbol.asyncDispose]() {
      // An answer without end is broken off: nobody would wait for its end.
      if (isThere) end.abort();
      await server.finished;
      await inner[Symbol.asyncDispose]();
    },
  };
  return front;
}

/** The first half, and then the connection is lost. The server prints the error, which is empty for that. */
function halfOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(bytes.slice(0, Math.floor(bytes.length / 2)));
      controller.error("");
    },
  });
}
