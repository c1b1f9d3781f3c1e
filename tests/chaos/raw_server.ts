/** A server of bytes: what it says need be no HTTP. */

/** What is said to a connection after its first request; the connection is closed afterwards. */
export type Saying = (said: Said) => Promise<void> | void;

/** A connection, as whoever lies on it sees it. */
export interface Said {
  /** The first line of the request, and all that came with it. */
  readonly request: string;
  readonly write: (bytes: string | Uint8Array) => Promise<void>;
  /** Aborts when the server ends: nothing is waited for any longer. */
  readonly signal: AbortSignal;
}

/** See the module. */
export interface RawServer extends AsyncDisposable {
  readonly port: number;
  /** Connections so far. */
  readonly count: number;
  /** What is said from now on. */
  saying: Saying;
  /** Nobody listens any longer; what was said breaks off. */
  goAway(): void;
  /** Somebody listens again, at the same port. */
  comeBack(): void;
}

/** Listens on a free port, or on the one that is asked for. */
export function rawServer(
  { hostname = "127.0.0.1", port: wanted = 0, saying }: {
    readonly hostname?: string;
    readonly port?: number;
    readonly saying: Saying;
  },
): RawServer {
  const talking = new Set<Promise<void>>();
  let count = 0;
  let stop = new AbortController();
  const listen = (port: number) => {
    const listener = Deno.listen({ hostname, port });
    stop = new AbortController();
    const { signal } = stop;
    const taking = (async () => {
      for await (const connection of listener) {
        count++;
        const talk = talked(connection, { saying: server.saying, signal });
        talking.add(talk);
        talk.finally(() => talking.delete(talk));
      }
    })();
    talking.add(taking);
    return listener;
  };
  let isThere = true;
  const server: RawServer = {
    get port() {
      return port;
    },
    get count() {
      return count;
    },
    saying,
    goAway() {
      if (!isThere) return;
      isThere = false;
      stop.abort();
      listener.close();
    },
    comeBack() {
      if (isThere) return;
      isThere = true;
      listener = listen(port);
    },
    async [Symbol.asyncDispose]() {
      server.goAway();
      await Promise.all(talking);
    },
  };
  let listener = listen(wanted);
  const { port } = listener.addr;
  return server;
}

const REQUEST_BYTES = 16_384;

async function talked(
  connection: Deno.TcpConn,
  { saying, signal }: { readonly saying: Saying; readonly signal: AbortSignal },
): Promise<void> {
  const close = () => {
    try {
      connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  };
  signal.addEventListener("abort", close);
  try {
    const buffer = new Uint8Array(REQUEST_BYTES);
    const length = await connection.read(buffer);
    if (length === null) return;
    const request = new TextDecoder("latin1").decode(buffer.subarray(0, length));
    const write = (bytes: string | Uint8Array) => written(connection, bytes);
    await saying({ request, write, signal });
  } catch (error) {
    if (!isGone(error)) throw error;
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

async function written(connection: Deno.TcpConn, content: string | Uint8Array): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Who was spoken to went away, or the server ends. */
function isGone(error: unknown): boolean {
  const kinds = [
    "BadResource",
    "BrokenPipe",
    "ConnectionAborted",
    "ConnectionReset",
    "Interrupted",
  ];
  return error instanceof Error && kinds.includes(error.name);
}
