/** One request as it came in. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: string;
}

/** A server on the loopback that answers by script, for failures that a real one cannot be made to have. */
export interface ScriptedServer extends AsyncDisposable {
  readonly url: string;
  readonly seen: SeenRequest[];
}

/** Starts a server; what the script throws is a 500 that no test expects. */
export function scriptedServer(
  script: (request: SeenRequest, index: number) => Response | Promise<Response>,
): ScriptedServer {
  const seen: SeenRequest[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const one = {
      method: request.method,
      path: pathname,
      query: searchParams,
      headers: request.headers,
      body: await request.text(),
    };
    seen.push(one);
    return await script(one, seen.length - 1);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    seen,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** An answer as an API server gives it when it refuses. */
export function statusResponse(
  code: number,
  reason: string,
  headers: Record<string, string> = {},
): Response {
  const body = {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code,
    reason,
    message: reason,
  };
  return Response.json(body, { status: code, headers });
}

/** A watch that a test speaks through. */
export class ScriptedWatch {
  readonly response: Response;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #over = false;

  constructor() {
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => {
        this.#over = true;
      },
    });
    this.response = new Response(stream, { headers: { "content-type": "application/json" } });
  }

  send(type: string, object: unknown): void {
    this.raw(`${JSON.stringify({ type, object })}\n`);
  }

  raw(text: string): void {
    this.#controller?.enqueue(new TextEncoder().encode(text));
  }

  /** Ends in order, if it has not ended. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller?.close();
  }

  /** Breaks off in the middle. */
  break(): void {
    this.#over = true;
    this.#controller?.error(new Error("broken off by the test"));
  }
}
