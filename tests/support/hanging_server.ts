/** A server that takes requests and answers none until it is told to. */
export interface HangingServer extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Paths of the requests that were not answered so far, each once for each time that it came. */
  waiting(): string[];
}

/** Listens on loopback; whoever still waits when it ends is told 503. */
export function hangingServer(): HangingServer {
  const end = Promise.withResolvers<void>();
  const open = new Set<Request>();
  const address = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const server = Deno.serve(address, async (request) => {
    open.add(request);
    await end.promise;
    open.delete(request);
    return new Response("too late", { status: 503 });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    waiting: () => [...open].map((request) => new URL(request.url).pathname).sort(),
    async [Symbol.asyncDispose]() {
      end.resolve();
      await server.shutdown();
    },
  };
}
