import type { ClusterAccess } from "./control_plane.ts";

/** A request as a proxy sees it. */
export interface ProxiedRequest {
  readonly method: string;
  readonly path: string;
  readonly isWatch: boolean;
  /** For objects of a kind: no watch, and no look at the version that the server is at. */
  readonly isList: boolean;
  /** Of the lease that makes a leader. */
  readonly isLease: boolean;
  /** Whether it changes an object when it succeeds: no question, no trial, no lease and no event. */
  readonly isWrite: boolean;
}

/** What happens to a request on its way. */
export interface Encounter {
  /** Before it is passed on. */
  readonly before?: () => Promise<void> | void;
  /** The answer, in place of the server's: the server never hears of it. */
  readonly answer?: () => Response;
  /** The server did it; the one who asked has not heard of it yet. */
  readonly after?: (answer: Response) => Promise<Response> | Response;
}

/** Stands before an API server and notes who asks for what: the program behind it needs no credentials. */
export interface RecordingProxy extends AsyncDisposable {
  readonly url: string;
  /** `METHOD /path` of everything that came, in order. */
  readonly seen: readonly string[];
  /** Requests so far, those apart that come at rest too: watches, and leases. */
  readonly requestCount: number;
  /** Says what happens to a request; nothing does where it says nothing. */
  meet: (request: ProxiedRequest) => Encounter | undefined;
  /** Ends the watches that are open now; answers how many. */
  cutWatches(): number;
}

/** Starts a proxy on the loopback that passes everything on as the administrator. */
export function recordingProxy(access: ClusterAccess): RecordingProxy {
  const seen: string[] = [];
  const client = Deno.createHttpClient({ caCerts: [access.caPem] });
  const stop = new AbortController();
  const watches = new Set<() => void>();
  let requestCount = 0;
  const passedOn = async (request: Request, described: ProxiedRequest): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.delete("host");
    headers.set("authorization", `Bearer ${access.token}`);
    const body = request.body === null ? null : await request.bytes();
    const url = `${access.serverUrl}${pathname}${search}`;
    // Who goes away cancels the body, and with it this request.
    const { signal } = stop;
    try {
      const answer = await fetch(url, { client, method: request.method, headers, body, signal });
      const { status } = answer;
      const told = described.isWatch ? cutWithOthers(answer.body, watches) : answer.body;
      return new Response(told, { status, headers: answer.headers });
    } catch (error) {
      if (!(error instanceof TypeError) && !signal.aborted) throw error;
      return brokenAnswer();
    }
  };
  const address = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const server = Deno.serve(address, async (request) => {
    const described = proxiedRequest(request);
    seen.push(`${described.method} ${described.path}`);
    if (!described.isWatch && !described.isLease) requestCount++;
    const { before, answer, after } = proxy.meet(described) ?? {};
    await before?.();
    if (answer !== undefined) return answer();
    const given = await passedOn(request, described);
    return await after?.(given) ?? given;
  });
  const proxy: RecordingProxy = {
    url: `http://127.0.0.1:${server.addr.port}`,
    seen,
    get requestCount() {
      return requestCount;
    },
    meet: () => undefined,
    cutWatches() {
      const count = watches.size;
      for (const cut of watches) cut();
      watches.clear();
      return count;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.shutdown();
      client.close();
    },
  };
  return proxy;
}

type Body = Response["body"];

/** What a watch tells, until it breaks off or is cut: the same for who listens. */
function cutWithOthers(body: Body, watches: Set<() => void>): Body {
  if (body === null) return null;
  const reader = body.getReader();
  return new ReadableStream({
    start(controller) {
      const cut = () => {
        controller.error("");
        reader.cancel().catch(() => "it broke off by itself");
      };
      watches.add(cut);
      const told = async () => {
        for (let read = await reader.read(); !read.done; read = await reader.read()) {
          controller.enqueue(read.value);
        }
        controller.close();
      };
      told().catch(() => controller.error("")).finally(() => watches.delete(cut));
    },
    cancel: () => reader.cancel(),
  });
}

/** An answer that breaks off: the connection is lost. The server prints the error, which is empty for that. */
function brokenAnswer(): Response {
  return new Response(new ReadableStream({ start: (controller) => controller.error("") }));
}

function proxiedRequest(request: Request): ProxiedRequest {
  const { method } = request;
  const { pathname: path, searchParams } = new URL(request.url);
  const isLease = path.includes("/leases/") || path.endsWith("/leases");
  const asks = method === "GET" || searchParams.has("dryRun") ||
    /(access|token)reviews$/.test(path);
  const isEvent = /\/events(\/[^/]+)?$/.test(path);
  const isWatch = searchParams.get("watch") === "true" || searchParams.get("watch") === "1";
  const limit = Number(searchParams.get("limit") ?? 0);
  const isList = method === "GET" && limit > 1 && !isWatch;
  return { method, path, isWatch, isList, isLease, isWrite: !asks && !isLease && !isEvent };
}

/** A kubeconfig for the proxy, as for any server that wants no credentials. */
export function proxyKubeconfig(proxy: Pick<RecordingProxy, "url">): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "proxy",
    clusters: [{ name: "proxy", cluster: { server: proxy.url } }],
    users: [{ name: "nobody", user: {} }],
    contexts: [{ name: "proxy", context: { cluster: "proxy", user: "nobody" } }],
  });
}
