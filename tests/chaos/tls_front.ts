/** A server with a certificate before another server: what it presents can be changed, as when one is exchanged. */
import type { Certificates } from "#admission";

/** See the module. */
export interface TlsFront extends AsyncDisposable {
  readonly url: string;
  /** Requests that came through so far. */
  readonly requestCount: number;
  /** Presents another certificate from now on, at the same port; connections that are open are closed. */
  present(certificates: Certificates): Promise<void>;
}

/** Passes on all that it is asked to a server without a certificate. */
export function tlsFront(innerUrl: string, certificates: Certificates): TlsFront {
  let requestCount = 0;
  let stop = new AbortController();
  const serve = (port: number, { certificate: cert, privateKey: key }: Certificates) => {
    // Of its own: a server that has ended cannot be ended again.
    stop = new AbortController();
    const { signal } = stop;
    const address = { hostname: "127.0.0.1", port, signal, onListen() {} };
    return Deno.serve({ ...address, cert, key, onError }, passedOn);
  };
  const passedOn = async (request: Request): Promise<Response> => {
    requestCount++;
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.delete("host");
    const { method } = request;
    const body = request.body === null ? null : await request.bytes();
    const { signal } = stop;
    const answer = await fetch(`${innerUrl}${pathname}${search}`, {
      method,
      headers,
      body,
      signal,
    });
    return new Response(answer.body, { status: answer.status, headers: answer.headers });
  };
  const onError = () => new Response(null, { status: 502 });
  let server = serve(0, certificates);
  const { port } = server.addr;
  const ended = async () => {
    // Asked to shut down it would wait for watches, which go on for minutes.
    stop.abort();
    await server.finished;
  };
  return {
    url: `https://127.0.0.1:${port}`,
    get requestCount() {
      return requestCount;
    },
    async present(next) {
      await ended();
      server = serve(port, next);
    },
    [Symbol.asyncDispose]: ended,
  };
}
