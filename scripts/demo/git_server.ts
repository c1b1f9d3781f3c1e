import { joinedBytes } from "#base";

/** A smart HTTP server for repositories in a folder: `git http-backend` behind `Deno.serve`. */
export interface GitServer extends AsyncDisposable {
  /** `http://127.0.0.1:port`, or `https:`. */
  readonly url: string;
  /** Requests so far: method, path, and the header `authorization`. */
  readonly requests: readonly { method: string; path: string; authorization: string | null }[];
}

/** What a {@linkcode gitServer} demands. */
export interface GitServerOptions {
  readonly folder: string;
  /** The whole header that is let in; anybody is when left out. */
  readonly authorization?: string;
  /** Certificate and key (PEM): https instead of http. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Fetches (not looks) that are answered only when it resolves. */
  readonly hold?: () => Promise<void>;
}

/** Serves the repositories below a folder on loopback. */
export function gitServer(options: GitServerOptions): GitServer {
  const requests: { method: string; path: string; authorization: string | null }[] = [];
  const address = { hostname: "127.0.0.1", port: 0, onListen() {}, ...options.tls };
  const server = Deno.serve(address, async (request) => {
    const url = new URL(request.url);
    const authorization = request.headers.get("authorization");
    requests.push({ method: request.method, path: url.pathname, authorization });
    if (options.authorization !== undefined && authorization !== options.authorization) {
      return new Response("who are you?", {
        status: 401,
        headers: { "www-authenticate": 'Basic realm="git"' },
      });
    }
    const body = new Uint8Array(await request.arrayBuffer());
    const isFetch = new TextDecoder("latin1").decode(body).includes("command=fetch");
    if (isFetch) await options.hold?.();
    return await backend(request, body, options.folder);
  });
  return {
    url: `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${server.addr.port}`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function backend(
  request: Request,
  body: Uint8Array<ArrayBuffer>,
  folder: string,
): Promise<Response> {
  const url = new URL(request.url);
  const child = new Deno.Command("git", {
    args: ["-c", "safe.directory=*", "http-backend"],
    env: {
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_PROTOCOL: request.headers.get("git-protocol") ?? "",
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers.get("content-type") ?? "",
      CONTENT_LENGTH: String(body.length),
      HTTP_CONTENT_ENCODING: request.headers.get("content-encoding") ?? "",
      REMOTE_ADDR: "127.0.0.1",
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(body);
  await writer.close();
  return await cgiResponse(child);
}

/** What a CGI program says, as it says it: a repository may be larger than memory. */
async function cgiResponse(child: Deno.ChildProcess): Promise<Response> {
  const reader = child.stdout.getReader();
  let begun = new Uint8Array();
  let end = -1;
  while (end < 0) {
    const { done, value } = await reader.read();
    if (done) break;
    begun = joinedBytes([begun, value]);
    end = new TextDecoder("latin1").decode(begun).indexOf("\r\n\r\n");
  }
  const headers = new Headers();
  let status = 200;
  for (const line of new TextDecoder("latin1").decode(begun).slice(0, end).split("\r\n")) {
    const [name = "", value = ""] = line.split(/:\s*(.*)/s);
    if (name.toLowerCase() === "status") status = Number.parseInt(value);
    else headers.append(name, value);
  }
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(begun.slice(end + 4)),
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!done) return controller.enqueue(value);
      await child.status;
      controller.close();
    },
    async cancel() {
      await reader.cancel();
      await child.status;
    },
  });
  return new Response(body, { status, headers });
}
